-- A measurement point that takes part in the clustering: where it is, how it moves, and with whom it may cluster.
--
-- version:   3
-- grain:     pid, product
-- partition: product
--
-- The one place that decides who takes part. Points are stacked by release and level, and by what looks the same
-- way: a scatterer seen by four tracks is no crowd. L2a has a reference of its own in each file and stays alone;
-- so do the east and up components of L3. Along the Hilbert curve, so that a block reads few row groups.
--
-- L2b holds the motion of the plate, which alone may pass the limit along a whole coast: with the `background` of
-- its product, the median of all points, the limit finds what moves against its surroundings.

create or replace table blocks.eligible as

with stacks as (
    select
        product,
        concat_ws(
            '_',
            level,
            release,
            case
                when level = 'L3' then component
                when level = 'L2a' then format('{:03d}_{:04d}_{}_{}', track, burst, swath, polarisation)
                when grouping = 'track' then format('{:03d}', track)
                when grouping = 'direction' then direction
            end
        ) as stack
    from observed.products
    cross join blocks.parameters
),

-- Each scatterer once: what another burst of the track saw better stays out.
described as (
    select
        points.pid,
        points.product,
        points.easting,
        points.northing,
        points.temporal_coherence,
        kinematics.velocity_mm_yr,
        kinematics.velocity_sigma_mm_yr,
        class
    from observed.points as points
    inner join features.kinematics as kinematics using (pid, product)
    inner join classes.motion using (pid, product)
    anti join neighbourhood.duplicates as duplicates
        on duplicates.pid = points.pid and duplicates.product = points.product
),

backgrounds as (
    select if(any_value(background) = 'product', median(velocity_mm_yr), 0) as background_mm_yr
    from features.kinematics
    cross join blocks.parameters
)

select
    pid,
    product,
    stack,
    easting,
    northing,
    temporal_coherence,
    velocity_mm_yr,
    coalesce(velocity_sigma_mm_yr, 0) as velocity_sigma_mm_yr,
    class,
    -- bits that neighbours share: an accelerating and a decelerating point are no neighbours, a linear one is of both
    case when not with_class then 7 when class = 'accelerating' then 1 when class = 'decelerating' then 2 else 7 end
        as class_bits
from described
inner join stacks using (product)
cross join backgrounds
cross join blocks.parameters
where
    abs(velocity_mm_yr - background_mm_yr) >= velocity_limit_mm_yr
    and coalesce(temporal_coherence, 1) >= coherence_limit
    and not list_contains(classes_left_out, coalesce(class, ''))
order by hilbert_order(easting, northing), pid
;
