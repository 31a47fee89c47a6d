-- What the pid of an L2 point says: facility, track, burst, swath, polarisation, line, pixel; NULL if it is none.

create or replace macro decode_pid_l2(pid) as
case
    when regexp_full_match(pid, '[0-9A-Za-z]{10}') then
        {
            'facility': base62_digit(pid[1])::utinyint,
            'track': (pid_burst(pid) // 65536)::integer,
            'burst': (pid_burst(pid) // 16 % 4096)::integer,
            'swath': (pid_burst(pid) // 4 % 4)::utinyint,
            'polarisation': ['HH', 'HV', 'VH', 'VV'][1 + pid_burst(pid) % 4],
            'line': (pid_point(pid) // 65536)::integer,
            'pixel': (pid_point(pid) % 65536)::integer
        }
end
;
