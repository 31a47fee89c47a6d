-- How each measurement point moves: EGMS's own statistics, refitted, with standard errors that hold.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- The `_std` columns follow EGMS's definitions and agree with the published ones; they take residuals for
-- independent. The `_sigma` columns know that they are not: a test of significance needs these. A series
-- without noise has a sigma of 0; one with too few epochs to judge its noise has none.

create or replace table features.kinematics as

with settings as (
    select
        365.0 as days_per_year,     -- EGMS's own year
        1e-6 as no_wave             -- mm: a smaller amplitude is rounding of the arithmetic
),

noise as (
    select
        pid,
        product,
        temporal_coherence,
        residual_correlation_1,
        residual_correlation_2,
        noise_std_mm,
        sqrt(noise_inflation(residual_correlation_1, residual_correlation_2)) as inflation
    from features.residuals
)

select
    pid,
    product,
    fits.n_epochs,                  -- that the series has
    velocity_mm_yr,
    velocity_std_mm_yr,
    noise_std_mm * inflation * velocity_error as velocity_sigma_mm_yr,
    acceleration_mm_yr2,
    acceleration_std_mm_yr2,
    noise_std_mm * inflation * acceleration_error as acceleration_sigma_mm_yr2,
    seasonality_mm,
    seasonality_std_mm,
    noise_std_mm * inflation * season_error as seasonality_sigma_mm,
    case
        when seasonality_mm > no_wave then 1 + mod(
            dayofyear(first_epoch) - 1 + days_per_year * (1 + atan2(season_sine_mm, season_cosine_mm) / (2 * pi())),
            days_per_year
        )
    end as season_day,
    case
        when seasonality_mm > no_wave then days_per_year * seasonality_sigma_mm / (2 * pi() * seasonality_mm)
    end as season_day_sigma,
    rmse_mm,
    temporal_coherence,             -- refitted; observed.points has the published one
    residual_correlation_1,
    residual_correlation_2,
    noise_std_mm,
    ols_velocity_mm_yr
from features.fits as fits
inner join noise using (pid, product)
inner join observed.products using (product)
cross join settings
order by pid
;
