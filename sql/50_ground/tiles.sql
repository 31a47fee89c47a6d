-- A product that one 100 km tile of one release reads: its points may lie on the tile or close to it.
--
-- version: 1
-- grain:   partition, product
-- defines: tile
-- stored:  catalogue
--
-- L2b only: L2a is relative to a reference of each file's own, so nothing combines it. A release is a tile of
-- its own: releases never mix. By the boxes of the products, so a tile may turn out to hold no point.
-- A model with `partition: tile` that reads this table sees the rows of its own tile, and keeps to its ground:
-- points with floor(easting / 100000) * 100000 = tile_easting, and the same of northing.

create or replace table ground.tiles as

with settings as (
    select
        100000 as tile_size,        -- m, as EGMS's own tiles; whole 100 m cells lie in one tile
        100 as halo                 -- m, how far beyond its ground a tile may look
),

covered as (
    select
        product,
        release,
        unnest(range(
            floor((easting_min - halo) / tile_size)::bigint, floor((easting_max + halo) / tile_size)::bigint + 1
        )) as column_number,
        northing_min,
        northing_max
    from observed.products
    cross join settings
    where level = 'L2b'
),

tiled as (
    select
        product,
        release,
        column_number,
        unnest(range(
            floor((northing_min - halo) / tile_size)::bigint, floor((northing_max + halo) / tile_size)::bigint + 1
        )) as row_number
    from covered
    cross join settings
)

select
    printf('E%02dN%02d_%s', column_number, row_number, release) as partition,
    product,
    printf('E%02dN%02d', column_number, row_number) as tile,
    release,
    column_number * tile_size as tile_easting,      -- m, south-west corner
    row_number * tile_size as tile_northing,        -- m, south-west corner
    halo
from tiled
cross join settings
order by partition, product
;
