-- What EGMS's fits leave of each series: temporal coherence, and how large and how correlated the noise is.
--
-- version:   2
-- grain:     pid, product
-- partition: product
--
-- In the order of series.displacement, by pid: rows pass one by one, no join or sort moves them.
-- A Python function, for in SQL the coherence alone takes ten times as long. NULL where a series has too few
-- epochs; the noise also where the series has none.

create or replace table features.residuals as

with displaced as (
    select
        pid,
        product,
        displacements,
        calendar,

        -- settings
        55.46576 as wavelength      -- mm, of Sentinel-1
    from series.displacement
),

evaluated as (
    select
        pid,
        product,
        unnest(residuals(displacements, calendar, wavelength))
    from displaced
)

select
    pid,
    product,
    temporal_coherence,         -- refitted; observed.points has the published one
    residual_correlation_1,
    residual_correlation_2,
    noise_std_mm
from evaluated
;
