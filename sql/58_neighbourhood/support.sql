-- What the ground around a measurement point says of it: who steps with it, how the standing ground moves.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- In the same way of looking, across the borders of products; the point itself is one of its neighbours.

create or replace table neighbourhood.support as

with settings as (
    select 500 as cell_size     -- m
),

placed as (
    select
        pid,
        product,
        look,
        floor(easting / cell_size)::integer as cell_column,
        floor(northing / cell_size)::integer as cell_row,
        step_date
    from observed.points
    inner join features.hypotheses using (pid, product)
    inner join (select distinct product, look from neighbourhood.squares) as looks using (product)
    cross join settings
)

select
    pid,
    product,
    n_points_near,
    n_points_around,
    coalesce(n_steps_near, 0)::bigint as n_steps_near,
    coalesce(n_steps_around, 0)::bigint as n_steps_around,
    mean_step_mm,
    step_spread_mm,
    n_stable_cells,
    local_velocity_mm_yr,
    local_velocity_sigma_mm_yr,
    n_waves_around,
    wave_agreement,
    wave_day_around
from placed
left join neighbourhood.surroundings using (look, cell_column, cell_row)
left join neighbourhood.step_surroundings using (look, cell_column, cell_row, step_date)
order by pid
;
