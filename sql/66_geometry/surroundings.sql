-- What the 5 by 5 cells around a 100 m cell move by, added up: itself and those of them that geometry.cells has.
--
-- version: 1
-- grain:   easting, northing, release
--
-- Over all tiles at once, so that the edge of a tile cuts nothing off: first each cell is added to the places east
-- and west of it, then the rows north and south of a place are.

create or replace table geometry.surroundings as

with settings as (
    select
        2 as reach,                 -- cells on each side: 5 by 5 cells are half a kilometre
        100 as cell_size            -- m
),

rows as (
    select
        easting + cell_size * aside as easting,
        northing,
        release,
        count(*) as n_cells,
        steady_sum(velocity_east_mm_yr) as east_sum_mm_yr,
        steady_sum(velocity_up_mm_yr) as up_sum_mm_yr
    from geometry.cells
    cross join settings
    cross join (select unnest(range(-reach, reach + 1)) as aside from settings)
    group by all
),

looking as (
    select easting, northing, release, northing + cell_size * aside as row_northing
    from geometry.cells
    cross join settings
    cross join (select unnest(range(-reach, reach + 1)) as aside from settings)
)

select
    looking.easting,
    looking.northing,
    looking.release,
    sum(n_cells)::bigint as n_cells,            -- with data, itself included
    steady_sum(east_sum_mm_yr) as east_sum_mm_yr,       -- sum over these cells
    steady_sum(up_sum_mm_yr) as up_sum_mm_yr
from looking
inner join rows
    on looking.easting = rows.easting and looking.row_northing = rows.northing and looking.release = rows.release
group by looking.easting, looking.northing, looking.release
order by hilbert_order(looking.easting, looking.northing), looking.easting, looking.northing, looking.release
;
