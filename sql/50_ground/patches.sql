-- A product that one 5 km block of one release reads: its points may lie on the block.
--
-- version: 1
-- grain:   partition, product
-- defines: patch
-- stored:  catalogue
--
-- For models that hold the series of their ground in memory, of which a whole tile would have too many. L2b only,
-- and a release is a block of its own, as in ground.tiles.

create or replace table ground.patches as

with settings as (
    select
        5000 as block_size          -- m; whole 100 m cells lie in one block
),

covered as (
    select
        product,
        release,
        unnest(range(
            floor((easting_min) / block_size)::bigint, floor((easting_max) / block_size)::bigint + 1
        )) as column_number,
        northing_min,
        northing_max
    from observed.products
    cross join settings
    where level = 'L2b'
),

divided as (
    select
        product,
        release,
        column_number,
        unnest(range(
            floor((northing_min) / block_size)::bigint, floor((northing_max) / block_size)::bigint + 1
        )) as row_number
    from covered
    cross join settings
)

select
    printf('E%03dN%03d_%s', column_number, row_number, release) as partition,
    product,
    release,
    column_number * block_size as block_easting,    -- m, south-west corner
    row_number * block_size as block_northing,      -- m, south-west corner
    block_size
from divided
cross join settings
order by partition, product
;
