-- A measurement point's displacement in millimetres beside its epochs.
--
-- version: 1
-- grain:   pid, product
--
-- For reading: `from (select pid, unnest(epochs) as epoch, unnest(displacements_mm) as displacement_mm from
-- series.displacement_mm where pid = '...')` is one row an epoch.

create or replace view series.displacement_mm as

select
    displacement.pid,
    displacement.product,
    products.epochs,
    [(d / 10)::double for d in displacement.displacements] as displacements_mm
from series.displacement as displacement
inner join observed.products as products using (product)
;
