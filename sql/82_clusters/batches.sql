-- A cluster, the batch in which its area is made, and a product with some of its members.
--
-- version: 1
-- grain:   partition, product, cluster
-- defines: batch
--
-- A batch holds the whole clusters whose first core lies in one block, so that what needs all members of a cluster
-- at once, such as its outline, never needs more than about a block.

create or replace table clusters.batches as

with homes as (
    select cluster, arg_min(block, pid) as home
    from clusters.members
    where is_core and cluster is not null
    group by cluster
)

select
    home as partition,
    product,
    cluster,
    count(*) as n_members
from clusters.members
inner join homes using (cluster)
group by home, product, cluster
order by partition, product, cluster
;
