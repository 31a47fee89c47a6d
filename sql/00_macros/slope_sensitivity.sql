-- What the line of sight sees of 1 mm down a slope: the cosine between them, with its sign.
--
-- slope: degrees from the horizontal; aspect: degrees clockwise from north to where the slope falls. Near 0 the
-- satellite looks across the motion and sees nothing of it.

create or replace macro slope_sensitivity(los_east, los_north, los_up, slope, aspect) as
(los_east * sin(radians(aspect)) + los_north * cos(radians(aspect))) * cos(radians(slope))
    - los_up * sin(radians(slope))
;
