-- A pid says the same as the product's name and the point's own columns.
--
-- severity: error
-- audits:   observed.points
--
-- L2: digits 2 to 5 are the burst, 6 to 10 line and pixel. L3: digits 2 to 10 are the 100 m cell.

with named as (
    select
        product,
        level,
        pid_burst(encode_pid_l2(0, track, burst, swath, polarisation, 0, 0)) as burst_number
    from observed.products
)

select product, pid, source_row, line, pixel, easting, northing
from observed.points
inner join named using (product)
where
    not regexp_full_match(pid, '[0-9A-Za-z]{10}')
    or case level
        when 'L3' then
            pid_cell(pid) is distinct from floor(northing / 100)::bigint * 4294967296 + floor(easting / 100)::bigint
        else
            pid_burst(pid) is distinct from burst_number
            or pid_point(pid) is distinct from line::bigint * 65536 + pixel
    end
;
