-- How the ground of a 100 m cell moves to the east and up, as the web shows it.
--
-- version: 1
-- grain:   easting, northing, release
-- stored:  serving
--
-- Rounded to what can be meant, along the Hilbert curve: a view reads few row groups.

create or replace table serving.cells as

with placed as (
    select
        *,
        st_transform(st_point(easting, northing), 'EPSG:3035', 'EPSG:4326', always_xy := true) as place
    from geometry.cells
)

select
    release,
    easting::integer as easting,
    northing::integer as northing,
    st_x(place)::decimal(9, 6) as longitude,
    st_y(place)::decimal(9, 6) as latitude,
    round(velocity_east_mm_yr, 2)::float as velocity_east_mm_yr,
    round(velocity_up_mm_yr, 2)::float as velocity_up_mm_yr,
    round(velocity_east_sigma_mm_yr, 3)::float as velocity_east_sigma_mm_yr,
    round(velocity_up_sigma_mm_yr, 3)::float as velocity_up_sigma_mm_yr,
    n_ascending::integer as n_ascending,
    n_descending::integer as n_descending,
    n_tracks::smallint as n_tracks
from placed
order by release, hilbert_order(easting, northing), easting, northing
;
