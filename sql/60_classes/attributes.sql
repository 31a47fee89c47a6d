-- What else a measurement point's series and its surroundings tell: waves, steps, suspicions, last year.
--
-- version:   1
-- grain:     pid, product
-- partition: product
--
-- Attributes of every point, whatever its class. Causes and suspicions are interpretations by the limits of
-- the settings, not findings.

create or replace table classes.attributes as

with settings as (
    select
        2.5 as wave_limit,              -- mm: a smaller annual wave is not called one
        3.0 as significant,             -- standard errors
        210 as hottest_day,             -- day of the year of the temperature's peak
        45 as days_of_heat,             -- d: a wave that peaks so near to it may be thermal
        32 as wettest_from,             -- day of the year: a wave that peaks from here
        151 as wettest_to,              -- to here may follow groundwater or clay
        0.7 as smooth,                  -- agreement of the waves within 2.5 km, 1 = all in phase
        5.0 as step_limit,              -- mm: a smaller step is not judged
        27.73 as half_wavelength,       -- mm: what an unwrapping error shifts a series by, or a multiple of it
        3.5 as sharp_step,              -- mm: a larger standard error tells no multiple
        2.0 as near_multiple,           -- standard errors within which a step is a multiple
        0.2 as few_step,                -- share of the neighbours that step with a point: an error of its own
        0.6 as most_step,               -- share that does: an event of the ground
        0.5 as even_step,               -- spread of the steps around over their mean
        10 as fewest_neighbours,        -- of fewer nothing is said about an event
        5.0 as anomaly_limit            -- mm/yr: a change over the last year that counts
),

found as (
    select
        pid,
        product,
        wave_mm >= wave_limit and wave_mm >= significant * wave_sigma_mm as is_periodic,
        abs((wave_day - hottest_day + 547.5) % 365 - 182.5) <= days_of_heat as is_hot,
        wave_day between wettest_from and wettest_to as is_wet,
        coalesce(wave_agreement >= smooth, false) as is_smooth,
        abs(step_mm) >= step_limit and abs(step_mm) >= significant * step_sigma_mm as has_step,
        round(step_mm / half_wavelength)::integer as multiple,
        greatest(n_steps_near - 1, 0) / nullif(n_points_near - 1, 0) as share_near,
        n_steps_around / n_points_around as share_around,
        step_spread_mm <= even_step * abs(mean_step_mm) as is_even,
        abs(last_year_mm_yr) >= anomaly_limit and abs(last_year_z) >= significant as is_last_year_anomaly
    from features.hypotheses
    inner join neighbourhood.support using (pid, product)
    cross join settings
)

select
    pid,
    product,
    wave_mm,
    wave_sigma_mm,
    wave_day,
    wave_day_sigma,
    coalesce(is_periodic, false) as is_periodic,
    case
        when not coalesce(is_periodic, false) then null
        when is_hot and not is_smooth then 'thermal'
        when is_wet and is_smooth then 'groundwater'
        else 'unknown'
    end as wave_cause,
    step_date,
    step_mm,
    step_sigma_mm,
    case
        when has_step and multiple <> 0 and step_sigma_mm <= sharp_step
            and abs(step_mm - multiple * half_wavelength) <= near_multiple * step_sigma_mm
            and coalesce(share_near <= few_step, true)
            then multiple
    end as unwrapping_multiple,
    unwrapping_multiple is not null as is_unwrapping_suspect,
    coalesce(has_step and n_points_around >= fewest_neighbours and share_around >= most_step and is_even, false)
        as is_coseismic_suspect,
    last_year_mm_yr,
    last_year_z,
    coalesce(is_last_year_anomaly, false) as is_last_year_anomaly,
    local_velocity_mm_yr,               -- of standing ground within 2.5 km, in the same way of looking
    local_velocity_sigma_mm_yr,
    n_stable_cells,
    base_velocity_mm_yr - local_velocity_mm_yr as velocity_to_local_mm_yr,
    sqrt(base_velocity_sigma_mm_yr ** 2 + local_velocity_sigma_mm_yr ** 2) as velocity_to_local_sigma_mm_yr
from features.hypotheses
inner join neighbourhood.support using (pid, product)
inner join found using (pid, product)
cross join settings
order by pid
;
