-- What the pid of an L3 cell says: facility and the cell's south-west corner (m, EPSG:3035).

create or replace macro decode_pid_l3(pid) as
{
    'facility': base62_decode(left(pid, 1))::utinyint,
    'easting': (base62_decode(substr(pid, 2, 9)) % 4294967296 * 100)::bigint,
    'northing': (base62_decode(substr(pid, 2, 9)) // 4294967296 * 100)::bigint
}
;
