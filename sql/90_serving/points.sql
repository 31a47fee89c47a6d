-- A measurement point as the web shows it: where it is, how it moves, how sure that is.
--
-- version:   3
-- grain:     pid, product
-- partition: product
-- stored:    serving
--
-- Rounded to what can be meant, in the narrowest type, so that a viewport reads little. Product after product,
-- each along the Hilbert curve: a small box touches few row groups of few products, and one pid those of one.
-- Coordinates are whole numbers inside, which compare several times faster than DOUBLE; so is `dataset`, where text
-- such as release and level would be compared row by row.

create or replace table serving.points as

with located as (
    select
        pid,
        product,
        longitude,
        latitude,
        easting,
        northing,
        height_ortho,
        mean_velocity,
        incidence_angle,
        -- L3 has metres only
        st_transform(st_point(easting, northing), 'EPSG:3035', 'EPSG:4326', always_xy := true) as place
    from observed.points
)

select
    points.pid,
    points.product,
    products.release,
    products.level,
    coalesce(products.direction, if(products.component = 'U', 'up', 'east')) as viewing,
    products.track,
    coalesce(points.longitude, st_x(place))::decimal(9, 6) as longitude,
    coalesce(points.latitude, st_y(place))::decimal(9, 6) as latitude,
    round(points.height_ortho, 1)::float as height_ortho,
    round(kinematics.velocity_mm_yr, 2)::float as velocity_mm_yr,
    round(kinematics.velocity_sigma_mm_yr, 3)::float as velocity_sigma_mm_yr,
    round(kinematics.acceleration_mm_yr2, 2)::float as acceleration_mm_yr2,
    round(kinematics.acceleration_sigma_mm_yr2, 3)::float as acceleration_sigma_mm_yr2,
    round(kinematics.seasonality_mm, 2)::float as seasonality_mm,
    round(kinematics.seasonality_sigma_mm, 3)::float as seasonality_sigma_mm,
    kinematics.season_day::smallint as season_day,
    round(kinematics.rmse_mm, 2)::float as rmse_mm,
    round(kinematics.temporal_coherence, 3)::float as temporal_coherence,    -- refitted
    kinematics.n_epochs::smallint as n_epochs,
    motion.class,
    round(motion.probability, 3)::float as probability,
    motion.family,
    motion.is_periodic,
    motion.wave_cause,
    motion.is_unwrapping_suspect,
    motion.is_coseismic_suspect,
    motion.is_last_year_anomaly,
    egmspy.class_1,
    egmspy.class_2,
    egmspy.noisy_trend,
    round(points.mean_velocity, 1)::float as mean_velocity,
    round(points.easting, 2) as easting,
    round(points.northing, 2) as northing,
    round(points.incidence_angle, 1)::float as incidence_angle,
    base62_digit(points.pid[1]) * 13537086546263552 + pid_cell(points.pid) as pid_number,
    10000 * products.level[2]::integer + 100 * products.release[3:4]::integer + products.release[8:9]::integer as dataset
from located as points
inner join features.kinematics as kinematics using (pid, product)
inner join classes.motion as motion using (pid, product)
inner join classes.egmspy as egmspy using (pid, product)
inner join observed.products as products using (product)
order by hilbert_order(points.easting, points.northing), points.pid
;
