-- The ground that a cluster covers: convex and concave outline, and how unevenly it moves inside.
--
-- version:   3
-- grain:     cluster
-- partition: batch
--
-- Each outline is made from the list of the cluster's own points; no step passes over all points for one cluster.
-- A concave hull takes 1.4 kB of memory a point, which no setting bounds, so a cluster of many points is reduced to
-- the convex hulls of small squares first: it loses no point of its rim.
-- The differential motion compares cells of 100 m that touch: buildings break where it is large.

create or replace table clusters.outlines as

with settings as (
    select
        100.0 as cell,          -- m
        50000 as most_points,   -- of a cluster that is outlined point by point
        20000 as most_squares   -- about as many are left of a larger one
),

placed as (
    select
        batches.cluster,
        moving.easting,
        moving.northing,
        moving.velocity_mm_yr,
        floor(moving.easting / cell)::bigint as cell_x,
        floor(moving.northing / cell)::bigint as cell_y
    from clusters.batches as batches
    inner join clusters.moving as moving using (cluster, product)
    cross join settings
),

cells as (
    select cluster, cell_x, cell_y, avg(velocity_mm_yr) as velocity_mm_yr, count(*) as n_points
    from placed
    group by cluster, cell_x, cell_y
),

steps as (
    select unnest([{'x': 1, 'y': 0}, {'x': 0, 'y': 1}]) as step
),

differences as (
    select cluster, max(abs(cells.velocity_mm_yr - beside.velocity_mm_yr)) as differential_mm_yr
    from cells
    cross join steps
    inner join cells as beside using (cluster)
    where beside.cell_x = cells.cell_x + steps.step.x and beside.cell_y = cells.cell_y + steps.step.y
    group by cluster
),

squares as (
    select cluster, cell * sqrt(count(*) / most_squares) as edge     -- m
    from cells
    cross join settings
    group by cluster, cell, most_points, most_squares
    having sum(n_points) > most_points
),

reduced as (
    select cluster, easting, northing, st_point(easting, northing) as place
    from placed
    anti join squares using (cluster)
    union all
    select
        cluster,
        min(easting) as easting,
        min(northing) as northing,
        st_convexhull(st_collect(list(st_point(easting, northing)))) as place     -- the same in any order
    from placed
    inner join squares using (cluster)
    group by cluster, floor(easting / edge), floor(northing / edge)
),

gathered as (
    select cluster, st_collect(list(place order by easting, northing)) as places
    from reduced
    group by cluster
)

select
    cluster,
    round(differential_mm_yr, 4) as differential_mm_yr,     -- mm/yr per 100 m; NULL in one cell
    st_buffer(st_convexhull(places), outline_margin) as hull,
    st_makevalid(st_buffer(st_concavehull(places, outline_concavity, false), outline_margin)) as outline
from gathered
left join differences using (cluster)
cross join blocks.parameters
order by cluster
;
