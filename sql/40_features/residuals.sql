-- What EGMS's fits leave of each series: temporal coherence, and how large and how correlated the noise is.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- A Python function, for in SQL the coherence alone takes ten times as long. NULL where a series has too few
-- epochs; the noise also where the series has none.

create or replace table features.residuals as

with settings as (
    select 55.46576 as wavelength   -- mm, of Sentinel-1
),

evaluated as (
    select
        displacement.pid,
        displacement.product,
        unnest(residuals(displacement.displacements, products.epochs, settings.wavelength))
    from series.displacement as displacement
    inner join observed.products as products using (product)
    cross join settings
)

select
    pid,
    product,
    temporal_coherence,         -- refitted; observed.points has the published one
    residual_correlation_1,
    residual_correlation_2,
    noise_std_mm
from evaluated
order by pid
;
