-- The line of sight is a unit vector, but for the rounding of its three published decimals.
--
-- severity: warning
-- audits:   observed.points

with settings as (
    select 0.002 as rounding    -- of the squared length; 0.0013 was the largest in real files
)

select product, pid, source_row, los_east, los_north, los_up
from observed.points
cross join settings
where abs(los_east ** 2 + los_north ** 2 + los_up ** 2 - 1) > rounding
;
