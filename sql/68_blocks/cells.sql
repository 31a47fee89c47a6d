-- A 100 m cell that takes part in the clustering by its east and up velocity, where `with_cells` asks for it.
--
-- version:   1
-- grain:     pid, product
-- partition: tile
--
-- Both viewing geometries are in a cell already, so cells cluster with cells alone. Their pid is the one that L3
-- has for the same ground, in every release; they stand as one product for each tile and release.

create or replace table blocks.cells as

select
    encode_pid_l3(0, easting, northing) as pid,
    printf('E%02dN%02d_%s', (tile_of(easting) / 100000)::integer, (tile_of(northing) / 100000)::integer, release)
        as product,
    'cells_' || release as stack,
    release,
    easting,
    northing,
    velocity_east_mm_yr,
    velocity_up_mm_yr,
    velocity_east_sigma_mm_yr,
    velocity_up_sigma_mm_yr
from geometry.cells
cross join blocks.parameters
where with_cells and velocity_east_mm_yr ** 2 + velocity_up_mm_yr ** 2 >= velocity_limit_mm_yr ** 2
order by hilbert_order(easting, northing), pid, product
;
