-- A component that is part of a larger cluster, found by a core that two blocks see.
--
-- version: 1
-- grain:   stack, component
--
-- Only components whose cluster has another first core are listed: those across the borders of blocks.

create or replace table blocks.merged as

with shared_cores as (
    select
        grid.stack,
        margin.component,
        own.component as other
    from blocks.labels as margin
    inner join blocks.labels as own using (product, pid)
    inner join (select distinct partition as block, stack from blocks.grid) as grid on grid.block = margin.block
    where not margin.is_own and own.is_own and own.is_core and margin.component != own.component
),

named as (
    select stack, component from shared_cores
    union
    select stack, other as component from shared_cores
),

numbered as (
    select stack, component, row_number() over (partition by stack order by component)::integer as number
    from named
),

pairs as materialized (
    select distinct stack, one.number as source, two.number as target
    from shared_cores
    inner join numbered as one using (stack, component)
    inner join numbered as two on two.stack = shared_cores.stack and two.component = shared_cores.other
),

connected as (
    select
        stack,
        list(source order by source, target) as sources,
        list(target order by source, target) as targets,
        lowest_connected(sources, targets) as lowest
    from pairs
    group by stack
),

ends as (
    select stack, unnest(sources) as number, unnest(lowest) as lowest from connected
    union
    select stack, unnest(targets) as number, unnest(lowest) as lowest from connected
)

select
    stack,
    numbered.component,
    first_one.component as cluster_core     -- pid of the first core of the whole cluster
from ends
inner join numbered using (stack, number)
inner join numbered as first_one on first_one.stack = ends.stack and first_one.number = ends.lowest
where numbered.component != cluster_core
order by stack, numbered.component
;
