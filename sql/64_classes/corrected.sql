-- The series of a measurement point with its suspected unwrapping error taken out.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- Only points under suspicion have a row. Nothing reads it in place of the published series: who wants it
-- asks for it.

create or replace table classes.corrected as

with settings as (
    select
        277.329 as units_per_multiple,      -- half a wavelength, in 0.1 mm
        0.1 as mm_per_unit                  -- mm in one unit of series.displacement
),

suspected as (
    select
        pid,
        product,
        unwrapping_multiple,
        step_date,
        len(list_filter(epochs, lambda epoch: epoch < step_date)) as n_before,
        round(unwrapping_multiple * units_per_multiple)::integer as shift,
        displacements
    from classes.attributes
    inner join series.displacement using (pid, product)
    inner join observed.products using (product)
    cross join settings
    where is_unwrapping_suspect
),

shifted as (
    select
        pid,
        product,
        unwrapping_multiple,
        step_date,
        missing_epochs(displacements) as missing,
        list_concat(
            displacements[:n_before],
            [(d - shift)::smallint for d in displacements[n_before + 1:]]
        ) as displacements
    from suspected
)

select
    pid,
    product,
    unwrapping_multiple,
    step_date,
    displacements,                          -- 0.1 mm, the step taken out
    mm_per_unit * list_dot_product([coalesce(d, 0)::double for d in displacements], velocity_weights)
        as corrected_velocity_mm_yr
from shifted
inner join series.fit_weights using (product, missing)
cross join settings
order by pid
;
