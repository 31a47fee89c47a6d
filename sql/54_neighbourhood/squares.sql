-- A product that one square of ground reads, in one way of looking: its points may lie on the square or near it.
--
-- version: 1
-- grain:   partition, product
-- defines: square
-- stored:  catalogue
--
-- A square holds the products of one level, release and look: bursts of a track, tiles of a component. Of L2a
-- each file is a look of its own, for its velocities are relative to its own reference.

create or replace table neighbourhood.squares as

with settings as (
    select
        100000 as square_size,          -- m
        5000 as halo                    -- m: more than any neighbourhood reaches
),

looks as (
    select
        product,
        case level
            when 'L2a' then product
            when 'L3' then concat_ws('_', level, component, release)
            else concat_ws('_', level, printf('%03d', track), polarisation, release)
        end as look,
        range(
            floor((easting_min - halo) / square_size)::bigint, floor((easting_max + halo) / square_size)::bigint + 1
        ) as square_columns,
        range(
            floor((northing_min - halo) / square_size)::bigint, floor((northing_max + halo) / square_size)::bigint + 1
        ) as square_rows
    from observed.products
    cross join settings
),

spread as (
    select product, look, unnest(square_columns) as square_column, square_rows
    from looks
),

placed as (
    select product, look, square_column, unnest(square_rows) as square_row
    from spread
)

select
    printf('E%02dN%02d_%s', square_column, square_row, look) as partition,
    product,
    square_column,                      -- easting / 100 km of the south-west corner
    square_row,                         -- northing / 100 km
    look
from placed
order by partition, product
;
