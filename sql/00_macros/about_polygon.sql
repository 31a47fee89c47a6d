-- Velocities (mm/yr) of measurement points relative to those inside a polygon (see is_inside): a change of reference.
--
-- `points` names a table such as 'geometry.points': pid, product, easting, northing, velocity_mm_yr,
-- velocity_sigma_mm_yr. Each product has its own reference: the median of its points there. Every row says which
-- velocity was taken off, how sure that is and of how many points; NULL where a product has none there.
-- The sign stays: + is towards the satellite (L3: up or east), relative to the polygon.

create or replace macro about_polygon(points, polygon) as table
with chosen as (
    select
        product,
        median(velocity_mm_yr) as reference_velocity_mm_yr,
        median_sigma(mad(velocity_mm_yr), count(*)) as reference_sigma_mm_yr,
        count(*) as n_reference
    from query_table(points)
    where is_inside(easting, northing, polygon)
    group by product
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
from query_table(points)
left join chosen using (product)
;
