-- Slope and aspect (degrees) at each inner cell of a raster of heights (m), by Horn's 3 by 3 differences.
--
-- `heights` names a table with the columns easting, northing, height, one row a cell, such as a raster written as
-- XYZ; `step` is its cell size (m). Aspect: clockwise from north to where the slope falls; NULL where flat.

create or replace macro terrain(heights, step) as table
with cells as (
    select easting, northing, height
    from query_table(heights)
),

around as (
    select
        centre.easting,
        centre.northing,
        sum(beside.height * (beside.easting - centre.easting) / step
            * (2 - abs(beside.northing - centre.northing) / step)) / (8 * step) as eastward,
        sum(beside.height * (beside.northing - centre.northing) / step
            * (2 - abs(beside.easting - centre.easting) / step)) / (8 * step) as northward,
        count(*) as n_cells
    from (
        select
            easting,
            northing,
            easting + step * column_number as beside_easting,
            northing + step * row_number as beside_northing
        from cells
        cross join (select unnest([-1, 0, 1]) as column_number)
        cross join (select unnest([-1, 0, 1]) as row_number)
    ) as centre
    inner join cells as beside
        on centre.beside_easting = beside.easting and centre.beside_northing = beside.northing
    group by centre.easting, centre.northing
)

select
    easting,
    northing,
    degrees(atan(sqrt(eastward ** 2 + northward ** 2))) as slope,
    case
        when eastward <> 0 or northward <> 0 then (degrees(atan2(-eastward, -northward)) + 360) % 360
    end as aspect
from around
where n_cells = 9
;
