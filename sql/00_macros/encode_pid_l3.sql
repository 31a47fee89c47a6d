-- The pid of the 100 m cell that holds a coordinate (m, EPSG:3035): facility and cell in base 62.
--
-- Source: EEA, EGMS Product Description and Format Specification v3.0.

create or replace macro encode_pid_l3(facility, easting, northing) as
base62_encode(facility, 1)
|| base62_encode(floor(northing / 100)::bigint * 4294967296 + floor(easting / 100)::bigint, 9)
;
