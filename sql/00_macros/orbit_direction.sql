-- Whether the satellite flew north (ascending) or south (descending), by the track angle in degrees.
--
-- Producers count the angle from 0 to 360 or from -180; both mean the same here.

create or replace macro orbit_direction(track_angle) as
case
    when (track_angle % 360 + 360) % 360 >= 270 or (track_angle % 360 + 360) % 360 < 90 then 'ascending'
    when track_angle is not null then 'descending'
end
;
