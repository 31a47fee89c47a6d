-- Whether a place lies inside a polygon: [[easting, northing], ...] in m, EPSG:3035; the last corner meets the first.

create or replace macro is_inside(easting, northing, polygon) as
list_sum([
    (
        (polygon[i][2] > northing) <> (polygon[i % len(polygon) + 1][2] > northing)
        and easting < polygon[i][1] + (polygon[i % len(polygon) + 1][1] - polygon[i][1])
            * (northing - polygon[i][2]) / (polygon[i % len(polygon) + 1][2] - polygon[i][2])
    )::integer
    for i in range(1, len(polygon) + 1)
]) % 2 = 1
;
