-- The place of a coordinate (m, EPSG:3035) on one Hilbert curve over the whole lake; needs spatial.
--
-- One fixed box for every product: places on curves of different boxes cannot be compared.

create or replace macro hilbert_order(easting, northing) as
st_hilbert(easting, northing, {'min_x': 0, 'min_y': 0, 'max_x': 8388608, 'max_y': 8388608}::box_2d)
;
