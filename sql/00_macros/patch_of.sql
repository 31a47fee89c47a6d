-- The western or southern edge (m) of the 5 km block that holds an easting or northing (m, EPSG:3035).

create or replace macro patch_of(coordinate) as
floor(coordinate / 5000) * 5000
;
