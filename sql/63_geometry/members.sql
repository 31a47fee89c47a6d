-- A measurement point that counts in its 100 m cell: of L2b, and of each scatterer once.
--
-- version:   1
-- grain:     pid, product
-- partition: tile
--
-- Of each product the points on the tile's own ground. Points whose noise cannot be judged stay out.

create or replace table geometry.members as

with settings as (
    select 0.01 as sigma_floor      -- mm/yr and mm/yr²: a series without noise must not outweigh all others
)

select
    points.pid,
    points.product,
    tiles.tile,
    tiles.release,
    products.track,
    products.direction,
    cell_of(points.easting) as cell_easting,
    cell_of(points.northing) as cell_northing,
    points.height_ortho,
    points.los_east,
    points.los_north,
    points.los_up,
    kinematics.velocity_mm_yr,
    greatest(kinematics.velocity_sigma_mm_yr, sigma_floor) as velocity_sigma_mm_yr,
    kinematics.acceleration_mm_yr2,
    greatest(kinematics.acceleration_sigma_mm_yr2, sigma_floor) as acceleration_sigma_mm_yr2
from observed.points as points
inner join ground.tiles as tiles using (product)
inner join observed.products as products using (product)
inner join features.kinematics as kinematics using (pid, product)
anti join neighbourhood.duplicates as duplicates using (pid, product)
cross join settings
where
    tile_of(points.easting) = tile_easting
    and tile_of(points.northing) = tile_northing
    and products.direction is not null
    and kinematics.velocity_sigma_mm_yr is not null
order by hilbert_order(cell_easting, cell_northing), product, pid
;
