-- A measurement point of an L2 burst as delivered, with one name for what header generations call otherwise.
--
-- version: 1
-- grain:   pid, product
--
-- `height`, `height_wgs84` and `rmse` became `height_ortho`, `height_ellipse` and `rmse_ts` with release
-- 2020_2024; a file holds one or the other. The columns are those of staging.l3, in the same order.

create or replace view staging.l2 as

select
    source_row,
    pid,
    product,
    cluster_label,
    mp_type,
    latitude,
    longitude,
    easting,
    northing,
    coalesce(height_ortho, height) as height_ortho,
    coalesce(height_ellipse, height_wgs84) as height_ellipse,
    line,
    pixel,
    coalesce(rmse_ts, rmse) as rmse_ts,
    temporal_coherence,
    amplitude_dispersion,
    incidence_angle,
    track_angle,
    los_east,
    los_north,
    los_up,
    mean_velocity,
    mean_velocity_std,
    acceleration,
    acceleration_std,
    seasonality,
    seasonality_std,
    gnss_velocity,
    null::double as gnss_velocity_n,
    null::double as gnss_velocity_e,
    null::double as gnss_velocity_u,
    displacements
from source.rows
cross join source.file
where level in ('L2a', 'L2b')
;
