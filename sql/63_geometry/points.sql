-- Where a measurement point is and how it moves: what the macros that change a reference read.
--
-- version: 1
-- grain:   pid, product
--
-- `from about_place('geometry.points', 4599000, 1741400, 300) where product = '...'`.

create or replace view geometry.points as

select
    points.pid,
    points.product,
    products.level,
    products.release,
    products.track,
    products.direction,
    points.easting,
    points.northing,
    points.los_east,
    points.los_north,
    points.los_up,
    kinematics.velocity_mm_yr,
    kinematics.velocity_sigma_mm_yr
from observed.points as points
inner join features.kinematics as kinematics using (pid, product)
inner join observed.products as products using (product)
;
