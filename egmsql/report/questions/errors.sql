-- The typical standard error of a product's velocity, acceleration and seasonality, in two ways.
--
-- EGMS's definition takes what a fit leaves for independent from epoch to epoch; sigma knows the correlation.
-- Medians of one point in `every`, so that memory stays bounded.

with settings as (
    select 500000 as most_points
),

sampling as (
    select greatest(1, ceil(sum(n_points) / any_value(most_points)))::bigint as every
    from observed.products
    cross join settings
)

select
    product,
    count(*) as n_points,
    any_value(every) as every,
    median(residual_correlation_1) as residual_correlation_1,
    median(residual_correlation_2) as residual_correlation_2,
    median(velocity_std_mm_yr) as velocity_std_mm_yr,
    median(velocity_sigma_mm_yr) as velocity_sigma_mm_yr,
    median(velocity_sigma_mm_yr / nullif(velocity_std_mm_yr, 0)) as velocity_ratio,
    median(acceleration_std_mm_yr2) as acceleration_std_mm_yr2,
    median(acceleration_sigma_mm_yr2) as acceleration_sigma_mm_yr2,
    median(seasonality_std_mm) as seasonality_std_mm,
    median(seasonality_sigma_mm) as seasonality_sigma_mm
from features.kinematics
cross join sampling
where hash(pid) % every = 0
group by product
order by product
;
