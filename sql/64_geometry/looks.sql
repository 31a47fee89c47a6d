-- What one track says about a 100 m cell: its points' mean motion along the line of sight, and how sure it is.
--
-- version:   1
-- grain:     easting, northing, release, track
-- partition: tile
--
-- The points of a cell share most of their error (the atmosphere above it, the reference), so many points do not
-- make it smaller: the standard error of the mean is the mean of theirs. What they differ by beyond that is
-- motion inside the cell, of which they are a sample: it counts by their number.

create or replace table geometry.looks as

select
    cell_easting as easting,
    cell_northing as northing,
    release,
    track,
    direction,
    count(*) as n_points,
    weighted_mean(los_east, velocity_sigma_mm_yr ** -2) as los_east,
    weighted_mean(los_north, velocity_sigma_mm_yr ** -2) as los_north,
    weighted_mean(los_up, velocity_sigma_mm_yr ** -2) as los_up,
    weighted_mean(velocity_mm_yr, velocity_sigma_mm_yr ** -2) as velocity_mm_yr,
    look_sigma(velocity_mm_yr, velocity_sigma_mm_yr) as velocity_sigma_mm_yr,
    steady_sum(velocity_sigma_mm_yr ** -2) as velocity_weight,              -- of all points, to share it out again
    weighted_mean(acceleration_mm_yr2, acceleration_sigma_mm_yr2 ** -2) as acceleration_mm_yr2,
    look_sigma(acceleration_mm_yr2, acceleration_sigma_mm_yr2) as acceleration_sigma_mm_yr2
from geometry.members
group by cell_easting, cell_northing, release, track, direction
order by hilbert_order(cell_easting, cell_northing), release, track
;
