-- Plain statistics of each measurement point's series, by the names that an older system gave them.
--
-- version:   2
-- grain:     pid, product
-- partition: product
--
-- In the order of series.displacement, by pid: rows pass one by one, no join or sort moves them.
-- For users who know its eighteen features; what was wrong in them is right here: velocities have the annual
-- wave beside them, halves are halves in time, a jump is a size and not a rate, one outlier is no jump, and
-- correlation and cusum are of residuals without wave. NULL where a series has too few epochs.

create or replace table features.shape as

with displaced as (
    select
        pid,
        product,
        displacements,
        calendar,

        -- settings
        0.1::double as mm_per_unit,     -- mm in one unit of displacements
        5.0::double as jump_mm,         -- mm: no smaller change is a jump
        4.0::double as jump_spread      -- nor is one below so many upper quartiles of the series' changes
    from series.displacement
),

described as (
    select
        pid,
        product,
        shape(
            displacements,
            calendar,
            mm_per_unit,
            jump_mm,
            jump_spread
        ) as found
    from displaced
)

select
    pid,
    product,
    found.v_robust_mm_yr,
    found.v_first_half_mm_yr,
    found.v_second_half_mm_yr,
    found.v_diff_mm_yr,
    found.rmse_detrended_mm,
    found.rmse_deseason_mm,
    found.seasonal_amp_mm,
    found.seasonal_r2,
    found.quad_coeff_mm_yr2,
    found.quad_r2,
    found.n_jumps_nonseas,
    found.jump_max_mm,
    found.n_valid_frac,
    found.acf_lag1,
    found.cusum_score,
    found.velocity_r2,
    found.range_mm,
    found.noise_p90_mm
from described
;
