-- A delivered product as the web shows it: what it is, when it was seen, and its outline on the map.
--
-- version:   1
-- grain:     product
-- partition: product
-- stored:    serving
--
-- The outline joins the points farthest to each of eight sides: exact enough for a burst, and no point is outside
-- of its box. The pids tell in which product a point is looked for.

create or replace table serving.products as

with located as (
    select
        pid,
        product,
        easting,
        northing,
        -- L3 has metres only
        st_transform(st_point(easting, northing), 'EPSG:3035', 'EPSG:4326', always_xy := true) as place,
        coalesce(points.longitude, st_x(place)) as longitude,
        coalesce(points.latitude, st_y(place)) as latitude
    from observed.points as points
),

covered as (
    select
        product,
        min(pid) as pid_min,
        max(pid) as pid_max,
        min(longitude) as longitude_min,
        max(longitude) as longitude_max,
        min(latitude) as latitude_min,
        max(latitude) as latitude_max,
        max([northing, longitude, latitude])[2:] as north,
        max([northing + easting, longitude, latitude])[2:] as north_east,
        max([easting, longitude, latitude])[2:] as east,
        max([easting - northing, longitude, latitude])[2:] as south_east,
        max([-northing, longitude, latitude])[2:] as south,
        max([-northing - easting, longitude, latitude])[2:] as south_west,
        max([-easting, longitude, latitude])[2:] as west,
        max([northing - easting, longitude, latitude])[2:] as north_west
    from located
    group by product
)

select
    product,
    products.release,
    products.level,
    coalesce(products.direction, if(products.component = 'U', 'up', 'east')) as viewing,
    products.delivery,
    products.track,
    products.burst,
    products.swath,
    products.polarisation,
    products.tile,
    products.facility,
    products.production_date,
    products.n_points,
    products.n_epochs,
    products.first_epoch,
    products.last_epoch,
    products.epochs,
    products.incidence_angle,   -- mean over the points
    products.track_angle,       -- median over the points, 0 to 360
    longitude_min,
    longitude_max,
    latitude_min,
    latitude_max,
    pid_min,
    pid_max,
    10000 * products.level[2]::integer + 100 * products.release[3:4]::integer + products.release[8:9]::integer as dataset,
    [north, north_east, east, south_east, south, south_west, west, north_west, north] as outline
from observed.products as products
inner join covered using (product)
;
