-- A cluster, the batch in which its area is made, and a product with some of its members.
--
-- version: 2
-- grain:   partition, product, cluster
-- defines: batch
--
-- A batch holds the whole clusters whose first core lies in one block, so that what needs all members of a cluster
-- at once, such as its outline, never needs more than about a block.

create or replace table clusters.batches as

with members as (
    select product, cluster from clusters.members where cluster is not null
    union all
    select product, cluster from clusters.cell_members where cluster is not null
),

-- The first core of a cluster is the first of its component too, in the block that owns it.
homes as (
    select grid.stack || '_' || labels.pid as cluster, min(labels.block) as home
    from blocks.labels as labels
    inner join (select distinct partition as block, stack from blocks.grid) as grid using (block)
    where labels.is_own and labels.is_core and labels.pid = labels.first_core
    group by cluster
),

counted as (
    select home, product, cluster, count(*) as n_members
    from members
    inner join homes using (cluster)
    group by home, product, cluster
)

select home as partition, product, cluster, n_members
from counted
union all
-- Cells come from all products of their tile.
select home as partition, tiles.product, cluster, 0 as n_members
from counted
inner join ground.tiles as tiles on tiles.partition = counted.product
order by partition, product, cluster
;
