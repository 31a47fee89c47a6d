-- How far (m) two places are from each other, by their eastings and northings (m, EPSG:3035).

create or replace macro distance_between(easting, northing, other_easting, other_northing) as
sqrt((easting - other_easting) ** 2 + (northing - other_northing) ** 2)
;
