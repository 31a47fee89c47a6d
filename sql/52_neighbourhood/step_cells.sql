-- How many measurement points of one product step on a cell of ground of 500 m, by the epoch of the step.
--
-- version:   1
-- grain:     product, cell_column, cell_row, step_date
-- partition: product
--
-- A point steps where its best step is large and significant, also if another shape explains its series better.

create or replace table neighbourhood.step_cells as

with settings as (
    select
        500 as cell_size,               -- m
        5.0 as step_limit,              -- mm
        3.0 as least_significance       -- in standard errors
)

select
    points.product,
    floor(easting / cell_size)::integer as cell_column,
    floor(northing / cell_size)::integer as cell_row,
    step_date,
    count(*) as n_steps,
    sum(step_mm::double) as step_sum,       -- mm
    sum(step_mm::double ** 2) as step_square_sum    -- mm²
from observed.points as points
inner join features.hypotheses using (pid, product)
inner join rules.motion using (pid, product)
cross join settings
where is_eligible and abs(step_mm) >= step_limit and abs(step_mm) >= least_significance * step_sigma_mm
group by all
order by cell_column, cell_row, step_date
;
