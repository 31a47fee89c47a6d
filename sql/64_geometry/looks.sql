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

with gathered as (
    select
        cell_easting as easting,
        cell_northing as northing,
        release,
        track,
        direction,
        list({
            'height': height_ortho,
            'east': los_east,
            'north': los_north,
            'up': los_up,
            'velocity': velocity_mm_yr,
            'velocity_sigma': velocity_sigma_mm_yr,
            'acceleration': acceleration_mm_yr2,
            'acceleration_sigma': acceleration_sigma_mm_yr2
        } order by pid) as points,
        [p.velocity_sigma ** -2 for p in points] as velocity_weights,
        [p.acceleration_sigma ** -2 for p in points] as acceleration_weights
    from geometry.members
    group by cell_easting, cell_northing, release, track, direction
)

select
    easting,
    northing,
    release,
    track,
    direction,
    len(points) as n_points,
    weighted_mean([p.east for p in points], velocity_weights) as los_east,
    weighted_mean([p.north for p in points], velocity_weights) as los_north,
    weighted_mean([p.up for p in points], velocity_weights) as los_up,
    weighted_mean([p.velocity for p in points], velocity_weights) as velocity_mm_yr,
    look_sigma(
        [p.velocity for p in points], [p.velocity_sigma for p in points], velocity_weights
    ) as velocity_sigma_mm_yr,
    weighted_mean([p.acceleration for p in points], acceleration_weights) as acceleration_mm_yr2,
    look_sigma(
        [p.acceleration for p in points], [p.acceleration_sigma for p in points], acceleration_weights
    ) as acceleration_sigma_mm_yr2
from gathered
order by hilbert_order(easting, northing), release, track
;
