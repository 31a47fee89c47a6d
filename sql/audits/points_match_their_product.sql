-- A pid says the same as the product's name and the point's own columns.
--
-- severity: error
-- audits:   observed.points
--
-- L2: the first five digits are those of the burst, the others line and pixel. L3: all but the first are
-- the 100 m cell. Decoded once a row: this reads every point of a lake.

with named as (
    select
        product,
        level,
        left(encode_pid_l2(0, track, burst, swath, polarisation, 0, 0)[2:], 4) as burst_digits
    from observed.products
)

select product, pid, source_row, line, pixel, easting, northing
from observed.points
inner join named using (product)
where
    case level
        when 'L3' then
            base62_decode(pid[2:])
            is distinct from floor(northing / 100)::bigint * 4294967296 + floor(easting / 100)::bigint
        else
            pid[2:5] <> burst_digits
            or base62_decode(pid[6:]) is distinct from line::bigint * 65536 + pixel
    end
;
