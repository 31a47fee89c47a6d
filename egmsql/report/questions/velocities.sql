-- How many points of a level have a published velocity and a refitted one that differs by so much.
--
-- Of one point in `every`: the join of all points would need their memory.

with settings as (
    select 500000 as most_points
),

sampling as (
    select greatest(1, ceil(sum(n_points) / any_value(most_points)))::bigint as every
    from observed.products
    cross join settings
),

refitted as (
    select pid, product, velocity_mm_yr
    from features.kinematics
    where velocity_mm_yr is not null and hash(pid) % (select every from sampling) = 0
),

published as (
    select pid, product, mean_velocity
    from observed.points
    where mean_velocity is not null and hash(pid) % (select every from sampling) = 0
)

select
    level,
    round(mean_velocity, 1) as published,                       -- mm/yr
    round(velocity_mm_yr - mean_velocity, 2) as difference,     -- mm/yr; refitted less published
    count(*) as n_points,
    any_value(every) as every
from refitted
inner join published using (pid, product)
inner join observed.products using (product)
cross join sampling
group by all
order by all
;
