-- The velocity (mm/yr) along the slope that explains one along the line of sight; + is downslope.
--
-- It presumes that the ground moves exactly down the slope. NULL where that cannot be told: slopes below 5 degrees,
-- or where the line of sight sees less than 0.3 of the motion.

create or replace macro slope_velocity(velocity, los_east, los_north, los_up, slope, aspect) as
case
    when slope >= 5 and abs(slope_sensitivity(los_east, los_north, los_up, slope, aspect)) >= 0.3 then
        velocity / slope_sensitivity(los_east, los_north, los_up, slope, aspect)
end
;
