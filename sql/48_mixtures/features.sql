-- What the mixture sees of a measurement point: the sizes of its effects, in standard errors, compressed.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- The inverse hyperbolic sine leaves small effects as they are and draws large ones in. No effect refers to
-- other points of the product, so equal series are equal in every product. NULL where one cannot be told.

create or replace table mixtures.features as

with settings as (
    select
        2.5 as moving_limit,        -- mm/yr
        4.0 as noisy_limit          -- mm
),

measured as (
    select
        pid,
        product,
        family,
        [
            asinh((abs(base_velocity_mm_yr) - moving_limit) / base_velocity_sigma_mm_yr),
            asinh(abs(quadratic_mm_yr2) / quadratic_sigma_mm_yr2),
            asinh(abs(hinge_mm_yr) / hinge_sigma_mm_yr),
            asinh(abs(step_mm) / step_sigma_mm),
            asinh(abs(decay_mm) / decay_sigma_mm),
            asinh(abs(growth_mm) / growth_sigma_mm),
            asinh(wave_mm / wave_sigma_mm),
            asinh((abs(effects.end_velocity_mm_yr) - abs(effects.start_velocity_mm_yr)) / change_sigma_mm_yr),
            ln(nullif(rmse_mm, 0) / noisy_limit)
        ]::double[] as effects
    from features.hypotheses
    inner join features.kinematics using (pid, product)
    inner join rules.effects as effects using (pid, product)
    cross join settings
)

select
    pid,
    product,
    family,
    effects     -- velocity over the limit, parabola, bend, step, decay, growth, wave, change of speed; rmse
from measured
where list_position(effects, null) is null and not list_bool_or([not isfinite(e) for e in effects])
order by pid
;
