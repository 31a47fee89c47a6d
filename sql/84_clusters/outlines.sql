-- The ground that a cluster covers: convex and concave outline, and how unevenly it moves inside.
--
-- version:   2
-- grain:     cluster
-- partition: batch
--
-- Each outline is made from the list of the cluster's own points; no step passes over all points for one cluster.
-- The differential motion compares cells of 100 m that touch: buildings break where it is large.

create or replace table clusters.outlines as

with settings as (
    select 100.0 as cell     -- m
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
    select cluster, cell_x, cell_y, avg(velocity_mm_yr) as velocity_mm_yr
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

gathered as (
    select
        cluster,
        st_collect(list(st_point(easting, northing) order by easting, northing)) as places
    from placed
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
