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
    select 45 as reach      -- days from a date to an acquisition that still speaks of it: no gap over 90
),

-- Lists in no order: sums of what stack_series returns are exact.
grouped as (
    select
        product,
        tile,
        release,
        cell_easting,
        cell_northing,
        flatten(list(displacements)) as displacements,
        flatten(list(weights)) as weights
    from geometry.parts
    inner join ground.patches using (product, release, block_easting, block_northing)
    group by product, tile, release, cell_easting, cell_northing, group_number
),

stacked as (
    select
        grouped.tile,
        grouped.release,
        cell_easting,
        cell_northing,
        dates.epochs,
        stack_series(displacements, weights, products.epochs, dates.epochs, reach) as series
    from grouped
    inner join observed.products as products using (product)
    inner join geometry.epochs as dates on grouped.tile = dates.tile and grouped.release = dates.release
    cross join settings
),

summed as (
    select
        release,
        cell_easting,
        cell_northing,
        any_value(epochs) as epochs,
        sum_lists(flatten(list(series)), count(*)::integer) as series
    from stacked
    group by release, cell_easting, cell_northing
),

judged as (
    select
        cell_easting,
        cell_northing,
        release,
        component,
        method,
        series[place * len(epochs) + 1:(place + 1) * len(epochs)] as series,
        series_statistics(series[place * len(epochs) + 1:(place + 1) * len(epochs)], epochs) as found
    from summed
    cross join (
        values ('E', 'weighted', 0), ('U', 'weighted', 1), ('E', 'ortho', 2), ('U', 'ortho', 3)
    ) as parts (component, method, place)
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
