-- Coordinates lie in the area of EPSG:3035.
--
-- severity: error
-- audits:   observed.points

with settings as (
    select 900000 as nearest, 7400000 as farthest   -- m, both axes
)

select product, pid, source_row, easting, northing
from observed.points
cross join settings
where
    easting is null
    or northing is null
    or easting not between nearest and farthest
    or northing not between nearest and farthest
;
