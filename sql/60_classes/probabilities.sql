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
    select
        0.0 as mixture_below,       -- probability of the rules' best class below which the mixture decides; 0: never
        0.001 as probability_floor  -- no class is ever impossible
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

listed as (
    select
        pid,
        product,
        [
            {'share': standing + probability_floor, 'class': 'stable'},
            {'share': linear + probability_floor, 'class': 'linear'},
            {'share': accelerating + probability_floor, 'class': 'accelerating'},
            {'share': decelerating + probability_floor, 'class': 'decelerating'},
            {'share': bent + probability_floor, 'class': 'velocity_change'},
            {'share': stepping + probability_floor, 'class': 'step'},
            {'share': noisy + probability_floor, 'class': 'noisy'},
            {'share': complex + probability_floor, 'class': 'complex'}
        ] as shares
    from stated
    cross join settings
),

ranked as (
    select
        pid,
        product,
        shares,
        list_reverse_sort(shares) as ordered,
        shares[1].share + shares[2].share + shares[3].share + shares[4].share
            + shares[5].share + shares[6].share + shares[7].share + shares[8].share as every,
        ordered[1].share / every as best,
        ordered[2].share / every as second,
        if(ordered[1].class in ('stable', 'linear', 'noisy'), 'steady', 'changing') as kind
    from listed
),

-- What the best is worth, but never less than the second, which then has what it leaves.
calibrated as (
    select
        pid,
        product,
        shares,
        ordered,
        every,
        greatest(
            correct + (next_correct - correct) * (best - calibration.stated)
                / greatest(next_stated - calibration.stated, 1e-9),
            second / (second + 1 - best)
        ) as worth,
        (1 - worth) / (1 - best) / every as rest,
        worth / best / every as first
    from ranked
    asof inner join classes.calibration as calibration
        on ranked.kind = calibration.kind and ranked.best >= calibration.stated
)

select
    motion.pid,
    motion.product,
    coalesce(ordered[1].class, 'unclassified') as class,
    worth::float as probability,
    ordered[2].class as second_class,
    (ordered[2].share * rest)::float as second_probability,
    (shares[1].share * if(class = 'stable', first, rest))::float as stable_probability,
    (shares[2].share * if(class = 'linear', first, rest))::float as linear_probability,
    (shares[3].share * if(class = 'accelerating', first, rest))::float as accelerating_probability,
    (shares[4].share * if(class = 'decelerating', first, rest))::float as decelerating_probability,
    (shares[5].share * if(class = 'velocity_change', first, rest))::float as velocity_change_probability,
    (shares[6].share * if(class = 'step', first, rest))::float as step_probability,
    (shares[7].share * if(class = 'noisy', first, rest))::float as noisy_probability,
    (shares[8].share * if(class = 'complex', first, rest))::float as complex_probability
from rules.motion as motion
left join calibrated using (pid, product)
order by motion.pid
;
