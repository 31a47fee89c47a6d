-- What the measurement points of one product have in common on a cell of ground of 500 m.
--
-- version:   1
-- grain:     product, cell_column, cell_row
-- partition: product
--
-- Neighbourhoods are sums and medians over such cells, which lie the same for every product, so that no seam
-- shows where one product ends, and no point is compared with each point around it.

create or replace table neighbourhood.cells as

with settings as (
    select
        500 as cell_size,               -- m
        0.5 as least_probability,       -- of being stable, to count as standing ground
        2.5 as wave_limit,              -- mm: a smaller annual wave does not count
        3.0 as least_significance       -- in standard errors
),

placed as (
    select
        points.product,
        floor(easting / cell_size)::integer as cell_column,
        floor(northing / cell_size)::integer as cell_row,
        case when stable_probability >= least_probability then base_velocity_mm_yr end as stable_velocity,
        case
            when wave_mm >= wave_limit and wave_mm >= least_significance * wave_sigma_mm
                then 2 * pi() * wave_day / 365
        end as wave_phase
    from observed.points as points
    inner join features.hypotheses using (pid, product)
    inner join rules.motion using (pid, product)
    cross join settings
    where is_eligible
)

select
    product,
    cell_column,                            -- easting / 500 m
    cell_row,                               -- northing / 500 m
    count(*) as n_points,
    count(stable_velocity) as n_stable,
    median(stable_velocity) as stable_velocity_mm_yr,
    count(wave_phase) as n_waves,
    coalesce(sum(cos(wave_phase)), 0) as wave_cosine,
    coalesce(sum(sin(wave_phase)), 0) as wave_sine
from placed
group by product, cell_column, cell_row
order by cell_column, cell_row
;
