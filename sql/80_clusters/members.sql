-- The cluster of each eligible measurement point, and whether it is one of its cores.
--
-- version:   2
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
        bool_or(labels.is_core) as is_core,
        min(coalesce(merged.cluster_core, labels.first_core)) as cluster_core   -- a border point goes to the first
    from blocks.eligible as eligible
    inner join blocks.labels as labels using (pid, product)
    left join blocks.merged as merged on merged.stack = eligible.stack and merged.first_core = labels.first_core
    group by labels.pid, labels.product
)

select
    pid,
    product,
    eligible.stack || '_' || cluster_core as cluster,   -- NULL is noise
    is_core,
    stack
from blocks.eligible as eligible
inner join seen using (pid, product)
order by cluster, pid
;
