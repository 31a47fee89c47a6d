-- How many points have a velocity, rmse, temporal coherence or correlation of residuals in each narrow range.

with widths (quantity, width) as (
    values
        ('velocity_mm_yr', 0.5),
        ('rmse_mm', 0.25),
        ('temporal_coherence', 0.02),
        ('residual_correlation_1', 0.05)
),

seen as (
    select
        product,
        level,
        coalesce(direction, case component when 'E' then 'east' when 'U' then 'up' end, 'unknown') as look,
        release
    from observed.products
),

listed as (
    select
        level,
        look,
        release,
        unnest(
            [
                {'quantity': 'velocity_mm_yr', 'value': velocity_mm_yr},
                {'quantity': 'rmse_mm', 'value': rmse_mm},
                {'quantity': 'temporal_coherence', 'value': temporal_coherence},
                {'quantity': 'residual_correlation_1', 'value': residual_correlation_1}
            ],
            recursive := true
        )
    from features.kinematics
    inner join seen using (product)
)

select
    level,
    look,
    release,
    quantity,
    floor(value / width)::integer as bin,
    width::double as width,
    count(*) as n_points
from listed
inner join widths using (quantity)
where isfinite(value)
group by all
order by all
;
