-- How a measurement point's series in one release lies against that in the release before.
--
-- version:   1
-- grain:     pid, product
-- partition: place
--
-- A pid names the same scatterer in every release, so it joins them; that it has the same line and pixel is
-- checked. The offset is the median of newer less older over the epochs that both have. Its standard error
-- counts correlated epochs for fewer. A drift that is not 0 says that the releases disagree about the velocity.

create or replace table geometry.releases as

with settings as (
    select 10 as fewest_epochs      -- that both have; with fewer nothing is joined
),

older_points as (
    select places.product, older_product, pid, line, pixel
    from ground.places as places
    inner join observed.points as points on places.older_product = points.product
),

older_series as (
    select places.product, older_product, pid, displacements, calendar
    from ground.places as places
    inner join series.displacement as series on places.older_product = series.product
),

matched as (
    select
        pid,
        product,
        points.line is not distinct from older_points.line and points.pixel is not distinct from older_points.pixel
            as is_same_place
    from observed.points as points
    inner join older_points using (pid, product)
),

compared as (
    select
        pid,
        product,
        older_product,
        release_offset(older_series.displacements, newer.displacements, older_series.calendar, newer.calendar) as found
    from series.displacement as newer
    inner join older_series using (pid, product)
)

select
    pid,
    product,
    older_product,
    is_same_place,                              -- line and pixel, or the L3 cell
    coalesce(found.n_common, 0)::integer as n_common,
    found.offset_mm as offset_mm,               -- to be added to the older series
    found.offset_sigma_mm as offset_sigma_mm,
    found.drift_mm_yr as drift_mm_yr,
    found.drift_sigma_mm_yr as drift_sigma_mm_yr,
    is_same_place and n_common >= fewest_epochs as is_joined
from compared
inner join matched using (pid, product)
cross join settings
order by pid, product
;
