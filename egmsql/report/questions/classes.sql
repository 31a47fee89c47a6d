-- What kinds of motion the points of one level, direction and release show, and how sure that is.

with seen as (
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
    class,
    count(*) as n_points,
    count(*) / sum(count(*)) over (partition by level, look, release) as share,
    avg(probability) as probability,
    avg(is_periodic::integer) as share_periodic,
    count(*) filter (is_unwrapping_suspect) as n_unwrapping_suspects,
    count(*) filter (is_last_year_anomaly) as n_last_year_anomalies
from classes.motion
inner join seen using (product)
group by level, look, release, class
order by level, look, release, n_points desc, class
;
