-- The dates of a tile's east and up series, and what turns a series at them into EGMS's statistics.
--
-- version:   1
-- grain:     tile, release
-- partition: tile
--
-- Every six days, from the first date on which both directions see the tile to the last: the dates of EGMS's own
-- L3 product where it could be compared.

create or replace table geometry.epochs as

with settings as (
    select 6 as step            -- days; what L3 has, and the orbits' own lattice
),

seen as (
    select tiles.tile, tiles.release, direction, min(first_epoch) as first_epoch, max(last_epoch) as last_epoch
    from ground.tiles as tiles
    inner join observed.products using (product)
    where direction is not null
    group by tiles.tile, tiles.release, direction
),

common as (
    select tile, release, max(first_epoch) as first_epoch, min(last_epoch) as last_epoch
    from seen
    group by tile, release
    having count(*) = 2
)

select
    tile,
    release,
    [first_epoch + d::integer for d in range(0, last_epoch - first_epoch + 1, step)] as epochs
from common
cross join settings
order by tile, release
;
