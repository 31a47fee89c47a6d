-- Which class of motion a measurement point belongs to by the mixture: a probability for each.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- The sum over the components of a class; 0 for a class that no component shows.

create or replace table mixtures.motion as

with fitted as (
    select
        list(class order by component) as classes,
        list_concat(
            list(weight order by component),
            first(centre),
            first(scale),
            flatten(list(mean order by component)),
            flatten(list(covariance order by component))
        ) as parameters
    from mixtures.components
),

scored as (
    select
        pid,
        product,
        unnest(score_mixture(effects, parameters, classes))
    from mixtures.features
    cross join fitted
    where len(classes) > 0
)

select
    pid,
    product,
    stable_probability,
    linear_probability,
    accelerating_probability,
    decelerating_probability,
    velocity_change_probability,
    step_probability,
    noisy_probability,
    complex_probability
from scored
order by pid
;
