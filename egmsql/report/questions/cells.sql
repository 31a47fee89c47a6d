-- How fast the ground moves on average in each cell of a map: of one level, direction and release.
--
-- The cells are as fine as a picture can show, so there are never many, whatever the lake holds. The published
-- velocity, for it needs no join; its decimals are summed exactly, in any order.

with settings as (
    select
        170 as most_cells,      -- along the longer side of the map
        100.0 as finest         -- m; also the cell of EGMS's level 3
),

seen as (
    select
        product,
        level,
        coalesce(direction, case component when 'E' then 'east' when 'U' then 'up' end, 'unknown') as look,
        release,
        greatest(
            finest,
            (max(easting_max) over map - min(easting_min) over map) / most_cells,
            (max(northing_max) over map - min(northing_min) over map) / most_cells
        ) as wanted,
        10 ** floor(log10(wanted)) as ten,
        ten * case when wanted <= ten then 1 when wanted <= 2 * ten then 2 when wanted <= 5 * ten then 5 else 10 end
            as cell
    from observed.products
    cross join settings
    window map as (partition by level, look, release)
)

select
    level,
    look,
    release,
    cell,                                           -- m
    floor(easting / cell)::integer as column_number,
    floor(northing / cell)::integer as row_number,
    avg(mean_velocity::decimal(18, 3)) as mean_velocity,
    count(*) as n_points
from observed.points
inner join seen using (product)
where mean_velocity is not null
group by all
order by all
;
