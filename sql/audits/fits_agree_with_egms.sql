-- The refitted velocity, acceleration and season equal the published ones, but for rounding.
--
-- severity: warning
-- audits:   features.fits
--
-- A warning: other producers may compute otherwise. On L2b the published velocity holds the rounded
-- `gnss_velocity` where the series hold the smooth one, hence its wider margin.

with settings as (
    select
        0.16 as velocity_margin,        -- mm/yr: half a unit of two rounded columns, and 3 sigma of rounded series
        0.02 as acceleration_margin,    -- mm/yr²
        0.08 as seasonality_margin      -- mm
)

select product, pid, velocity_mm_yr, mean_velocity, acceleration_mm_yr2, acceleration, seasonality_mm, seasonality
from features.fits
inner join observed.points using (pid, product)
cross join settings
where
    abs(velocity_mm_yr - mean_velocity) > velocity_margin
    or abs(acceleration_mm_yr2 - acceleration) > acceleration_margin
    or abs(seasonality_mm - seasonality) > seasonality_margin
;
