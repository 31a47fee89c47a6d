-- Which shape each measurement point's series has, and what every other shape would say of it.
--
-- version:   2
-- grain:     pid, product
-- partition: product
--
-- In the order of series.displacement, by pid: rows pass one by one, no join or sort moves them.
-- Beside the annual wave a series is tried as constant, linear, quadratic, hinge (velocity change), step,
-- decay, growth, step and hinge at one epoch, twice-yearly wave, and several breaks. All numbers of a shape
-- stand here whether it is the best or not: classes are made of them in SQL, not in Python.
-- NULL, all but n_epochs, where a series has fewer than 12 epochs. Single precision: it is enough, and
-- half as large.

create or replace table features.hypotheses as

with displaced as (
    select
        pid,
        product,
        displacements,
        calendar,

        -- settings
        0.1::double as mm_per_unit  -- mm in one unit of displacements
    from series.displacement
),

tried as (
    select
        pid,
        product,
        hypotheses(displacements, calendar, mm_per_unit) as found
    from displaced
)

select
    pid,
    product,
    found.n_epochs,

    -- which shape, and how sure
    found.family,
    found.runner_up,
    found.runner_up_delta_bic,
    found.linear_delta_bic,
    found.hinge_lead_bic,
    found.constant_weight,
    found.linear_weight,
    found.quadratic_weight,
    found.hinge_weight,
    found.step_weight,
    found.decay_weight,
    found.growth_weight,
    found.step_hinge_weight,
    found.semiannual_weight,
    found.several_weight,

    -- noise, of the best shape's residuals
    found.residual_sigma_mm,
    found.residual_correlation_1,
    found.residual_correlation_2,
    found.noise_inflation,
    found.n_effective,

    -- motion: of line and wave alone, then of the best shape
    found.base_velocity_mm_yr,
    found.base_velocity_sigma_mm_yr,
    found.base_residual_sigma_mm,
    found.start_velocity_mm_yr,
    found.start_velocity_sigma_mm_yr,
    found.end_velocity_mm_yr,
    found.end_velocity_sigma_mm_yr,
    found.speed_change_mm_yr,
    found.speed_change_sigma_mm_yr,
    found.wave_mm,
    found.wave_sigma_mm,
    found.wave_day,
    found.wave_day_sigma,

    -- the best of each shape
    found.quadratic_mm_yr2,
    found.quadratic_sigma_mm_yr2,
    found.hinge_date,
    found.hinge_from_date,
    found.hinge_to_date,
    found.hinge_mm_yr,
    found.hinge_sigma_mm_yr,
    found.step_date,
    found.step_from_date,
    found.step_to_date,
    found.step_mm,
    found.step_sigma_mm,
    found.decay_time_yr,
    found.decay_mm,
    found.decay_sigma_mm,
    found.decay_remaining_mm,
    found.growth_time_yr,
    found.growth_mm,
    found.growth_sigma_mm,
    found.step_hinge_date,
    found.step_hinge_mm,
    found.step_hinge_sigma_mm,
    found.step_hinge_mm_yr,
    found.step_hinge_sigma_mm_yr,
    found.semiannual_mm,
    found.semiannual_sigma_mm,
    found.first_break,
    found.first_break_date,
    found.first_break_mm,
    found.first_break_mm_yr,
    found.second_break,
    found.second_break_date,
    found.second_break_mm,
    found.second_break_mm_yr,
    found.last_year_mm_yr,
    found.last_year_z
from tried
;
