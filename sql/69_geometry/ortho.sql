-- How a 100 m cell moves east or up by the producer's own recipe: what EGMS's L3 would say of it.
--
-- version: 1
-- grain:   easting, northing, release, component
--
-- To be compared with L3 (`report.ortho_agreement`), or to stand in for it where only L2b is at hand.
-- geometry.cells weighs its tracks and knows their errors.

create or replace view geometry.ortho as

select
    easting,
    northing,
    release,
    component,                      -- E, + eastward; U, + upward
    displacements,                  -- 0.1 mm, at the dates of geometry.epochs
    n_epochs,
    velocity_mm_yr,
    velocity_std_mm_yr,
    acceleration_mm_yr2,
    acceleration_std_mm_yr2,
    seasonality_mm,
    seasonality_std_mm,
    rmse_mm
from geometry.displacement
where method = 'ortho'
;
