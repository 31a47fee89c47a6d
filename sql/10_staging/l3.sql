-- A cell of an L3 tile and component as delivered, with one name for what header generations call otherwise.
--
-- version: 1
-- grain:   pid, product
--
-- L3 has no line of sight, no coherence and no pixel: those columns are NULL, in the order of staging.l2.

create or replace view staging.l3 as

select
    source_row,
    pid,
    product,
    null::integer as cluster_label,
    null::integer as mp_type,
    null::double as latitude,
    null::double as longitude,
    easting,
    northing,
    coalesce(height_ortho, height) as height_ortho,
    null::double as height_ellipse,
    null::integer as line,
    null::integer as pixel,
    coalesce(rmse_ts, rmse) as rmse_ts,
    null::double as temporal_coherence,
    null::double as amplitude_dispersion,
    null::double as incidence_angle,
    null::double as track_angle,
    null::double as los_east,
    null::double as los_north,
    null::double as los_up,
    mean_velocity,
    mean_velocity_std,
    acceleration,
    acceleration_std,
    seasonality,
    seasonality_std,
    null::double as gnss_velocity,
    gnss_velocity_n,
    gnss_velocity_e,
    gnss_velocity_u,
    displacements
from source.rows
cross join source.file
where level = 'L3'
;
