-- An eligible point in a block or its inner margin: whether it is a core, and of which cluster as far as the block sees.
--
-- version:   1
-- grain:     block, pid, product, first_core
-- partition: block
--
-- A component is known by the pid of its first core in the block. Two blocks that see the same core see parts of
-- one cluster; `blocks.merged` follows that up. A border point has a row for each component that it touches.

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
        class_bits,
        greatest(block_easting_min - easting, easting - block_easting_max) as off_east,
        greatest(block_northing_min - northing, northing - block_northing_max) as off_north,
        easting >= block_easting_min and easting < block_easting_max
            and northing >= block_northing_min and northing < block_northing_max as is_own,
        off_east <= eps and off_north <= eps as is_inner
    from blocks.eligible
    inner join blocks_read using (stack)
    cross join blocks.parameters
    where off_east <= 2 * eps and off_north <= 2 * eps
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
                'velocity': velocity_mm_yr,
                'sigma': velocity_sigma_mm_yr,
                'class_bits': class_bits,
                'is_own': is_own,
                'is_inner': is_inner
            }
            order by pid, product
        ) as points
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
            [],
            case when with_uncertainty then list_transform(points, lambda p: p.sigma) else [] end,
            [],
            case when with_class then list_transform(points, lambda p: p.class_bits) else [] end,
            list_transform(points, lambda p: p.is_inner),
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
    numbered.is_core,
    named.point.pid as first_core        -- NULL is noise
from numbered
inner join touched using (block, position)
left join numbered as named on named.block = touched.block and named.position = touched.cluster
where numbered.point.is_own or (numbered.point.is_inner and numbered.is_core)
order by block, product, pid, first_core
;
