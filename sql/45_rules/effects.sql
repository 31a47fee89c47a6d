-- How probable each shape is for a measurement point, and how probable that it is large enough to matter.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- A shape can be certain and harmless: whether it wins is a matter of evidence (the BIC weights), whether it
-- counts one of size. Break searches take the slow wander of real noise for small steps, hence the penalties:
-- evidence that a family has to bring beyond the BIC. Tuned on series that no test uses.

create or replace table rules.effects as

with settings as (
    select
        2.5 as moving_limit,            -- mm/yr: faster ground moves
        2.0 as change_limit,            -- mm/yr: a smaller change of velocity does not count
        5.0 as step_limit,              -- mm: a smaller step does not count
        150 as sharp_days,              -- d: a step whose epoch is less certain may as well be a ramp
        4.0 as noisy_limit,             -- mm: a larger rmse, of noise as correlated as usual, is noisy
        0.33 as usual_correlation,      -- of the noise at one epoch: what stays from epoch to epoch is no decorrelation
        0.4 as half_span,               -- of the period: from its middle to the middle of its last fifth
        365.0 as days_per_year,
        0.1 as minor_step,              -- of what a change of velocity moves: a smaller step beside it does not count
        1.5 as smooth_penalty,          -- of BIC, beyond what the number of parameters costs
        1.0 as hinge_penalty,
        0.0 as step_penalty,
        0.0 as step_hinge_penalty,
        0.0 as several_penalty
),

weighted as (
    select
        hypotheses.*,
        constant_weight + linear_weight + semiannual_weight as line,
        exp(-smooth_penalty / 2) * (quadratic_weight + decay_weight + growth_weight) as smooth,
        exp(-hinge_penalty / 2) * hinge_weight as hinge,
        exp(-step_penalty / 2) * step_weight as step,
        exp(-step_hinge_penalty / 2) * step_hinge_weight as step_hinge,
        exp(-several_penalty / 2) * several_weight as several,
        line + smooth + hinge + step + step_hinge + several as every
    from features.hypotheses as hypotheses
    cross join settings
),

-- Velocities at both ends: of the winner where it bends, else of the parabola. And which breaks count.
ends as (
    select
        weighted.*,
        -- What a change of velocity over half the period amounts to, and steps that go the same way.
        abs(speed_change_mm_yr) * date_diff('day', first_epoch, last_epoch) / days_per_year / 2 as changed,
        first_break = 'step' and second_break = 'step' and abs(first_break_mm + second_break_mm) >= step_limit
            as are_steps_together,
        second_break = 'hinge'
            and case first_break
                when 'hinge' then first_break_mm_yr * second_break_mm_yr > 0
                when 'step' then false
                else (end_velocity_mm_yr - start_velocity_mm_yr) * second_break_mm_yr > 0
            end as are_bends_together,
        coalesce(
            case first_break
                when 'step' then
                    are_steps_together
                    or abs(first_break_mm) >= step_limit
                    and (second_break = 'step' or abs(first_break_mm) >= minor_step * changed)
                when 'hinge' then abs(first_break_mm_yr) >= change_limit
                else abs(speed_change_mm_yr) >= change_limit
            end,
            false
        ) as is_first_large,
        coalesce(
            case second_break
                when 'step' then
                    are_steps_together
                    or abs(second_break_mm) >= step_limit
                    and (first_break = 'step' or abs(second_break_mm) >= minor_step * changed)
                when 'hinge' then abs(second_break_mm_yr) >= change_limit and not coalesce(are_bends_together, false)
                else abs(speed_change_mm_yr) >= change_limit
            end,
            false
        ) as is_second_large,
        quadratic_mm_yr2 * half_span * date_diff('day', first_epoch, last_epoch) / days_per_year as half_change,
        family in ('quadratic', 'decay', 'growth', 'hinge', 'step_hinge', 'several') as is_bent,
        case when is_bent then start_velocity_mm_yr else base_velocity_mm_yr - half_change end as start_velocity,
        case when is_bent then end_velocity_mm_yr else base_velocity_mm_yr + half_change end as end_velocity,
        case
            when is_bent then speed_change_sigma_mm_yr
            else 2 * quadratic_sigma_mm_yr2 * abs(half_change) / nullif(abs(quadratic_mm_yr2), 0)
        end as change_sigma,
        start_velocity * end_velocity < 0
            and least(abs(start_velocity), abs(end_velocity)) >= change_limit as is_reversed
    from weighted
    inner join observed.products using (product)
    cross join settings
)

select
    pid,
    product,
    line / every as line_weight,
    smooth / every as smooth_weight,
    hinge / every as hinge_weight,
    step / every as step_weight,
    step_hinge / every as step_hinge_weight,
    several / every as several_weight,
    start_velocity as start_velocity_mm_yr,
    end_velocity as end_velocity_mm_yr,
    change_sigma as change_sigma_mm_yr,
    probability_beyond(base_velocity_mm_yr, base_velocity_sigma_mm_yr, moving_limit) as moving_probability,
    rmse_mm * sqrt((1 - coalesce(kinematics.residual_correlation_1, 0)) / (1 - usual_correlation)) as decorrelation_mm,
    probability_above(decorrelation_mm, decorrelation_mm / sqrt(2 * n_effective), noisy_limit) as noisy_probability,
    -- A shape that could not be tried has no effect.
    coalesce(
        probability_above(abs(end_velocity) - abs(start_velocity), change_sigma, change_limit)
        * probability_above(greatest(abs(start_velocity), abs(end_velocity)), base_velocity_sigma_mm_yr, moving_limit),
        0
    ) as faster_probability,
    coalesce(
        probability_above(abs(start_velocity) - abs(end_velocity), change_sigma, change_limit)
        * probability_above(greatest(abs(start_velocity), abs(end_velocity)), base_velocity_sigma_mm_yr, moving_limit)
        * (not is_reversed)::integer,
        0
    ) as slower_probability,
    coalesce(
        probability_beyond(end_velocity - start_velocity, change_sigma, change_limit) * is_reversed::integer, 0
    ) as reversal_probability,
    coalesce(
        probability_beyond(hinge_mm_yr, hinge_sigma_mm_yr, change_limit)
        * probability_above(greatest(abs(start_velocity), abs(end_velocity)), base_velocity_sigma_mm_yr, moving_limit),
        0
    ) as bend_probability,
    coalesce(probability_beyond(step_mm, step_sigma_mm, step_limit), 0) as step_probability,
    coalesce(date_diff('day', step_from_date, step_to_date) > sharp_days, false) as is_step_blurred,
    coalesce(probability_beyond(step_hinge_mm, step_hinge_sigma_mm, step_limit), 0) as step_hinge_step_probability,
    coalesce(probability_beyond(step_hinge_mm_yr, step_hinge_sigma_mm_yr, change_limit), 0)
        as step_hinge_bend_probability,
    -- Of several breaks: how many count, and which one if it is alone.
    is_first_large::integer + is_second_large::integer as n_large_breaks,
    case
        when is_first_large and not is_second_large then first_break
        when is_second_large and not is_first_large then second_break
    end as lone_break
from ends
inner join features.kinematics as kinematics using (pid, product)
cross join settings
order by pid
;
