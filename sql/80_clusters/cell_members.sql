-- The cluster of each cell that moves, by its east and up velocity.
--
-- version:   1
-- grain:     pid, product
-- partition: tile
--
-- As `clusters.members` of points, from the same blocks; empty unless `blocks.parameters` ask for cells.

create or replace table clusters.cell_members as

with seen as (
    select
        labels.pid,
        labels.product,
        bool_or(labels.is_core) as is_core,
        min(coalesce(merged.cluster_core, labels.first_core)) as cluster_core   -- a border cell goes to the first
    from blocks.cells as cells
    inner join blocks.labels as labels using (pid, product)
    left join blocks.merged as merged on merged.stack = cells.stack and merged.first_core = labels.first_core
    group by labels.pid, labels.product
)

select
    pid,
    product,
    cells.stack || '_' || cluster_core as cluster,      -- NULL is noise
    is_core,
    stack
from blocks.cells as cells
inner join seen using (pid, product)
order by cluster, pid, product
;
