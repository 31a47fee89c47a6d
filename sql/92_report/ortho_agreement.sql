-- How well one column of an L3 product is reproduced from the L2b products of its ground.
--
-- version: 1
-- grain:   product, field
-- stored:  catalogue
--
-- Over the cells that both have; how many only one of them has is said beside. The series are compared at the
-- dates that both have. Without the L2b products of all tracks the producer used, cells differ or are missing.

create or replace table report.ortho_agreement as

with published as (
    select
        products.product,
        products.release,
        products.component,
        products.tile,
        points.pid,
        points.easting,
        points.northing,
        [
            {'field': 'mean_velocity', 'decimals': 1, 'number': points.mean_velocity},
            {'field': 'mean_velocity_std', 'decimals': 1, 'number': points.mean_velocity_std},
            {'field': 'acceleration', 'decimals': 2, 'number': points.acceleration},
            {'field': 'acceleration_std', 'decimals': 2, 'number': points.acceleration_std},
            {'field': 'seasonality', 'decimals': 1, 'number': points.seasonality},
            {'field': 'seasonality_std', 'decimals': 1, 'number': points.seasonality_std},
            {'field': 'rmse_ts', 'decimals': 1, 'number': points.rmse_ts}
        ] as fields
    from observed.points as points
    inner join observed.products as products using (product)
    where products.level = 'L3'
),

paired as (
    select
        published.product,
        published.pid,
        published.fields,
        ortho.displacements,
        [
            velocity_mm_yr,
            velocity_std_mm_yr,
            acceleration_mm_yr2,
            acceleration_std_mm_yr2,
            seasonality_mm,
            seasonality_std_mm,
            rmse_mm
        ] as found
    from published
    inner join geometry.ortho as ortho using (easting, northing, release, component)
),

single as (
    select product, unnest(fields, max_depth := 2), unnest(found) as found
    from paired
),

-- Dates of L3 that our series have too; both in 0.1 mm.
dated as (
    select
        paired.product,
        'displacements' as field,
        unnest(delivered.displacements) / 10 as number,
        1 as decimals,
        unnest([
            paired.displacements[list_position(epochs.epochs, e)] for e in products.epochs
        ]) / 10 as found
    from paired
    inner join series.displacement as delivered using (pid, product)
    inner join observed.products as products using (product)
    inner join geometry.epochs as epochs using (tile, release)
),

compared as (
    select product, field, decimals, number, found
    from single
    union all
    select product, field, decimals, number, found
    from dated
),

counted as (
    select
        product,
        count(*) as n_delivered,
        count(*) filter (paired.pid is not null) as n_cells
    from published
    left join paired using (product, pid)
    group by product
),

ours as (
    select products.product, count(*) as n_made
    from geometry.ortho as ortho
    inner join observed.products as products
        on ortho.release = products.release
        and ortho.component = products.component
        and printf('E%02dN%02d', (tile_of(ortho.easting) / 100000)::integer, (tile_of(ortho.northing) / 100000)::integer)
            = products.tile
    where products.level = 'L3'
    group by products.product
)

select
    product,
    field,
    any_value(n_cells) as n_cells,                                          -- that both have
    any_value(n_delivered - n_cells) as n_only_delivered,
    any_value(coalesce(n_made, 0) - n_cells) as n_only_made,
    sqrt(avg((found - number) ** 2)) as root_mean_square_difference,        -- in the field's unit, as the next two
    avg(found - number) as mean_difference,
    max(abs(found - number)) as largest_difference,
    avg((round(found, decimals) = round(number, decimals))::integer) as share_equal
from compared
inner join counted using (product)
left join ours using (product)
where found is not null and number is not null
group by product, field
order by product, field
;
