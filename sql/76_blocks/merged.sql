-- A component that is part of a larger cluster, found by a core of one block near a core of another.
--
-- version: 2
-- grain:   stack, first_core
--
-- Only components whose cluster has another first core are listed: those across the borders of blocks.

create or replace table blocks.merged as

with shared_cores as (
    select
        grid.stack,
        margin.first_core,
        own.first_core as other
    from blocks.labels as margin
    inner join blocks.labels as own using (product, pid)
    inner join (select distinct partition as block, stack from blocks.grid) as grid on grid.block = margin.block
    where not margin.is_own and own.is_core and margin.first_core != own.first_core
),

named as (
    select stack, first_core from shared_cores
    union
    select stack, other as first_core from shared_cores
),

numbered as (
    select stack, first_core, row_number() over (partition by stack order by first_core)::integer as number
    from named
),

pairs as materialized (
    select distinct stack, one.number as source, two.number as target
    from shared_cores
    inner join numbered as one using (stack, first_core)
    inner join numbered as two on two.stack = shared_cores.stack and two.first_core = shared_cores.other
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
    numbered.first_core,
    lowest_one.first_core as cluster_core     -- pid of the first core of the whole cluster
from ends
inner join numbered using (stack, number)
inner join numbered as lowest_one on lowest_one.stack = ends.stack and lowest_one.number = ends.lowest
where numbered.first_core != cluster_core
order by stack, numbered.first_core
;
