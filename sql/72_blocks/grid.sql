-- A block of ground and a product that has points in it or its margin.
--
-- version: 2
-- grain:   partition, product
-- defines: block
--
-- A block is the largest square of a quadtree that, with its margin, has at most `block_points` points: small in
-- a city, large over mountains. The margin is eps wide: all neighbours of the block's own points. A square of eps
-- that alone exceeds the limit is parted by four each way, which is as far as it helps: the margin remains.

create or replace table blocks.grid as

with squares as (
    select product, stack, square_x, square_y, n_points
    from blocks.density
    union all
    select product, stack, floor(easting / eps)::integer, floor(northing / eps)::integer, count(*)
    from blocks.cells
    cross join blocks.parameters
    group by all
),

steps as (
    select levels.level, to_x.step as step_x, to_y.step as step_y
    from (select unnest(range(13)) as level) as levels
    cross join (select unnest([-1, 0, 1]) as step) as to_x
    cross join (select unnest([-1, 0, 1]) as step) as to_y
),

-- Each square of ground counts in its own block of every level, and in those beside it if it lies at their edge.
spread as (
    select
        stack,
        product,
        level,
        (square_x + step_x) >> level as x,
        (square_y + step_y) >> level as y,
        sum(n_points) filter (step_x = 0 and step_y = 0) as n_own,
        sum(n_points) as n_read
    from squares
    cross join steps
    where
        (step_x = 0 or (square_x + step_x) >> level != square_x >> level)
        and (step_y = 0 or (square_y + step_y) >> level != square_y >> level)
    group by all
),

counted as (
    select stack, level, x, y, sum(n_own) as n_own, sum(n_read) as n_read
    from spread
    group by all
),

divided as (
    select
        block.stack,
        block.level,
        block.x,
        block.y,
        block.n_own,
        block.n_read,
        block.n_read > block_points as is_crowded
    from counted as block
    cross join blocks.parameters
    left join counted as whole
        on
            whole.stack = block.stack
            and whole.level = block.level + 1
            and whole.x = block.x >> 1
            and whole.y = block.y >> 1
    where
        block.n_own > 0
        and (block.n_read <= block_points or block.level = 0)
        and (whole.n_read is null or whole.n_read > block_points)
),

placed as (
    select
        stack,
        product,
        case when is_crowded then -2 else level end as level,
        case when is_crowded then x * 4 + part % 4 else x end as x,
        case when is_crowded then y * 4 + part // 4 else y end as y,
        divided.n_own,
        divided.n_read,
        eps * 2.0 ** case when is_crowded then -2 else level end as side
    from divided
    inner join spread using (stack, level, x, y)
    cross join blocks.parameters
    cross join (select unnest(range(16)) as part) as parts
    where is_crowded or part = 0
),

-- Cells come from all products of their tile.
listed as (
    select stack, product, level, x, y, n_own, n_read, side from placed
    union
    select stack, tiles.product, level, x, y, n_own, n_read, side
    from placed
    inner join ground.tiles as tiles on tiles.partition = placed.product
)

select
    format('{}_{}_{}_{}', stack, level, x, y) as partition,
    product,
    stack,
    x * side as block_easting_min,
    (x + 1) * side as block_easting_max,        -- not included
    y * side as block_northing_min,
    (y + 1) * side as block_northing_max,       -- not included
    n_own::bigint as n_own,                     -- points of all products in the block; of the whole square in a part
    n_read::bigint as n_read                    -- with its margin
from listed
order by partition, product
;
