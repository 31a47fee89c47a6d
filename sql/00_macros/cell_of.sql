-- The centre (m) of the 100 m cell that holds an easting or northing (m, EPSG:3035), as EGMS's L3 has it.

create or replace macro cell_of(coordinate) as
floor(coordinate / 100) * 100 + 50
;
