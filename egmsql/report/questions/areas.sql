-- The active areas with the most points: where they are, how they move, of what quality they are.

select
    cluster,
    level,
    coalesce(direction, '') as look,
    release,
    class,
    n_points,
    velocity_mm_yr,
    velocity_sigma_mm_yr,
    area_m2,
    latitude,
    longitude,
    quality,
    count(*) over () as n_areas
from clusters.areas
order by n_points desc, cluster
limit 15
;
