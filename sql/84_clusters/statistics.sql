-- What the members of a cluster have in common: how many, how fast, how sure, of which class.
--
-- version:   2
-- grain:     cluster
-- partition: batch
--
-- Errors of neighbouring points are not independent, so the mean velocity's sigma never falls below that of one
-- point: only what the points scatter by is divided by their number.

create or replace table clusters.statistics as

with described as (
    select moving.* replace (coalesce(moving.class, 'unclassified') as class)
    from clusters.batches as batches
    inner join clusters.moving as moving using (cluster, product)
),

classes as (
    select
        cluster,
        list({'class': class, 'n_points': n_points} order by n_points desc, class) as composition
    from (select cluster, class, count(*) as n_points from described group by cluster, class) as counted
    group by cluster
),

summed as (
    select
        cluster,
        any_value(stack) as stack,
        any_value(level) as level,
        any_value(release) as release,
        list(distinct track order by track) filter (track is not null) as tracks,
        string_agg(distinct direction, '+' order by direction) as direction,
        list(distinct product order by product) as products,
        count(*) as n_points,
        count(*) filter (is_core) as n_cores,
        avg(easting) as mean_easting,
        avg(northing) as mean_northing,
        avg(velocity_mm_yr) as mean_velocity,
        coalesce(stddev_samp(velocity_mm_yr), 0) as spread,
        min(velocity_mm_yr) as slowest,
        max(velocity_mm_yr) as fastest,
        sqrt(avg(velocity_sigma_mm_yr) ** 2 + coalesce(var_samp(velocity_mm_yr), 0) / count(*)) as sigma,
        avg(temporal_coherence) as coherence
    from described
    group by cluster
)

select
    cluster,
    stack,
    level,
    release,
    tracks,
    direction,
    products,
    n_points,
    n_cores,
    -- rounded, for sums differ in their last bits with the order of threads
    round(mean_easting, 2) as easting,
    round(mean_northing, 2) as northing,
    round(mean_velocity, 4) as velocity_mm_yr,
    round(spread, 4) as velocity_spread_mm_yr,      -- standard deviation of the members
    round(slowest, 4) as velocity_min_mm_yr,
    round(fastest, 4) as velocity_max_mm_yr,
    round(sigma, 4) as velocity_sigma_mm_yr,
    round(coherence, 4) as temporal_coherence,
    composition,
    case when composition[1].n_points * 2 < n_points then 'mixed' else composition[1].class end as class,
    composition[1].n_points / n_points as purity    -- share of the most frequent class
from summed
inner join classes using (cluster)
order by cluster
;
