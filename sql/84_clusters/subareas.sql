-- A part of a cluster whose points are of one class and lie close together.
--
-- version:   2
-- grain:     subarea
-- partition: batch
--
-- Within one cluster and class, clustered again with the closer limits of `blocks.parameters`. Named by the cluster,
-- the class and the first of its points, so no two have the same name.

create or replace table clusters.subareas as

with placed as (
    select
        batches.cluster,
        coalesce(moving.class, 'unclassified') as class,
        moving.pid,
        moving.product,
        moving.easting,
        moving.northing,
        moving.velocity_mm_yr
    from clusters.batches as batches
    inner join clusters.moving as moving using (cluster, product)
    where moving.level != 'cells'       -- they have no class, and lie farther apart than these limits
),

listed as (
    select cluster, class, list(placed order by pid, product) as points
    from placed
    group by cluster, class
),

found as materialized (
    select
        cluster,
        class,
        points,
        dbscan(
            list_transform(points, lambda p: p.easting),
            list_transform(points, lambda p: p.northing),
            list_transform(points, lambda p: p.velocity_mm_yr),
            [], [], [], [], [],
            sub_eps, sub_eps_velocity, sub_min_points, is_cylinder
        ) as clusters
    from listed
    cross join blocks.parameters
),

numbered as (
    select cluster, class, unnest(points) as point, unnest(clusters.cluster) as part
    from found
),

gathered as (
    select
        cluster,
        class,
        part,
        min(point.pid) filter (part > 0) as first_pid,
        count(*) as n_points,
        round(avg(point.velocity_mm_yr), 4) as velocity_mm_yr,
        round(coalesce(stddev_samp(point.velocity_mm_yr), 0), 4) as velocity_spread_mm_yr,
        st_collect(list(st_point(point.easting, point.northing) order by point.easting, point.northing)) as places
    from numbered
    where part > 0
    group by cluster, class, part
),

outlined as (
    select
        concat_ws('_', cluster, class, first_pid) as subarea,
        cluster,
        class,
        n_points,
        velocity_mm_yr,
        velocity_spread_mm_yr,
        st_buffer(st_convexhull(places), sub_outline_margin) as hull
    from gathered
    cross join blocks.parameters
)

select
    subarea,
    cluster,                                        -- the parent
    class,
    n_points,
    velocity_mm_yr,
    velocity_spread_mm_yr,
    st_area(hull) as area_m2,
    hull::geometry('EPSG:3035') as geometry
from outlined
order by subarea
;
