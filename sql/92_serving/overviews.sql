-- A cell of one zoom of the map: how many points, how they move on average, and which move most, up and down.
--
-- version:   2
-- grain:     zoom, release, level, viewing, cell_x, cell_y
-- stored:    serving
--
-- What the map draws while it shows too many points for a screen. Releases and levels never mix, viewing
-- geometries neither. Zoom first, so that a view reads cells of its own zoom only.

create or replace table serving.overviews as

with settings as (
    select
        10 as unit_m,               -- a cell is 10 m * 2 ** zoom wide
        1e6 as per_degree,          -- as in serving.pyramid
        1e2 as per_unit
),

merged as (
    select
        zoom,
        dataset,
        release,
        level,
        viewing,
        cell_x,
        cell_y,
        sum(n_points) as n_points,
        sum(n_stable) as n_stable,
        sum(n_linear) as n_linear,
        sum(n_accelerating) as n_accelerating,
        sum(n_decelerating) as n_decelerating,
        sum(n_velocity_change) as n_velocity_change,
        sum(n_step) as n_step,
        sum(n_noisy) as n_noisy,
        sum(n_complex) as n_complex,
        sum(n_unclassified) as n_unclassified,
        sum(longitude_sum) as longitude_sum,
        sum(latitude_sum) as latitude_sum,
        sum(height_sum) as height_sum,
        sum(velocity_sum) as velocity_sum,
        sum(acceleration_sum) as acceleration_sum,
        sum(seasonality_sum) as seasonality_sum,
        sum(coherence_sum) as coherence_sum,
        min(slowest) as slowest,
        max(fastest) as fastest
    from serving.pyramid
    group by all
)

select
    zoom::tinyint as zoom,
    dataset,
    release,
    level,
    viewing,
    cell_x,
    cell_y,
    n_points::integer as n_points,
    n_stable::integer as n_stable,
    n_linear::integer as n_linear,
    n_accelerating::integer as n_accelerating,
    n_decelerating::integer as n_decelerating,
    n_velocity_change::integer as n_velocity_change,
    n_step::integer as n_step,
    n_noisy::integer as n_noisy,
    n_complex::integer as n_complex,
    n_unclassified::integer as n_unclassified,
    case greatest(n_stable, n_linear, n_accelerating, n_decelerating, n_velocity_change,
        n_step, n_noisy, n_complex, n_unclassified)
        when n_stable then 'stable'
        when n_linear then 'linear'
        when n_accelerating then 'accelerating'
        when n_decelerating then 'decelerating'
        when n_velocity_change then 'velocity_change'
        when n_step then 'step'
        when n_noisy then 'noisy'
        when n_complex then 'complex'
        when n_unclassified then 'unclassified'
    end as class,                                                                           -- of most of the cell's points
    (longitude_sum / n_points / per_degree)::decimal(9, 6) as longitude,                    -- mean of the cell's points
    (latitude_sum / n_points / per_degree)::decimal(9, 6) as latitude,                      -- mean of the cell's points
    round(height_sum / n_points / per_unit, 1)::float as height_ortho,                      -- mean of the cell's points
    round(velocity_sum / n_points / per_unit, 2)::float as velocity_mm_yr,                  -- mean of the cell's points
    slowest.velocity_mm_yr as velocity_min_mm_yr,
    slowest.pid as velocity_min_pid,
    fastest.velocity_mm_yr as velocity_max_mm_yr,
    fastest.pid as velocity_max_pid,
    round(acceleration_sum / n_points / per_unit, 2)::float as acceleration_mm_yr2,         -- mean of the cell's points
    round(seasonality_sum / n_points / per_unit, 2)::float as seasonality_mm,               -- mean of the cell's points
    round(coherence_sum / n_points / per_unit, 2)::float as temporal_coherence              -- mean of the cell's points
from merged
cross join settings
order by
    zoom,
    dataset,
    viewing,
    hilbert_order(unit_m * 2 ** zoom * cell_x, unit_m * 2 ** zoom * cell_y),
    cell_x,
    cell_y
;
