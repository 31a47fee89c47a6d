-- A pid says the same as the product's name and the point's own columns.
--
-- severity: error
-- audits:   observed.points
--
-- L2: track, burst, swath, polarisation, line and pixel. L3: the 100 m cell.

with decoded as (
    select
        points.*,
        products.level,
        products.track,
        products.burst,
        products.swath,
        products.polarisation,
        case when products.level <> 'L3' then decode_pid_l2(points.pid) end as l2,
        case when products.level = 'L3' then decode_pid_l3(points.pid) end as l3
    from observed.points as points
    inner join observed.products as products using (product)
)

select product, pid, source_row, line, pixel, easting, northing
from decoded
where
    case level
        when 'L3' then
            l3.easting is distinct from floor(easting / 100)::bigint * 100
            or l3.northing is distinct from floor(northing / 100)::bigint * 100
        else
            l2.line is distinct from line
            or l2.pixel is distinct from pixel
            or l2.track is distinct from track
            or l2.burst is distinct from burst
            or l2.swath is distinct from swath
            or l2.polarisation is distinct from polarisation
    end
;
