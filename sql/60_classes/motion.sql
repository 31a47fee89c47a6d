-- What kind of motion a measurement point shows, how sure that is, and what else its series tells.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- The class is the most probable one; the probabilities add up to 1 and are calibrated. Waves, steps and
-- suspicions are attributes of every point, never competing classes.

create or replace table classes.motion as

with names as (
    select [
        'stable', 'linear', 'accelerating', 'decelerating', 'velocity_change', 'step', 'noisy', 'complex'
    ] as classes
),

raised as (
    select
        pid,
        product,
        is_eligible,
        [
            (stable_probability + probability_floor) ** exponent,
            (linear_probability + probability_floor) ** exponent,
            (accelerating_probability + probability_floor) ** exponent,
            (decelerating_probability + probability_floor) ** exponent,
            (velocity_change_probability + probability_floor) ** exponent,
            (step_probability + probability_floor) ** exponent,
            (noisy_probability + probability_floor) ** exponent,
            (complex_probability + probability_floor) ** exponent
        ] as shares
    from rules.motion
    cross join classes.recalibration
),

ranked as (
    select
        pid,
        product,
        is_eligible,
        shares,
        list_sum(shares) as every,
        list_max(shares) as most,
        list_position(shares, most) as best,
        list_max(list_concat(shares[:best - 1], shares[best + 1:])) as second_most,
        classes,
        list_position(shares, second_most) as second_place
    from raised
    cross join names
)

select 1
;
