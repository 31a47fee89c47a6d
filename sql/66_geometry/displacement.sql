-- How far a 100 m cell moved, eastward or upward, at every date of its tile, and EGMS's statistics of that.
--
-- version:   1
-- grain:     easting, northing, release, component, method
-- partition: patch
--
-- Every series is put on common dates by its nearest acquisitions, then each date is solved for east and up.
-- `weighted`: with the weights of geometry.cells. `ortho`: by the producer's recipe for L3, the mean of each
-- direction. A series starts where its fit of a cubic and an annual wave does. Blocks are small, because
-- their series are held in memory.

create or replace table geometry.displacement as

with settings as (
    select
        16 as group_size,           -- points
        45 as reach                -- days from a date to an acquisition that still speaks of it: no gap over 90
),

-- Of each product the block's own cells.
members as (
    select
        members.pid,
        members.product,
        members.tile,
        members.release,
        members.track,
        members.direction,
        members.cell_easting,
        members.cell_northing,
        members.los_east,
        members.los_up,
        members.velocity_sigma_mm_yr
    from geometry.members as members
    inner join ground.patches as blocks
        on members.product = blocks.product
        and floor(members.cell_easting / blocks.block_size) * blocks.block_size = blocks.block_easting
        and floor(members.cell_northing / blocks.block_size) * blocks.block_size = blocks.block_northing
),

-- One track's part in the solution of geometry.cells.
tracks as (
    select
        easting as cell_easting,
        northing as cell_northing,
        release,
        track,
        (velocity_east_sigma_mm_yr ** 2 * los_east + velocity_covariance_mm2_yr2 * los_up)
            / looks.velocity_sigma_mm_yr ** 2 / velocity_weight as east_weight,
        (velocity_up_sigma_mm_yr ** 2 * los_up + velocity_covariance_mm2_yr2 * los_east)
            / looks.velocity_sigma_mm_yr ** 2 / velocity_weight as up_weight
    from geometry.looks as looks
    inner join geometry.cells using (easting, northing, release)
),

-- The producer's recipe: the means of both directions, solved for east and up.
means as (
    select
        cell_easting,
        cell_northing,
        release,
        direction,
        count(*) as n_points,
        steady_sum(los_east) / n_points as east,
        steady_sum(los_up) / n_points as up
    from members
    group by cell_easting, cell_northing, release, direction
),

opposed as (
    select
        here.cell_easting,
        here.cell_northing,
        here.release,
        here.direction,
        there.up / (here.east * there.up - there.east * here.up) / here.n_points as ortho_east_weight,
        there.east / (here.up * there.east - there.up * here.east) / here.n_points as ortho_up_weight
    from means as here
    inner join means as there using (cell_easting, cell_northing, release)
    where here.direction <> there.direction
),

weighted as (
    select
        members.pid,
        members.product,
        members.tile,
        release,
        cell_easting,
        cell_northing,
        (row_number() over (
            partition by cell_easting, cell_northing, release, members.product order by members.pid
        ) - 1) // group_size as group_number,
        [
            east_weight * members.velocity_sigma_mm_yr ** -2,
            up_weight * members.velocity_sigma_mm_yr ** -2,
            ortho_east_weight,
            ortho_up_weight
        ] as weights
    from members
    inner join tracks using (cell_easting, cell_northing, release, track)
    inner join opposed using (cell_easting, cell_northing, release, direction)
    cross join settings
),

grouped as (
    select
        weighted.product,
        weighted.tile,
        release,
        cell_easting,
        cell_northing,
        group_number,
        flatten(list(displacement.displacements) over whole) as displacements,
        flatten(list(weights) over whole) as weights,
        row_number() over whole as number
    from weighted
    inner join series.displacement as displacement using (pid, product)
    window whole as (
        partition by weighted.product, release, cell_easting, cell_northing, group_number
        order by pid
        rows between unbounded preceding and unbounded following
    )
),

stacked as (
    select
        grouped.tile,
        grouped.release,
        cell_easting,
        cell_northing,
        grouped.product,
        group_number,
        stack_series(displacements, weights, products.epochs, epochs.epochs, reach) as series
    from grouped
    inner join observed.products as products using (product)
    inner join geometry.epochs as epochs
        on grouped.tile = epochs.tile and grouped.release = epochs.release
    cross join settings
    where number = 1
),

gathered as (
    select
        tile,
        release,
        cell_easting,
        cell_northing,
        flatten(list(series) over whole) as series,
        count(*) over whole as n_lists,
        row_number() over whole as number
    from stacked
    window whole as (
        partition by tile, release, cell_easting, cell_northing
        order by product, group_number
        rows between unbounded preceding and unbounded following
    )
),

summed as (
    select tile, release, cell_easting, cell_northing, sum_lists(series, n_lists::integer) as series
    from gathered
    where number = 1
),

parted as (
    select
        cell_easting,
        cell_northing,
        release,
        component,
        method,
        epochs,
        series[(place * len(epochs) + 1):((place + 1) * len(epochs))] as series
    from summed
    inner join geometry.epochs using (tile, release)
    cross join (
        values ('E', 'weighted', 0), ('U', 'weighted', 1), ('E', 'ortho', 2), ('U', 'ortho', 3)
    ) as parts (component, method, place)
),

judged as (
    select cell_easting, cell_northing, release, component, method, series, series_statistics(series, epochs) as found
    from parted
)

select
    cell_easting as easting,
    cell_northing as northing,
    release,
    component,                      -- E, + eastward; U, + upward
    method,
    [round(10 * (d - coalesce(found.start_mm, 0)))::smallint for d in series] as displacements,     -- 0.1 mm
    found.n_epochs as n_epochs,     -- with a value
    found.velocity_mm_yr as velocity_mm_yr,
    found.velocity_std_mm_yr as velocity_std_mm_yr,
    found.acceleration_mm_yr2 as acceleration_mm_yr2,
    found.acceleration_std_mm_yr2 as acceleration_std_mm_yr2,
    found.seasonality_mm as seasonality_mm,
    found.seasonality_std_mm as seasonality_std_mm,
    found.rmse_mm as rmse_mm
from judged
order by easting, northing, release, component, method
;
