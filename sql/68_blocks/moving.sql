-- What takes part in the clustering, a measurement point or a cell: where it is and how it moves.
--
-- version: 1
-- grain:   pid, product
--
-- A cell has an east velocity too, and its velocity is the one upward.

create or replace view blocks.moving as

select
    pid,
    product,
    stack,
    null::varchar as release,
    easting,
    northing,
    temporal_coherence,
    velocity_mm_yr,
    velocity_sigma_mm_yr,
    null::double as velocity_east_mm_yr,
    null::double as velocity_east_sigma_mm_yr,
    class,
    class_bits
from blocks.eligible
union all
select
    pid,
    product,
    stack,
    release,
    easting,
    northing,
    null::double as temporal_coherence,
    velocity_up_mm_yr as velocity_mm_yr,
    velocity_up_sigma_mm_yr as velocity_sigma_mm_yr,
    velocity_east_mm_yr,
    velocity_east_sigma_mm_yr,
    null::varchar as class,
    7 as class_bits
from blocks.cells
;
