-- An eligible point in a block or its margin: whether it is a core, and of which cluster as far as the block sees.
--
-- version:   2
-- grain:     block, pid, product, first_core
-- partition: block
--
-- A component is known by the pid of its first core in the block. A point in the margin counts as a neighbour; that it
-- is near a core of the block is told here, and whether it is a core itself by the block that owns it: if it is,
-- both see parts of one cluster, which `blocks.merged` follows up. A point has a row for each component that it touches.

create or replace table blocks.labels as

with blocks_read as (
    select distinct
        partition as block,
        stack,
        block_easting_min,
        block_easting_max,
        block_northing_min,
        block_northing_max
    from blocks.grid
),

placed as (
    select
        block,
        pid,
        product,
        easting,
        northing,
        velocity_mm_yr,
        velocity_sigma_mm_yr,
        velocity_east_mm_yr,
        velocity_east_sigma_mm_yr,
        class_bits,
        easting >= block_easting_min and easting < block_easting_max
            and northing >= block_northing_min and northing < block_northing_max as is_own
    from blocks.moving
    inner join blocks_read using (stack)
    cross join blocks.parameters
    where
        easting between block_easting_min - eps and block_easting_max + eps
        and northing between block_northing_min - eps and block_northing_max + eps
),

listed as (
    select
        block,
        list(
            {
                'pid': pid,
                'product': product,
                'easting': easting,
                'northing': northing,
                'velocity': coalesce(velocity_east_mm_yr, velocity_mm_yr),
                'sigma': coalesce(velocity_east_sigma_mm_yr, velocity_sigma_mm_yr),
                'up': velocity_mm_yr,           -- of cells, as the next
                'up_sigma': velocity_sigma_mm_yr,
                'class_bits': class_bits,
                'is_own': is_own
            }
            order by pid, product
        ) as points,
        any_value(velocity_east_mm_yr is not null) as is_cells
    from placed
    group by block
),

found as materialized (
    select
        block,
        points,
        dbscan(
            list_transform(points, lambda p: p.easting),
            list_transform(points, lambda p: p.northing),
            list_transform(points, lambda p: p.velocity),
            case when is_cells then list_transform(points, lambda p: p.up) else [] end,
            case when with_uncertainty then list_transform(points, lambda p: p.sigma) else [] end,
            case when with_uncertainty and is_cells then list_transform(points, lambda p: p.up_sigma) else [] end,
            case when with_class then list_transform(points, lambda p: p.class_bits) else [] end,
            list_transform(points, lambda p: p.is_own),
            eps, eps_velocity, min_points, is_cylinder
        ) as clusters
    from listed
    cross join blocks.parameters
),

numbered as materialized (
    select
        block,
        unnest(range(1, len(points) + 1)) as position,
        unnest(points) as point,
        unnest(clusters.is_core) as is_core,
        unnest(clusters.cluster) as cluster
    from found
),

touched as (
    select block, position, cluster
    from numbered
    union all
    select block, unnest(clusters.also_point) as position, unnest(clusters.also_cluster) as cluster
    from found
)

select
    block,
    numbered.point.pid as pid,
    numbered.point.product as product,
    numbered.point.is_own as is_own,
    numbered.is_core,                    -- false in the margin
    named.point.pid as first_core        -- NULL is noise
from numbered
inner join touched using (block, position)
left join numbered as named on named.block = touched.block and named.position = touched.cluster
where numbered.point.is_own or named.point is not null
order by block, product, pid, first_core
;
