-- How the points of one level, direction and release move, in all: the figures beside each map.
--
-- The quantiles are of one point in `every`, so that memory stays bounded whatever the lake holds; the counts
-- are of all points.

with settings as (
    select
        2.0 as still,               -- mm/yr; slower is called nearly still
        500000 as most_points      -- that quantiles are taken of
),

sampling as (
    select still, greatest(1, ceil(sum(n_points) / any_value(most_points)))::bigint as every
    from observed.products
    cross join settings
    group by still
),

seen as (
    select
        product,
        level,
        coalesce(direction, case component when 'E' then 'east' when 'U' then 'up' end, 'unknown') as look,
        release
    from observed.products
)

select
    level,
    look,
    release,
    count(distinct product) as n_products,
    count(*) as n_points,
    any_value(still) as still_mm_yr,
    any_value(every) as every,
    avg((velocity_mm_yr < -still)::integer) as share_negative,
    avg((abs(velocity_mm_yr) <= still)::integer) as share_still,
    avg((velocity_mm_yr > still)::integer) as share_positive,
    quantile_cont(velocity_mm_yr, [0.05, 0.5, 0.95]) filter (hash(pid) % every = 0) as velocity_mm_yr,
    quantile_cont(rmse_mm, [0.05, 0.5, 0.95]) filter (hash(pid) % every = 0) as rmse_mm,
    quantile_cont(temporal_coherence, [0.05, 0.5, 0.95]) filter (hash(pid) % every = 0) as temporal_coherence,
    quantile_cont(residual_correlation_1, [0.05, 0.5, 0.95])
        filter (hash(pid) % every = 0) as residual_correlation_1
from features.kinematics
inner join seen using (product)
cross join sampling
where velocity_mm_yr is not null
group by level, look, release
order by level, look, release
;
