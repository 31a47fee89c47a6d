-- A component of the Gaussian mixture: where it lies, how wide it is, and the class that its mean shows.
--
-- version: 1
-- grain:   component
-- held:    true
--
-- One fit for all products, or classes would change at their borders. A new product does not change it; only
-- `egmsql build --refit` or a changed model does. Covariances are of the effects centred and scaled.

create or replace table mixtures.components as

with settings as (
    select
        200000 as most_points,
        1 as seed
),

sample as (
    select label, effects
    from mixtures.candidates
    order by draw, pid
    limit 200000
),

fitted as (
    select unnest(fit_mixture(flatten(list(effects)), list(label), first(seed))) as component
    from sample
    cross join settings
)

select
    component.component as component,
    component.class as class,
    component.weight as weight,
    component.mean as mean,                     -- of the effects
    component.covariance as covariance,         -- row by row
    component.centre as centre,
    component.scale as scale,
    component.n_points as n_points,
    component.log_likelihood as log_likelihood
from fitted
order by component.component
;
