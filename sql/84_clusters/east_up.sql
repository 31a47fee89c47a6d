-- How the ground of a cluster moves east and up, by the cells of its members that both directions see.
--
-- version:   1
-- grain:     cluster
-- partition: batch
--
-- Of L2b, and of cells themselves: the references of other levels are not those of `geometry.cells`. As in
-- `clusters.statistics`, errors of neighbours are not independent: sigma never falls below that of one cell.

create or replace table clusters.east_up as

with places as (
    select distinct
        cluster,
        release,
        cell_of(moving.easting) as easting,
        cell_of(moving.northing) as northing
    from clusters.batches as batches
    inner join clusters.moving as moving using (cluster, product)
    where level in ('L2b', 'cells')
)

select
    cluster,
    count(*) as n_cells,
    -- rounded, for sums differ in their last bits with the order of threads
    round(avg(velocity_east_mm_yr), 4) as velocity_east_mm_yr,
    round(sqrt(avg(velocity_east_sigma_mm_yr) ** 2 + coalesce(var_samp(velocity_east_mm_yr), 0) / count(*)), 4)
        as velocity_east_sigma_mm_yr,
    round(avg(velocity_up_mm_yr), 4) as velocity_up_mm_yr,
    round(sqrt(avg(velocity_up_sigma_mm_yr) ** 2 + coalesce(var_samp(velocity_up_mm_yr), 0) / count(*)), 4)
        as velocity_up_sigma_mm_yr
from places
inner join geometry.cells using (easting, northing, release)
group by cluster
order by cluster
;
