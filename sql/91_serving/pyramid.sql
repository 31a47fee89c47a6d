-- A cell of one zoom that one product saw: sums and extremes of the points in it.
--
-- version:   2
-- grain:     product, zoom, cell_x, cell_y
-- partition: product
--
-- Each zoom is made of the one below it. Sums are whole numbers, so they are the same whatever the order; the
-- extremes carry their pid, so ties fall the same way too. Only points with a whole fit count.

create or replace table serving.pyramid as

with recursive settings as (
    select
        2 as first_zoom,            -- cells of 10 m * 2 ** zoom: 40 m
        11 as last_zoom,            -- 20.48 km
        40 as first_cell_m,
        1e6 as per_degree,
        1e2 as per_unit             -- sums count hundredths
),

cells as (
    select
        product,
        dataset,
        release,
        level,
        viewing,
        first_zoom as zoom,
        floor(easting / first_cell_m)::integer as cell_x,
        floor(northing / first_cell_m)::integer as cell_y,
        last_zoom,
        count(*) as n_points,
        count(*) filter (class = 'stable') as n_stable,
        count(*) filter (class = 'linear') as n_linear,
        count(*) filter (class = 'accelerating') as n_accelerating,
        count(*) filter (class = 'decelerating') as n_decelerating,
        count(*) filter (class = 'velocity_change') as n_velocity_change,
        count(*) filter (class = 'step') as n_step,
        count(*) filter (class = 'noisy') as n_noisy,
        count(*) filter (class = 'complex') as n_complex,
        count(*) filter (class = 'unclassified') as n_unclassified,
        sum(round(per_degree * longitude)::bigint)::bigint as longitude_sum,
        sum(round(per_degree * latitude)::bigint)::bigint as latitude_sum,
        sum(round(per_unit * height_ortho)::bigint)::bigint as height_sum,
        sum(round(per_unit * velocity_mm_yr)::bigint)::bigint as velocity_sum,
        sum(round(per_unit * acceleration_mm_yr2)::bigint)::bigint as acceleration_sum,
        sum(round(per_unit * seasonality_mm)::bigint)::bigint as seasonality_sum,
        sum(round(per_unit * temporal_coherence)::bigint)::bigint as coherence_sum,
        min({'velocity_mm_yr': velocity_mm_yr, 'pid': pid}) as slowest,
        max({'velocity_mm_yr': velocity_mm_yr, 'pid': pid}) as fastest
    from serving.points
    cross join settings
    where velocity_mm_yr is not null and acceleration_mm_yr2 is not null and seasonality_mm is not null
    group by all
    union all
    select
        product,
        dataset,
        release,
        level,
        viewing,
        zoom + 1 as zoom,
        cell_x // 2 as cell_x,
        cell_y // 2 as cell_y,
        last_zoom,
        sum(n_points)::bigint as n_points,
        sum(n_stable)::bigint as n_stable,
        sum(n_linear)::bigint as n_linear,
        sum(n_accelerating)::bigint as n_accelerating,
        sum(n_decelerating)::bigint as n_decelerating,
        sum(n_velocity_change)::bigint as n_velocity_change,
        sum(n_step)::bigint as n_step,
        sum(n_noisy)::bigint as n_noisy,
        sum(n_complex)::bigint as n_complex,
        sum(n_unclassified)::bigint as n_unclassified,
        sum(longitude_sum)::bigint as longitude_sum,
        sum(latitude_sum)::bigint as latitude_sum,
        sum(height_sum)::bigint as height_sum,
        sum(velocity_sum)::bigint as velocity_sum,
        sum(acceleration_sum)::bigint as acceleration_sum,
        sum(seasonality_sum)::bigint as seasonality_sum,
        sum(coherence_sum)::bigint as coherence_sum,
        min(slowest) as slowest,
        max(fastest) as fastest
    from cells
    where zoom < last_zoom
    group by all
)

select
    product,
    dataset,
    release,
    level,
    viewing,
    zoom,
    cell_x,
    cell_y,
    n_points,
    n_stable,
    n_linear,
    n_accelerating,
    n_decelerating,
    n_velocity_change,
    n_step,
    n_noisy,
    n_complex,
    n_unclassified,
    longitude_sum,
    latitude_sum,
    height_sum,
    velocity_sum,
    acceleration_sum,
    seasonality_sum,
    coherence_sum,
    slowest,
    fastest
from cells
order by zoom, cell_x, cell_y
;
