-- How many measurement points around a cell of ground of 500 m step at about one epoch, in one way of looking.
--
-- version:   1
-- grain:     look, cell_column, cell_row, step_date
-- partition: square
--
-- At about one epoch is within 13 days: the epoch before, the same, the one after, where acquisitions are 6 or
-- 12 days apart. Tracks see a step on different days.

create or replace table neighbourhood.step_surroundings as

with settings as (
    select
        200 as cells_per_square,            -- on a side
        13 as days_apart                    -- d
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
        step_date,
        sum(n_steps)::bigint as n_steps,
        sum(step_sum) as step_sum,
        sum(step_square_sum) as step_square_sum
    from neighbourhood.step_cells
    inner join looks using (product)
    group by all
),

-- The cells of the square's own ground; the others are its halo.
own as (
    select look, cell_column, cell_row, step_date
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
        step_date as own_date,
        cell_column + column_offset as cell_column,
        cell_row + row_offset as cell_row,
        is_near
    from own
    cross join offsets
)

select
    look,
    own_column as cell_column,              -- easting / 500 m
    own_row as cell_row,                    -- northing / 500 m
    own_date as step_date,
    coalesce(sum(n_steps) filter (is_near), 0)::bigint as n_steps_near,
    sum(n_steps)::bigint as n_steps_around,
    sum(step_sum) / n_steps_around as mean_step_mm,
    sqrt(greatest(sum(step_square_sum) / n_steps_around - mean_step_mm ** 2, 0)) as step_spread_mm
from places
inner join cells using (look, cell_column, cell_row)
cross join settings
where step_date between own_date - days_apart and own_date + days_apart
group by look, own_column, own_row, own_date
order by own_column, own_row, own_date, look
;
