-- What a measurement point counts for in the east and up series of its 100 m cell: mm there per mm of its own.
--
-- version:   1
-- grain:     pid, product
-- partition: tile
--
-- Where geometry.cells has the cell. Each date of a series is solved like the velocity, so the weights are the same at
-- every date.

create or replace table geometry.shares as

-- One track's part in the solution of geometry.cells.
with tracks as (
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
    from geometry.members
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
)

select
    pid,
    product,
    tile,
    release,
    cell_easting,
    cell_northing,
    east_weight * velocity_sigma_mm_yr ** -2 as east_weight,
    up_weight * velocity_sigma_mm_yr ** -2 as up_weight,
    ortho_east_weight,
    ortho_up_weight
from geometry.members
inner join tracks using (cell_easting, cell_northing, release, track)
inner join opposed using (cell_easting, cell_northing, release, direction)
order by product, pid
;
