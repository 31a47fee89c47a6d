-- What the pid of an L2 point says: facility, track, burst, swath, polarisation, line, pixel.

create or replace macro decode_pid_l2(pid) as
{
    'facility': base62_decode(left(pid, 1))::utinyint,
    'track': (base62_decode(substr(pid, 2, 4)) // 65536)::integer,
    'burst': (base62_decode(substr(pid, 2, 4)) // 16 % 4096)::integer,
    'swath': (base62_decode(substr(pid, 2, 4)) // 4 % 4)::utinyint,
    'polarisation': ['HH', 'HV', 'VH', 'VV'][1 + base62_decode(substr(pid, 2, 4)) % 4],
    'line': (base62_decode(substr(pid, 6, 5)) // 65536)::integer,
    'pixel': (base62_decode(substr(pid, 6, 5)) % 65536)::integer
}
;
