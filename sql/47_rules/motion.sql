-- Which class of motion a measurement point shows by its own series alone: a probability for each.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- The evidence for each family goes to the class that its effect leads to; what is too small to matter goes
-- back to the line, and the line is stable, noisy or linear by size. The probabilities add up to 1. A bend and
-- a smooth change look alike, so a bend is only named one where it is clearly better; what it does to the speed
-- counts in any case.

create or replace table rules.motion as

with settings as (
    select
        6.0 as bend_advantage,          -- of BIC, by which a bend has to beat the smooth changes
        0.5 as least_coherence,         -- temporal coherence as published; L3 has none and passes
        20 as fewest_epochs
),

shared as (
    select
        effects.*,
        hinge_weight * exp(-bend_advantage / 2) / nullif(hinge_weight * exp(-bend_advantage / 2) + smooth_weight, 0)
            as bend_share,
        (smooth_weight + hinge_weight) * (1 - coalesce(bend_share, 0)) as changing,
        (smooth_weight + hinge_weight) * coalesce(bend_share, 0) as bent,
        step_hinge_weight * (1 - step_hinge_step_probability) as step_hinge_left,
        step_weight * step_probability as jumping,
        case when n_large_breaks = 2 then several_weight else 0.0 end as broken,
        broken + case when is_step_blurred then jumping else 0.0 end as complex,
        case when lone_break = 'step' then several_weight else 0.0 end as lone_step,
        case when lone_break = 'hinge' then several_weight else 0.0 end as lone_bend,
        case when lone_break not in ('step', 'hinge') then several_weight else 0.0 end as lone_change,
        n_epochs >= fewest_epochs and coalesce(points.temporal_coherence >= least_coherence, true) as is_eligible
    from rules.effects as effects
    inner join observed.points as points using (pid, product)
    inner join features.fits using (pid, product)
    cross join settings
),

classified as (
    select
        pid,
        product,
        is_eligible and line_weight is not null as is_eligible,
        moving_probability,
        noisy_probability,
        (changing + lone_change) * faster_probability as accelerating,
        (changing + lone_change) * slower_probability as decelerating,
        bent * bend_probability + (changing + lone_change) * reversal_probability
            + step_hinge_left * step_hinge_bend_probability + lone_bend as velocity_change,
        case when is_step_blurred then 0.0 else jumping end + step_hinge_weight * step_hinge_step_probability + lone_step as step,
        complex,
        greatest(1 - accelerating - decelerating - velocity_change - step - complex, 0) as line
    from shared
)

select
    pid,
    product,
    is_eligible,
    line * (1 - moving_probability) * (1 - noisy_probability) as stable_probability,
    line * moving_probability as linear_probability,
    accelerating as accelerating_probability,
    decelerating as decelerating_probability,
    velocity_change as velocity_change_probability,
    step as step_probability,
    line * (1 - moving_probability) * noisy_probability as noisy_probability,
    complex as complex_probability
from classified
order by pid
;
