-- The western or southern edge (m) of the 100 km tile that holds an easting or northing (m, EPSG:3035).

create or replace macro tile_of(coordinate) as
floor(coordinate / 100000) * 100000
;
