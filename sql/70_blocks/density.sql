-- How many eligible points of a product lie in a square of ground.
--
-- version:   2
-- grain:     product, square_x, square_y
-- partition: product
--
-- The squares are eps wide, as is the margin of a block, so that a block's margin is the squares around it.

create or replace table blocks.density as

select
    product,
    stack,
    floor(easting / eps)::integer as square_x,
    floor(northing / eps)::integer as square_y,
    count(*) as n_points
from blocks.eligible
cross join blocks.parameters
group by all
order by product, square_x, square_y
;
