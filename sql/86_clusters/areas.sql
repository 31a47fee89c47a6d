-- An active area: ground on which many points move alike, what they do together, and how far to trust it.
--
-- version:   2
-- grain:     cluster
-- partition: batch
--
-- `geometry` is the concave outline with a margin, for maps; `hull` the convex one, as the reference system draws it.
-- The quality follows the practice of active deformation areas: 1 is reliable, 4 mostly noise, by the worse of how
-- rough the series are in time and how much neighbours disagree. Its limits are starting values.

create or replace table clusters.areas as

with settings as (
    select
        [0.3, 0.5, 0.7] as noise_limits,     -- of temporal_noise and spatial_noise, between the classes 1 to 4
        10000.0 as m2_per_ha
)

select
    cluster,
    level,
    release,
    tracks,
    direction,
    products,
    n_points,
    n_cores,
    class,                                          -- of most points; mixed where none has half
    purity,
    composition,
    velocity_mm_yr,
    velocity_sigma_mm_yr,
    velocity_spread_mm_yr,
    velocity_min_mm_yr,
    velocity_max_mm_yr,
    n_cells,                                        -- of geometry.cells under its members; NULL without, as the next
    velocity_east_mm_yr,
    velocity_east_sigma_mm_yr,
    velocity_up_mm_yr,
    velocity_up_sigma_mm_yr,
    last_year_change_mm_yr,
    last_year_change_std_mm_yr,
    differential_mm_yr,
    temporal_coherence,
    temporal_noise,
    spatial_noise,
    -- of an area of cells there is no series
    case when level != 'cells' then
        1 + greatest(
            len(list_filter(noise_limits, lambda bound: temporal_noise > bound)),
            len(list_filter(noise_limits, lambda bound: spatial_noise > bound))
        )
    end as quality,
    easting,
    northing,
    st_y(st_transform(st_point(easting, northing), 'EPSG:3035', 'EPSG:4326', always_xy := true)) as latitude,
    st_x(st_transform(st_point(easting, northing), 'EPSG:3035', 'EPSG:4326', always_xy := true)) as longitude,
    st_area(outline) as area_m2,
    st_area(hull) as hull_area_m2,
    st_area(hull) / m2_per_ha as hull_area_ha,
    hull::geometry('EPSG:3035') as hull,
    outline::geometry('EPSG:3035') as geometry,
    st_makevalid(st_transform(outline, 'EPSG:3035', 'EPSG:4326', always_xy := true))::geometry('EPSG:4326')
        as geometry_wgs84
from clusters.statistics
inner join clusters.outlines using (cluster)
left join clusters.motions using (cluster)
left join clusters.east_up using (cluster)
cross join settings
order by cluster
;
