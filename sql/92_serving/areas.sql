-- An active area as the web shows it: where it is, how it moves, its outline.
--
-- version: 3
-- grain:   cluster
-- stored:  serving
--
-- The outline is GeoJSON text in WGS84, for the server loads no spatial.

create or replace table serving.areas as

select
    cluster,
    release,
    level,
    coalesce(direction, case when cluster like '%\_U\_%' escape '\' then 'up' else 'east' end) as viewing,
    class,
    round(purity, 3)::float as purity,
    n_points,
    round(longitude, 6) as longitude,
    round(latitude, 6) as latitude,
    round(velocity_mm_yr, 2)::float as velocity_mm_yr,
    round(velocity_sigma_mm_yr, 3)::float as velocity_sigma_mm_yr,
    round(velocity_spread_mm_yr, 2)::float as velocity_spread_mm_yr,
    round(velocity_min_mm_yr, 2)::float as velocity_min_mm_yr,
    round(velocity_max_mm_yr, 2)::float as velocity_max_mm_yr,
    round(velocity_east_mm_yr, 2)::float as velocity_east_mm_yr,
    round(velocity_east_sigma_mm_yr, 3)::float as velocity_east_sigma_mm_yr,
    round(velocity_up_mm_yr, 2)::float as velocity_up_mm_yr,
    round(velocity_up_sigma_mm_yr, 3)::float as velocity_up_sigma_mm_yr,
    round(last_year_change_mm_yr, 2)::float as last_year_change_mm_yr,
    round(temporal_coherence, 3)::float as temporal_coherence,
    quality,
    area_m2,
    st_asgeojson(geometry_wgs84)::varchar as outline
from clusters.areas
order by cluster
;
