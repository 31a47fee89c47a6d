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

pairs as (
    select
        places.product,
        places.older_product,
        [e for e in newer.epochs if list_contains(older.epochs, e)] as common,
        [list_position(newer.epochs, e) for e in common] as newer_places,
        [list_position(older.epochs, e) for e in common] as older_places
    from ground.places as places
    inner join observed.products as newer on places.product = newer.product
    inner join observed.products as older on places.older_product = older.product
),

matched as (
    select
        points.pid,
        pairs.product,
        pairs.older_product,
        points.line is not distinct from former.line and points.pixel is not distinct from former.pixel as is_same_place,
        common,
        newer_places,
        older_places
    from pairs
    inner join observed.points as points on pairs.product = points.product
    inner join observed.points as former on pairs.older_product = former.product and points.pid = former.pid
),

compared as (
    select
        matched.pid,
        matched.product,
        matched.older_product,
        is_same_place,
        release_offset(
            list_select(older.displacements, older_places),
            list_select(newer.displacements, newer_places),
            common
        ) as found
    from matched
    inner join series.displacement as newer on matched.pid = newer.pid and matched.product = newer.product
    inner join series.displacement as older on matched.pid = older.pid and matched.older_product = older.product
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
cross join settings
order by pid, product
;
