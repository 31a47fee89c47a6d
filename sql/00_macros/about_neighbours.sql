-- Velocities (mm/yr) of measurement points relative to the ground around each: the median of a ring about it.
--
-- `points` as in about_place; the ring lies between `inner` and `outer` (m), such as 2000 and 5000, and an inner edge
-- beyond the moving area keeps it out of its own reference. Only points of the same product count. It compares
-- every point with all of its ring: name a table of the area in question, not a whole country.

create or replace macro about_neighbours(points, inner_radius, outer_radius) as table
with placed as (
    select pid, product, easting, northing, velocity_mm_yr, velocity_sigma_mm_yr,
        floor(easting / outer_radius)::bigint as column_number, floor(northing / outer_radius)::bigint as row_number
    from query_table(points)
),

looking as (
    select pid, product, easting, northing, column_number + east as column_number, row_number + north as row_number
    from placed
    cross join (select unnest([-1, 0, 1]) as east)
    cross join (select unnest([-1, 0, 1]) as north)
),

chosen as (
    select
        looking.pid,
        looking.product,
        median(placed.velocity_mm_yr) as reference_velocity_mm_yr,
        median_sigma(mad(placed.velocity_mm_yr), count(*)) as reference_sigma_mm_yr,
        count(*) as n_reference
    from looking
    inner join placed using (product, column_number, row_number)
    where
        distance_between(looking.easting, looking.northing, placed.easting, placed.northing)
            between inner_radius and outer_radius
    group by looking.pid, looking.product
)

select
    pid,
    product,
    easting,
    northing,
    velocity_mm_yr,
    velocity_sigma_mm_yr,
    reference_velocity_mm_yr,
    reference_sigma_mm_yr,
    n_reference,
    velocity_mm_yr - reference_velocity_mm_yr as relative_velocity_mm_yr,
    sqrt(velocity_sigma_mm_yr ** 2 + reference_sigma_mm_yr ** 2) as relative_sigma_mm_yr
from placed
left join chosen using (pid, product)
;
