-- A measurement point that the mixture may be fitted on.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- Of each winning family of a product the points whose hash is smallest: a fair draw that depends on no order.
-- A point that the rules are sure of carries their class, from which the fit starts.

create or replace table mixtures.candidates as

with settings as (
    select
        500 as most_per_family,
        0.95 as sure                -- probability from which the rules' class counts
),

labelled as (
    select
        pid,
        product,
        family,
        effects,
        hash(concat(pid, product, 'mixture')) as draw,
        case
            when stable_probability >= sure then 'stable'
            when linear_probability >= sure then 'linear'
            when accelerating_probability >= sure then 'accelerating'
            when decelerating_probability >= sure then 'decelerating'
            when velocity_change_probability >= sure then 'velocity_change'
            when step_probability >= sure then 'step'
            when noisy_probability >= sure then 'noisy'
            else ''
        end as label
    from mixtures.features
    inner join rules.motion using (pid, product)
    cross join settings
    where is_eligible
),

drawn as (
    select unnest(min_by({'pid': pid, 'product': product, 'draw': draw, 'label': label, 'effects': effects}, draw, 500))
        as point
    from labelled
    group by product, family
)

select
    point.pid as pid,
    point.product as product,
    point.draw as draw,
    point.label as label,
    point.effects as effects
from drawn
order by draw, pid
;
