-- A measurement point that another burst of its track saw better: not to be counted again.
--
-- version:   1
-- grain:     pid, product
-- partition: tile
--
-- Bursts of one track overlap, and the same ground has another pid in each. Two points of different bursts are
-- one scatterer when each is the other's nearest and they lie within the accuracy of EGMS's positions; the
-- better one stays: higher temporal coherence, then lower rmse, then smaller pid. Up to four bursts meet, so a
-- better one also stands for a point by way of two others, as long as no burst occurs twice on the way: points
-- of one burst are never the same. Other tracks look from elsewhere and stay.

create or replace table neighbourhood.duplicates as

with recursive settings as (
    select
        10.0 as radius,     -- m, geolocation accuracy of EGMS; four times it must fit into the halo of ground.tiles
        3 as most_steps     -- from point to point: four bursts meet at most
),

measured as (
    select
        tiles.partition,
        products.track,
        points.product,
        {
            'pid': points.pid,
            'product': points.product,
            'easting': points.easting,
            'northing': points.northing,
            -- Greater is better, and no two are equal: so the order of points decides nothing.
            'merit': {
                'coherence': coalesce(points.temporal_coherence, 0),
                'closeness': -coalesce(points.rmse_ts, 1e9),
                'first': -(pid_burst(points.pid)::hugeint * 4294967296 + pid_point(points.pid))
            },
            'is_own': tile_of(points.easting) = tile_easting and tile_of(points.northing) = tile_northing
        } as point,
        floor(points.easting / radius)::bigint as column_number,
        floor(points.northing / radius)::bigint as row_number
    from observed.points as points
    inner join ground.tiles as tiles using (product)
    inner join observed.products as products using (product)
    cross join settings
    where
        tile_easting between tile_of(points.easting - halo) and tile_of(points.easting + halo)
        and tile_northing between tile_of(points.northing - halo) and tile_of(points.northing + halo)
),

-- Only where bursts of a track overlap can anything be twice: most ground is left out here.
blocks as (
    select distinct partition, track, product, column_number // 10 as block_column, row_number // 10 as block_row
    from measured
),

shared as (
    select partition, track, block_column + east as block_column, block_row + north as block_row
    from blocks
    cross join (select unnest([-1, 0, 1]) as east)
    cross join (select unnest([-1, 0, 1]) as north)
    group by all
    having count(distinct product) > 1
),

looking as (
    select
        partition,
        track,
        product,
        point,
        column_number + unnest([-1, -1, -1, 0, 0, 0, 1, 1, 1]) as column_number,
        row_number + unnest([-1, 0, 1, -1, 0, 1, -1, 0, 1]) as row_number
    from measured
    semi join shared
        on measured.partition = shared.partition
        and measured.track = shared.track
        and measured.column_number // 10 = shared.block_column
        and measured.row_number // 10 = shared.block_row
),

nearest as (
    select
        partition,
        any_value(here.point) as here,
        min_by(there.point, {
            'distance': distance_between(here.point.easting, here.point.northing, there.point.easting, there.point.northing),
            'pid': there.point.pid
        }) as there
    from looking as here
    inner join measured as there using (partition, track, column_number, row_number)
    cross join settings
    where
        here.product <> there.product
        and distance_between(here.point.easting, here.point.northing, there.point.easting, there.point.northing) <= radius
    group by partition, here.point.pid, here.product, there.product
),

mutual as (
    select nearest.partition, nearest.here, nearest.there
    from nearest
    semi join nearest as back
        on nearest.partition = back.partition
        and nearest.here.pid = back.there.pid
        and nearest.there.pid = back.here.pid
),

reached as (
    select partition, here, there, [here.product, there.product] as way
    from mutual
    union all
    select
        reached.partition,
        reached.here,
        mutual.there,
        list_append(reached.way, mutual.there.product) as way
    from reached
    inner join mutual
        on reached.partition = mutual.partition
        and reached.there.pid = mutual.here.pid
    cross join settings
    where not list_contains(reached.way, mutual.there.product) and len(reached.way) <= most_steps
)

select
    here.pid as pid,
    here.product as product,
    max_by(there.pid, there.merit) as better_pid,               -- the best that stands for it
    max_by(there.product, there.merit) as better_product,
    max_by(
        distance_between(here.easting, here.northing, there.easting, there.northing), there.merit
    ) as distance_m             -- from the better one
from reached
where here.is_own and there.merit > here.merit
group by here.pid, here.product
order by here.pid, here.product
;
