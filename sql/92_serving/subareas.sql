-- A part of an active area that has one class, as the web shows it.
--
-- version: 2
-- grain:   subarea
-- stored:  serving
--
-- The outline is GeoJSON text in WGS84, for the server loads no spatial.

create or replace table serving.subareas as

with outlined as (
    select
        subarea,
        cluster,
        class,
        n_points,
        velocity_mm_yr,
        velocity_spread_mm_yr,
        area_m2,
        st_transform(geometry, 'EPSG:3035', 'EPSG:4326', always_xy := true) as place
    from clusters.subareas
)

select
    subarea,
    cluster,
    areas.release,
    areas.level,
    coalesce(areas.direction, case when cluster like '%\_U\_%' escape '\' then 'up' else 'east' end) as viewing,
    outlined.class,
    outlined.n_points,
    round(st_x(st_centroid(place)), 6) as longitude,
    round(st_y(st_centroid(place)), 6) as latitude,
    round(outlined.velocity_mm_yr, 2)::float as velocity_mm_yr,
    round(outlined.velocity_spread_mm_yr, 2)::float as velocity_spread_mm_yr,
    outlined.area_m2,
    st_asgeojson(place)::varchar as outline
from outlined
inner join clusters.areas as areas using (cluster)
order by subarea
;
