-- A measurement point of one product: where it is, how it is seen, and what EGMS published of it.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- EGMS's own names and full published precision. Along one Hilbert curve, so that a small box touches few
-- row groups; the box of each row (GeoParquet 1.1 covering) is a little wider than the point, because it
-- is FLOAT: near 8,000 km its steps are 0.5 m.

create or replace table observed.points as

with delivered as (
    select * from staging.l2
    union all
    select * from staging.l3
)

select
    pid,
    product,
    source_row,                 -- row of the delivered csv, 1 = first after the header
    cluster_label,
    mp_type,
    latitude,
    longitude,
    easting,
    northing,
    height_ortho,
    height_ellipse,
    line,
    pixel,
    rmse_ts,
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
    gnss_velocity_n,
    gnss_velocity_e,
    gnss_velocity_u,
    {
        'xmin': (easting - 0.5)::float,
        'ymin': (northing - 0.5)::float,
        'xmax': (easting + 0.5)::float,
        'ymax': (northing + 0.5)::float
    } as bbox,
    st_point(easting, northing)::geometry('EPSG:3035') as geometry
from delivered
order by hilbert_order(easting, northing), pid
;
