-- A delivered product: which burst or tile, which release, by whom, when it was seen, and what it covers.
--
-- version:   1
-- grain:     product
-- partition: product
-- stored:    catalogue
--
-- One small row a file, so the catalogue holds them itself and every other question starts here.

create or replace table observed.products as

with delivered as (
    select * from staging.l2
    union all
    select * from staging.l3
),

covered as (
    select
        product,
        count(*) as n_points,
        min(easting) as easting_min,
        max(easting) as easting_max,
        min(northing) as northing_min,
        max(northing) as northing_max,
        round(avg(incidence_angle), 2) as incidence_angle,
        -- of 0..360, so that producers' conventions agree; it hardly varies inside a burst
        round(median((track_angle % 360 + 360) % 360), 2) as track_angle
    from delivered
    group by product
)

select
    file.product,
    file.replacement_key,
    file.level,
    file.track,
    file.burst,
    file.swath,
    file.polarisation,
    file.tile,
    file.component,
    file.release,
    file.delivery,
    orbit_direction(covered.track_angle) as direction,
    facility_name(file.facility_code) as facility,
    file.production_date,
    file.dem,
    file.gnss,
    file.reference_images,
    file.n_dataset_images,
    file.sce,
    file.corine,
    file.clusters,
    file.header,
    covered.n_points,
    len(file.epochs) as n_epochs,
    file.epochs[1] as first_epoch,
    file.epochs[-1] as last_epoch,
    file.epochs,
    covered.easting_min,
    covered.easting_max,
    covered.northing_min,
    covered.northing_max,
    covered.incidence_angle,    -- mean over the points
    covered.track_angle,        -- median over the points, 0 to 360
    file.file_name,
    file.md5,
    file.csv_bytes,
    file.csv_crc32,
    file.unknown_columns
from source.file as file
inner join covered using (product)
;
