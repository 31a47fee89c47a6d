-- Where neighbouring cells move alike and unlike all others: Getis-Ord Gi* of east and up, with its probability.
--
-- version: 2
-- grain:   easting, northing, release, component
--
-- Gi* compares the mean of a cell and those around it with that of all cells of the release, as a z-score. Thousands
-- of cells are judged at once, so p alone finds hot spots everywhere: q is the share of false ones among all
-- cells of the release and component that are called hot at this q or below (Benjamini and Hochberg). For the
-- ranking scores are told apart by a millionth: that changes q by less than its hundred thousandth.

create or replace table geometry.hotspots as

with settings as (
    select
        0.05 as false_share,        -- of the cells called hot, at most
        1e6 as ranks                -- per unit of Gi*
),

moving as (
    select easting, northing, release, 'E' as component, velocity_east_mm_yr as velocity
    from geometry.cells
    union all
    select easting, northing, release, 'U' as component, velocity_up_mm_yr as velocity
    from geometry.cells
),

around as (
    select easting, northing, release, 'E' as component, n_cells, east_sum_mm_yr as total
    from geometry.surroundings
    union all
    select easting, northing, release, 'U' as component, n_cells, up_sum_mm_yr as total
    from geometry.surroundings
),

whole as (
    select
        release,
        component,
        count(*) as n,
        steady_sum(velocity) / n as mean,
        sqrt(greatest(steady_sum(velocity ** 2) / n - mean ** 2, 0)) as spread
    from moving
    group by release, component
),

scored as (
    select
        easting,
        northing,
        release,
        component,
        n_cells,
        total / n_cells as mean_mm_yr,
        case
            when spread > 0 and n > n_cells then
                (total - mean * n_cells) / (spread * sqrt((n * n_cells - n_cells ** 2) / (n - 1)))
        end as gi_star,
        round(ranks * abs(gi_star))::bigint as rank
    from around
    inner join whole using (release, component)
    cross join settings
),

tallied as (
    select release, component, rank, count(*) as n_alike, normal_tail(rank / any_value(ranks)) as p_value
    from scored
    cross join settings
    where rank is not null
    group by release, component, rank
),

adjusted as (
    select
        release,
        component,
        rank,
        p_value * sum(n_alike) over (partition by release, component)
            / sum(n_alike) over (partition by release, component order by rank desc) as share
    from tallied
),

controlled as (
    select
        release,
        component,
        rank,
        least(min(share) over (partition by release, component order by rank), 1) as false_discovery_rate
    from adjusted
)

select
    easting,
    northing,
    release,
    component,                      -- E, + eastward; U, + upward
    n_cells,                        -- with data, itself included
    mean_mm_yr,
    gi_star,
    normal_tail(gi_star) as p_value,
    false_discovery_rate,
    false_discovery_rate <= false_share as is_hotspot
from scored
left join controlled using (release, component, rank)
cross join settings
order by hilbert_order(easting, northing), easting, northing, release, component
;
