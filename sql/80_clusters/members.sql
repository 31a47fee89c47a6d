-- The cluster of each eligible measurement point, and whether it is one of its cores.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- A cluster is named by what it is clustered with and the pid of its first core: so a name stays as it is when
-- blocks, threads or the order of rows change, and when clusters appear elsewhere.

create or replace table clusters.members as

with seen as (
    select
        labels.pid,
        labels.product,
        labels.block,
        labels.is_core,
        min(coalesce(merged.cluster_core, labels.first_core)) as cluster_core   -- a border point goes to the first
    from blocks.labels as labels
    inner join (select distinct partition as block, stack from blocks.grid) as grid using (block)
    left join blocks.merged as merged on merged.stack = grid.stack and merged.first_core = labels.first_core
    where labels.is_own and labels.product in (select distinct product from blocks.eligible)
    group by all
)

select
    pid,
    product,
    eligible.stack || '_' || cluster_core as cluster,   -- NULL is noise
    is_core,
    stack,
    block
from blocks.eligible as eligible
inner join seen using (pid, product)
order by cluster, pid
;
