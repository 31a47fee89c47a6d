-- The series of a measurement point that takes part in those of its 100 m cell, next to its neighbours'.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- Series lie in the order of pids, which is the satellite's; a block of ground would have to read whole products.
-- Here each product is read once and laid out in the order of blocks.

create or replace table geometry.parts as

with settings as (
    select 64 as group_size     -- points; a town's cell holds hundreds, and the lists of a group stay short
),

-- Without the series, which are long to sort.
numbered as (
    select
        *,
        (row_number() over (partition by product, cell_easting, cell_northing order by pid) - 1)
            // group_size as group_number
    from geometry.shares
    cross join settings
    where product in (select product from series.displacement)
)

select
    pid,
    product,
    tile,
    release,
    patch_of(cell_easting)::bigint as block_easting,        -- m, south-west corner
    patch_of(cell_northing)::bigint as block_northing,
    cell_easting,
    cell_northing,
    group_number,
    [east_weight, up_weight, ortho_east_weight, ortho_up_weight] as weights,       -- as in geometry.shares
    displacements               -- 0.1 mm
from numbered
inner join series.displacement using (pid, product)
order by block_easting, block_northing, cell_easting, cell_northing, pid
;
