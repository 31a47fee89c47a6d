-- How probable each class of motion is for a measurement point: calibrated, most probable first.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- By the point's own evidence; where that leaves doubt the mixture can decide instead. It is off: on the
-- benchmark it adds nothing (docs/classes.md). NULL where the point is not eligible.

create or replace table classes.probabilities as

with settings as (
    select 0.0 as mixture_below     -- probability of the rules' best class below which the mixture decides; 0: never
),

stated as (
    select
        pid,
        product,
        greatest(
            own.stable_probability, own.linear_probability, own.accelerating_probability,
            own.decelerating_probability, own.velocity_change_probability, own.step_probability,
            own.noisy_probability, own.complex_probability
        ) < mixture_below and mixed.pid is not null as is_mixed,
        case when is_mixed then mixed.stable_probability else own.stable_probability end as standing,
        case when is_mixed then mixed.linear_probability else own.linear_probability end as linear,
        case when is_mixed then mixed.accelerating_probability else own.accelerating_probability end as accelerating,
        case when is_mixed then mixed.decelerating_probability else own.decelerating_probability end as decelerating,
        case when is_mixed then mixed.velocity_change_probability else own.velocity_change_probability end as bent,
        case when is_mixed then mixed.step_probability else own.step_probability end as stepping,
        case when is_mixed then mixed.noisy_probability else own.noisy_probability end as noisy,
        case when is_mixed then mixed.complex_probability else own.complex_probability end as complex
    from rules.motion as own
    left join mixtures.motion as mixed using (pid, product)
    cross join settings
    where is_eligible
),

raised as (
    select
        pid,
        product,
        [
            {'share': (standing + probability_floor) ** exponent, 'class': 'stable'},
            {'share': (linear + probability_floor) ** exponent, 'class': 'linear'},
            {'share': (accelerating + probability_floor) ** exponent, 'class': 'accelerating'},
            {'share': (decelerating + probability_floor) ** exponent, 'class': 'decelerating'},
            {'share': (bent + probability_floor) ** exponent, 'class': 'velocity_change'},
            {'share': (stepping + probability_floor) ** exponent, 'class': 'step'},
            {'share': (noisy + probability_floor) ** exponent, 'class': 'noisy'},
            {'share': (complex + probability_floor) ** exponent, 'class': 'complex'}
        ] as shares
    from stated
    cross join classes.recalibration
),

ranked as (
    select
        pid,
        product,
        shares,
        list_reverse_sort(shares) as ordered,
        shares[1].share + shares[2].share + shares[3].share + shares[4].share
            + shares[5].share + shares[6].share + shares[7].share + shares[8].share as every
    from raised
)

select
    motion.pid,
    motion.product,
    coalesce(ordered[1].class, 'unclassified') as class,
    (ordered[1].share / every)::float as probability,
    ordered[2].class as second_class,
    (ordered[2].share / every)::float as second_probability,
    (shares[1].share / every)::float as stable_probability,
    (shares[2].share / every)::float as linear_probability,
    (shares[3].share / every)::float as accelerating_probability,
    (shares[4].share / every)::float as decelerating_probability,
    (shares[5].share / every)::float as velocity_change_probability,
    (shares[6].share / every)::float as step_probability,
    (shares[7].share / every)::float as noisy_probability,
    (shares[8].share / every)::float as complex_probability
from rules.motion as motion
left join ranked using (pid, product)
order by motion.pid
;
