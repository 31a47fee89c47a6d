-- How each measurement point moves by EGMS's own definitions: velocity, acceleration, season.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- The same joint fits that EGMS publishes, so the numbers agree with its columns to their rounding.
-- NULL where a series has too few epochs for the fit.

create or replace table features.fits as

with settings as (
    select 0.1 as mm_per_unit   -- mm in one unit of series.displacement
),

measured as (
    select
        pid,
        product,
        missing_epochs(displacements) as missing,
        case
            when list_position(displacements, null) is null then displacements::double[]
            -- the weight of a missing epoch is 0, so any number may stand in its place
            else [coalesce(d, 0)::double for d in displacements]
        end as displacements
    from series.displacement
),

fitted as (
    select
        measured.pid,
        measured.product,
        len(measured.displacements) - len(measured.missing) as n_epochs,
        list_dot_product(measured.displacements, weights.velocity_weights) as velocity,
        list_dot_product(measured.displacements, weights.acceleration_weights) as acceleration,
        list_dot_product(measured.displacements, weights.season_cosine_weights) as season_cosine,
        list_dot_product(measured.displacements, weights.season_sine_weights) as season_sine
    from measured
    inner join series.fit_weights as weights using (product, missing)
)

select
    fitted.pid,
    fitted.product,
    fitted.n_epochs,
    fitted.velocity * settings.mm_per_unit as velocity_mm_yr,
    fitted.acceleration * settings.mm_per_unit as acceleration_mm_yr2,
    sqrt(fitted.season_cosine ** 2 + fitted.season_sine ** 2) * settings.mm_per_unit as seasonality_mm,
    fitted.season_cosine * settings.mm_per_unit as season_cosine_mm,    -- t = 0 at the product's first epoch
    fitted.season_sine * settings.mm_per_unit as season_sine_mm
from fitted
cross join settings
order by fitted.pid
;
