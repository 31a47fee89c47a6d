-- How far each measurement point was from its start, at every epoch of its product.
--
-- version:   2
-- grain:     pid, product
-- partition: product
--
-- Whole tenths of a millimetre, exactly as published (only the sign of -0.0 is lost); an epoch without
-- a value is NULL. Sorted by pid, so that one series is found without reading the others. The calendar stands
-- beside them, so that a series is whole without a join; stored once for 2,048 series.

create or replace table series.displacement as

with delivered as (
    select pid, product, displacements from staging.l2
    union all
    select pid, product, displacements from staging.l3
),

file as (
    select calendar(epochs) as calendar from source.file
)

select
    pid,
    product,
    displacements,              -- 0.1 mm, one value for each epoch of observed.products
    calendar                    -- these epochs: the first, then days between them
from delivered
cross join file
order by pid
;
