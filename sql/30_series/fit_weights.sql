-- What turns a series of one product into EGMS's statistics: a weight for each epoch, for each statistic.
--
-- version:   2
-- grain:     product, missing
-- partition: product
--
-- A least-squares fit at fixed epochs is a dot product with fixed weights, so no point is fitted alone.
-- Series that lack the same epochs share a row; a weight list is NULL where too few epochs are left.

create or replace table series.fit_weights as

with weighted as (
    select
        gaps.product,
        gaps.missing,
        fit_weights(products.epochs, gaps.missing) as weights
    from observed.gaps as gaps
    inner join observed.products as products using (product)
)

select
    product,
    missing,
    weights.line as line_weights,
    weights.velocity as velocity_weights,
    weights.acceleration as acceleration_weights,
    weights.season_cosine as season_cosine_weights,
    weights.season_sine as season_sine_weights,
    weights.basis as fit_basis,
    weights.velocity_error as velocity_error,
    weights.acceleration_error as acceleration_error,
    weights.season_error as season_error
from weighted
order by product, missing
;
