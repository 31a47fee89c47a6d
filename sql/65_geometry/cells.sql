-- How a 100 m cell moves: east and up, put together from all tracks that see it, with their covariance.
--
-- version:   1
-- grain:     easting, northing, release
-- partition: tile
--
-- Weighted least squares of each track's mean motion on the east and up part of its line of sight; velocities are
-- linear in the series, so tracks need no common dates. Only where both directions look, and look differently
-- enough. Motion to the north is not seen and not estimated: velocity_east_per_north and velocity_up_per_north
-- are what 1 mm/yr of it would add, so `velocity_up_mm_yr - velocity_up_per_north * north` takes out a known one.

create or replace table geometry.cells as

with settings as (
    select 5.0 as largest_condition     -- both directions give 1.0 to 1.7; two tracks of one direction 7 and more
),

summed as (
    select
        easting,
        northing,
        release,
        count(*) as n_tracks,
        count(*) filter (direction = 'ascending') as n_ascending_tracks,
        sum(n_points) filter (direction = 'ascending')::bigint as n_ascending,
        sum(n_points) filter (direction = 'descending')::bigint as n_descending,
        normal_sums(los_east, los_up, 1.0, 0.0) as plain,
        normal_sums(los_east, los_up, velocity_sigma_mm_yr ** -2, velocity_mm_yr) as velocity,
        normal_sums(los_east, los_up, velocity_sigma_mm_yr ** -2, los_north) as north,
        normal_sums(los_east, los_up, acceleration_sigma_mm_yr2 ** -2, acceleration_mm_yr2) as acceleration
    from geometry.looks
    group by easting, northing, release
)

select
    easting,
    northing,
    release,
    solved_east(velocity) as velocity_east_mm_yr,                           -- + eastward
    solved_up(velocity) as velocity_up_mm_yr,                               -- + upward
    sqrt(velocity.uu / determinant(velocity)) as velocity_east_sigma_mm_yr,
    sqrt(velocity.ee / determinant(velocity)) as velocity_up_sigma_mm_yr,
    -velocity.eu / determinant(velocity) as velocity_covariance_mm2_yr2,
    solved_east(north) as velocity_east_per_north,
    solved_up(north) as velocity_up_per_north,
    solved_east(acceleration) as acceleration_east_mm_yr2,
    solved_up(acceleration) as acceleration_up_mm_yr2,
    sqrt(acceleration.uu / determinant(acceleration)) as acceleration_east_sigma_mm_yr2,
    sqrt(acceleration.ee / determinant(acceleration)) as acceleration_up_sigma_mm_yr2,
    -acceleration.eu / determinant(acceleration) as acceleration_covariance_mm2_yr4,
    case
        when n_tracks > 2 then
            sqrt(greatest(
                velocity.yy - solved_east(velocity) * velocity.ey - solved_up(velocity) * velocity.uy, 0
            ) / (n_tracks - 2))
    end as misfit,                      -- about 1 where the tracks agree within their errors
    condition_number(plain) as condition_number,
    n_ascending,                        -- points
    n_descending,
    n_tracks
from summed
cross join settings
where
    n_ascending_tracks > 0
    and n_ascending_tracks < n_tracks
    and condition_number(plain) <= largest_condition
order by hilbert_order(easting, northing), easting, northing, release
;
