-- The standard error (mm/yr) of slope_velocity by that of the velocity along the line of sight.
--
-- It grows as the line of sight sees less of the motion; that of slope and aspect is not in it.

create or replace macro slope_velocity_sigma(sigma, los_east, los_north, los_up, slope, aspect) as
abs(slope_velocity(sigma, los_east, los_north, los_up, slope, aspect))
;
