-- Where neighbouring cells move alike and unlike their tile: Getis-Ord Gi* of east and up, with its probability.
--
-- version:   1
-- grain:     easting, northing, release, component
-- partition: tile
--
-- Gi* compares the mean of a cell and those around it with the mean of the tile, as a z-score. Thousands of cells
-- are judged at once, so p alone finds hot spots everywhere: q is the share of false ones among all cells
-- that are called hot at this q or below (Benjamini and Hochberg). The tile is the study area: what other tiles
-- hold changes nothing, and beyond its edge nothing is counted.

create or replace table geometry.hotspots as

with settings as (
    select
        2 as reach,                 -- cells on each side: 5 by 5 cells are half a kilometre
        100 as cell_size,           -- m
        0.05 as false_share         -- of the cells called hot, at most
),

moving as (
    select easting, northing, release, 'E' as component, velocity_east_mm_yr as velocity
    from geometry.cells
    union all
    select easting, northing, release, 'U' as component, velocity_up_mm_yr as velocity
    from geometry.cells
),

placed as (
    select
        tile_of(easting) as tile_easting,
        tile_of(northing) as tile_northing,
        release,
        component,
        easting,
        northing,
        velocity
    from moving
),

whole as (
    select
        tile_easting,
        tile_northing,
        release,
        component,
        count(*) as n,
        steady_sum(velocity) / n as mean,
        sqrt(greatest(steady_sum(velocity ** 2) / n - mean ** 2, 0)) as spread
    from placed
    group by tile_easting, tile_northing, release, component
),

looking as (
    select
        tile_easting,
        tile_northing,
        release,
        component,
        easting as centre_easting,
        northing as centre_northing,
        easting + cell_size * east as easting,
        northing + cell_size * north as northing
    from placed
    cross join settings
    cross join (select unnest(range(-reach, reach + 1)) as east from settings)
    cross join (select unnest(range(-reach, reach + 1)) as north from settings)
),

boxes as (
    select
        tile_easting,
        tile_northing,
        release,
        component,
        centre_easting as easting,
        centre_northing as northing,
        count(*) as n_cells,
        steady_sum(velocity) as total
    from looking
    inner join placed using (tile_easting, tile_northing, release, component, easting, northing)
    group by all
),

scored as (
    select
        tile_easting,
        tile_northing,
        release,
        component,
        easting,
        northing,
        n_cells,
        total / n_cells as mean_mm_yr,
        case
            when spread > 0 and n > n_cells then
                (total - mean * n_cells) / (spread * sqrt((n * n_cells - n_cells ** 2) / (n - 1)))
        end as gi_star,
        normal_tail(gi_star) as p_value
    from boxes
    inner join whole using (tile_easting, tile_northing, release, component)
),

ranked as (
    select
        tile_easting,
        tile_northing,
        release,
        component,
        easting,
        northing,
        n_cells,
        mean_mm_yr,
        gi_star,
        p_value,
        p_value * count(p_value) over study
            / count(p_value) over (study order by p_value range between unbounded preceding and current row) as adjusted
    from scored
    window study as (partition by tile_easting, tile_northing, release, component)
)

select
    easting,
    northing,
    release,
    component,                      -- E, + eastward; U, + upward
    n_cells,                        -- with data, itself included
    mean_mm_yr,
    gi_star,
    p_value,
    least(min(adjusted) over later, 1) as false_discovery_rate,
    false_discovery_rate <= false_share as is_hotspot
from ranked
cross join settings
window later as (
    partition by tile_easting, tile_northing, release, component
    order by p_value desc
    range between unbounded preceding and current row
)
order by hilbert_order(easting, northing), release, component
;
