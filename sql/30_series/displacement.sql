-- How far each measurement point was from its start, at every epoch of its product.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- Whole tenths of a millimetre, exactly as published (only the sign of -0.0 is lost); an epoch without
-- a value is NULL. Sorted by pid, so that one series is found without reading the others.

create or replace table series.displacement as

with delivered as (
    select pid, product, displacements from staging.l2
    union all
    select pid, product, displacements from staging.l3
)

select
    pid,
    product,
    displacements               -- 0.1 mm, one value for each epoch of observed.products
from delivered
order by pid
;
