-- The rows of a delivered csv as `source.rows` gives them: every column of every header generation.
--
-- What the compiled reader hands to staging, read by DuckDB alone: `from read_egms('EGMS_....csv')` in the
-- plain shell. Slower, and it accepts the delivered form only (comma, decimal point, EGMS's own names).
-- The rows without a file give each known column a place; a column absent from the file stays NULL.

create or replace macro read_egms(path) as table
with known as (
    select
        null::varchar as pid,
        null::varchar as cluster_label,
        null::varchar as mp_type,
        null::varchar as latitude,
        null::varchar as longitude,
        null::varchar as easting,
        null::varchar as northing,
        null::varchar as height,
        null::varchar as height_wgs84,
        null::varchar as height_ortho,
        null::varchar as height_ellipse,
        null::varchar as line,
        null::varchar as pixel,
        null::varchar as rmse,
        null::varchar as rmse_ts,
        null::varchar as temporal_coherence,
        null::varchar as amplitude_dispersion,
        null::varchar as incidence_angle,
        null::varchar as track_angle,
        null::varchar as los_east,
        null::varchar as los_north,
        null::varchar as los_up,
        null::varchar as mean_velocity,
        null::varchar as mean_velocity_std,
        null::varchar as acceleration,
        null::varchar as acceleration_std,
        null::varchar as seasonality,
        null::varchar as seasonality_std,
        null::varchar as gnss_velocity,
        null::varchar as gnss_velocity_n,
        null::varchar as gnss_velocity_e,
        null::varchar as gnss_velocity_u
    where false
),

delivered as (
    select * from known
    union all by name
    select *
    from read_csv(path, delim = ',', quote = '', header = true, all_varchar = true, null_padding = false)
)

select
    (row_number() over ())::integer as source_row,
    pid,
    egms_number(cluster_label)::integer as cluster_label,
    egms_number(mp_type)::integer as mp_type,
    egms_number(latitude) as latitude,
    egms_number(longitude) as longitude,
    egms_number(easting) as easting,
    egms_number(northing) as northing,
    egms_number(height) as height,
    egms_number(height_wgs84) as height_wgs84,
    egms_number(height_ortho) as height_ortho,
    egms_number(height_ellipse) as height_ellipse,
    egms_number(line)::integer as line,
    egms_number(pixel)::integer as pixel,
    egms_number(rmse) as rmse,
    egms_number(rmse_ts) as rmse_ts,
    egms_number(temporal_coherence) as temporal_coherence,
    egms_number(amplitude_dispersion) as amplitude_dispersion,
    egms_number(incidence_angle) as incidence_angle,
    egms_number(track_angle) as track_angle,
    egms_number(los_east) as los_east,
    egms_number(los_north) as los_north,
    egms_number(los_up) as los_up,
    egms_number(mean_velocity) as mean_velocity,
    egms_number(mean_velocity_std) as mean_velocity_std,
    egms_number(acceleration) as acceleration,
    egms_number(acceleration_std) as acceleration_std,
    egms_number(seasonality) as seasonality,
    egms_number(seasonality_std) as seasonality_std,
    egms_number(gnss_velocity) as gnss_velocity,
    egms_number(gnss_velocity_n) as gnss_velocity_n,
    egms_number(gnss_velocity_e) as gnss_velocity_e,
    egms_number(gnss_velocity_u) as gnss_velocity_u,
    [egms_tenths(cell) for cell in list_value(*columns('^\d{8}$'))] as displacements
from delivered
;
