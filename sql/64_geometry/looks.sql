-- What one track says about a 100 m cell: its points' mean motion along the line of sight, and how sure it is.
--
-- version:   2
-- grain:     easting, northing, release, track
-- partition: tile
--
-- The points of a cell share most of their error (the atmosphere above it, the reference), so many points do not
-- make it smaller: the standard error of the mean is the mean of theirs. What they differ by beyond that is
-- motion inside the cell, of which they are a sample, and noise slower than a series shows: it counts by their number.
-- A cell of one or two points cannot tell how much that is; it is judged by the usual cell of its tile and track too.

create or replace table geometry.looks as

with settings as (
    select
        2 as usual_points       -- that the usual cell counts for beside a cell's own
),

described as (
    select
        tile,
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
        weighted_mean(velocity_sigma_mm_yr, velocity_sigma_mm_yr ** -2) as shared_velocity,
        excess_variance(velocity_mm_yr, velocity_sigma_mm_yr) as own_velocity,
        steady_sum(velocity_sigma_mm_yr ** -2) as velocity_weight,
        weighted_mean(acceleration_mm_yr2, acceleration_sigma_mm_yr2 ** -2) as acceleration_mm_yr2,
        weighted_mean(acceleration_sigma_mm_yr2, acceleration_sigma_mm_yr2 ** -2) as shared_acceleration,
        excess_variance(acceleration_mm_yr2, acceleration_sigma_mm_yr2) as own_acceleration
    from geometry.members
    group by tile, cell_easting, cell_northing, release, track, direction
),

-- Usual are 95 % of the cells: not the few that a landslide or a jump tears apart.
ranked as (
    select
        *,
        quantile_cont(own_velocity, 0.95) over one_track as largest_velocity,
        quantile_cont(own_acceleration, 0.95) over one_track as largest_acceleration
    from described
    window one_track as (partition by tile, release, track)
),

usual as (
    select
        tile,
        release,
        track,
        usual_variance(own_velocity, largest_velocity, n_points) as usual_velocity,
        usual_variance(own_acceleration, largest_acceleration, n_points) as usual_acceleration
    from ranked
    group by tile, release, track
)

select
    easting,
    northing,
    release,
    track,
    direction,
    n_points,
    los_east,
    los_north,
    los_up,
    velocity_mm_yr,
    look_sigma(shared_velocity, own_velocity, usual_velocity, n_points, usual_points) as velocity_sigma_mm_yr,
    velocity_weight,                -- of all points, to share it out again
    acceleration_mm_yr2,
    look_sigma(shared_acceleration, own_acceleration, usual_acceleration, n_points, usual_points)
        as acceleration_sigma_mm_yr2
from described
inner join usual using (tile, release, track)
cross join settings
order by hilbert_order(easting, northing), easting, northing, release, track
;
