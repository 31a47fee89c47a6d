-- What kind of motion a measurement point shows, how sure that is, and what else its series tells.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- The class is the most probable one. What is built upon classes reads this.

create or replace table classes.motion as

select
    pid,
    product,
    class,
    probability,
    second_class,
    second_probability,
    stable_probability,
    linear_probability,
    accelerating_probability,
    decelerating_probability,
    velocity_change_probability,
    step_probability,
    noisy_probability,
    complex_probability,
    family,
    runner_up,
    runner_up_delta_bic,
    start_velocity_mm_yr,
    end_velocity_mm_yr,
    attributes.wave_mm,
    attributes.wave_sigma_mm,
    attributes.wave_day,
    attributes.wave_day_sigma,
    is_periodic,
    wave_cause,
    attributes.step_date,
    attributes.step_mm,
    attributes.step_sigma_mm,
    is_unwrapping_suspect,
    unwrapping_multiple,
    is_coseismic_suspect,
    hinge_date,
    hinge_from_date,
    hinge_to_date,
    hinge_mm_yr,
    hinge_sigma_mm_yr,
    attributes.last_year_mm_yr,
    attributes.last_year_z,
    is_last_year_anomaly,
    local_velocity_mm_yr,
    local_velocity_sigma_mm_yr,
    velocity_to_local_mm_yr,
    velocity_to_local_sigma_mm_yr
from classes.probabilities
inner join classes.attributes as attributes using (pid, product)
inner join features.hypotheses using (pid, product)
order by pid
;
