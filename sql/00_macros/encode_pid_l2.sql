-- The pid of an L2 point: facility, burst and point in base 62.
--
-- Burst packs track (8 bits), burst (12), swath (2) and polarisation (2); point packs line and pixel (16).
-- Source: EEA, EGMS Product Description and Format Specification v3.0.

create or replace macro encode_pid_l2(facility, track, burst, swath, polarisation, line, pixel) as
base62_encode(facility, 1)
|| base62_encode(((track * 4096 + burst) * 4 + swath) * 4 + list_position(['HH', 'HV', 'VH', 'VV'], polarisation) - 1, 4)
|| base62_encode(line::bigint * 65536 + pixel, 5)
;
