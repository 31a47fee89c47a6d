-- A class of motion in the words of EGMSpy, by the velocities (mm/yr) at both ends and the limit of moving ground.
--
-- A velocity change counts by what it does to the speed, a step as the motion around it.

create or replace macro egmspy_class(class, start_velocity, end_velocity, moving_limit) as
case class
    when 'accelerating' then 'accel'
    when 'decelerating' then 'decel'
    when 'velocity_change' then case when abs(end_velocity) >= abs(start_velocity) then 'accel' else 'decel' end
    when 'step' then case when abs(start_velocity) >= moving_limit then 'linear' else 'stable' end
    when 'complex' then 'variable'
    else class
end
;
