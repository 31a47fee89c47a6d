-- The outlines of every area are valid and cover ground, in both coordinate systems.
--
-- severity: error
-- audits:   clusters.areas

select cluster, n_points, area_m2, hull_area_m2
from clusters.areas
where
    not (
        st_isvalid(geometry)
        and st_isvalid(hull)
        and st_isvalid(geometry_wgs84)
        and area_m2 > 0
        and hull_area_m2 >= 0.999 * area_m2
    )
;
