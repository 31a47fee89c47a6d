-- What the pid of an L3 cell says: facility and the cell's south-west corner (m, EPSG:3035); NULL if it is none.

create or replace macro decode_pid_l3(pid) as
case
    when regexp_full_match(pid, '[0-9A-Za-z]{10}') then
        {
            'facility': base62_digit(pid[1])::utinyint,
            'easting': (pid_cell(pid) % 4294967296 * 100)::bigint,
            'northing': (pid_cell(pid) // 4294967296 * 100)::bigint
        }
end
;
