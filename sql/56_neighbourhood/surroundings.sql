-- What surrounds a cell of ground of 500 m in one way of looking: points, standing ground, seasons.
--
-- version:   1
-- grain:     look, cell_column, cell_row
-- partition: square
--
-- Standing ground within 2.5 km is the median of its cells' medians, so that a dense town does not outvote
-- the hills around it.

create or replace table neighbourhood.surroundings as

with settings as (
    select
        200 as cells_per_square,            -- on a side
        5 as fewest_cells,                  -- of fewer no median is a reference
        1.2533 * 1.4826 as sigma_per_mad    -- of a median, times the root of how many
),

sideways as (
    select unnest(range(-5, 6)) as column_offset    -- cells of 500 m: 2.5 km on each side
),

offsets as (
    select
        sideways.column_offset,
        upwards.column_offset as row_offset,
        greatest(abs(sideways.column_offset), abs(upwards.column_offset)) <= 1 as is_near
    from sideways
    cross join sideways as upwards
),

looks as (
    select distinct product, look
    from neighbourhood.squares
),

cells as (
    select
        look,
        cell_column,
        cell_row,
        sum(n_points)::bigint as n_points,
        median(stable_velocity_mm_yr) as stable_velocity,
        sum(n_waves)::bigint as n_waves,
        sum(wave_cosine) as wave_cosine,
        sum(wave_sine) as wave_sine
    from neighbourhood.cells
    inner join looks using (product)
    group by all
),

-- The cells of the square's own ground; the others are its halo.
own as (
    select look, cell_column, cell_row
    from cells
    cross join settings
    semi join neighbourhood.squares as squares
        on squares.look = cells.look
        and squares.square_column = cells.cell_column // cells_per_square
        and squares.square_row = cells.cell_row // cells_per_square
),

-- Each of them with the places around it, so that cells are joined by equal columns.
places as (
    select
        look,
        cell_column as own_column,
        cell_row as own_row,
        cell_column + column_offset as cell_column,
        cell_row + row_offset as cell_row,
        is_near
    from own
    cross join offsets
),

gathered as (
    select
        look,
        own_column,
        own_row,
        coalesce(sum(n_points) filter (is_near), 0)::bigint as n_points_near,
        sum(n_points)::bigint as n_points_around,
        count(stable_velocity) as n_stable_cells,
        median(stable_velocity) as stable_velocity,
        mad(stable_velocity) as stable_mad,
        sum(n_waves)::bigint as n_waves_around,
        sum(wave_cosine) as wave_cosine,
        sum(wave_sine) as wave_sine
    from places
    inner join cells using (look, cell_column, cell_row)
    group by look, own_column, own_row
)

select
    look,
    own_column as cell_column,              -- easting / 500 m
    own_row as cell_row,                    -- northing / 500 m
    n_points_near,
    n_points_around,
    n_stable_cells,
    case when n_stable_cells >= fewest_cells then stable_velocity end as local_velocity_mm_yr,
    case
        when n_stable_cells >= fewest_cells then sigma_per_mad * stable_mad / sqrt(n_stable_cells)
    end as local_velocity_sigma_mm_yr,
    n_waves_around,
    sqrt(wave_cosine ** 2 + wave_sine ** 2) / nullif(n_waves_around, 0) as wave_agreement,
    case
        when n_waves_around > 0 then mod(365 + 365 * atan2(wave_sine, wave_cosine) / (2 * pi()), 365)
    end as wave_day_around
from gathered
cross join settings
order by own_column, own_row, look
;
