-- How each measurement point moves by EGMS's own definitions, as far as dot products tell.
--
-- version:   2
-- grain:     pid, product
-- partition: product
--
-- The same joint fits that EGMS publishes, so the numbers agree with its columns to their rounding. What a
-- fit leaves is y·y less its squared dot products with an orthonormal basis, so no residual is written out.
-- NULL where a series has too few epochs for the fit; a standard error also where none is left over.

create or replace table features.fits as

with settings as (
    select
        0.1 as mm_per_unit,                             -- mm in one unit of series.displacement
        sqrt((4 - pi()) / 2) as rayleigh                -- spread of the length of a vector with noisy components
),

measured as (
    select
        pid,
        product,
        missing_epochs(displacements) as missing,
        case
            when list_position(displacements, null) is null then displacements::double[]
            -- the weight of a missing epoch is 0, and a 0 adds nothing to y·y
            else [coalesce(d, 0)::double for d in displacements]
        end as displacements
    from series.displacement
),

-- The basis row by row, found once and not for every point.
weighted as (
    select
        *,
        fit_basis[1] as basis_1,
        fit_basis[2] as basis_2,
        fit_basis[3] as basis_3,
        fit_basis[4] as basis_4,
        fit_basis[5] as basis_5,
        fit_basis[6] as basis_6
    from series.fit_weights
),

projected as (
    select
        pid,
        product,
        len(displacements) - len(missing) as n_epochs,
        list_dot_product(displacements, line_weights) as ols_velocity,
        list_dot_product(displacements, velocity_weights) as velocity,
        list_dot_product(displacements, acceleration_weights) as acceleration,
        list_dot_product(displacements, season_cosine_weights) as season_cosine,
        list_dot_product(displacements, season_sine_weights) as season_sine,
        -- The squares that the fits with four, five and six terms leave.
        list_dot_product(displacements, displacements)
            - list_dot_product(displacements, basis_1) ** 2
            - list_dot_product(displacements, basis_2) ** 2
            - list_dot_product(displacements, basis_3) ** 2
            - list_dot_product(displacements, basis_4) ** 2 as linear_squares,
        linear_squares - list_dot_product(displacements, basis_5) ** 2 as quadratic_squares,
        quadratic_squares - list_dot_product(displacements, basis_6) ** 2 as cubic_squares,
        velocity_error,
        acceleration_error,
        season_error
    from measured
    inner join weighted using (product, missing)
)

select
    pid,
    product,
    n_epochs,                       -- that the series has
    mm_per_unit * velocity as velocity_mm_yr,
    mm_per_unit * residual_std(linear_squares, n_epochs, 4) * velocity_error as velocity_std_mm_yr,
    mm_per_unit * acceleration as acceleration_mm_yr2,
    mm_per_unit * residual_std(quadratic_squares, n_epochs, 5) * acceleration_error as acceleration_std_mm_yr2,
    mm_per_unit * sqrt(season_cosine ** 2 + season_sine ** 2) as seasonality_mm,
    mm_per_unit * residual_rms(cubic_squares, n_epochs, 6) * rayleigh * season_error as seasonality_std_mm,
    mm_per_unit * residual_rms(cubic_squares, n_epochs, 6) as rmse_mm,
    mm_per_unit * ols_velocity as ols_velocity_mm_yr,
    mm_per_unit * season_cosine as season_cosine_mm,    -- t = 0 at the product's first epoch
    mm_per_unit * season_sine as season_sine_mm,
    velocity_error,
    acceleration_error,
    season_error
from projected
cross join settings
order by pid
;
