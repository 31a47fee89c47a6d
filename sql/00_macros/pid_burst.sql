-- The track, burst, swath and polarisation of an L2 pid, packed as digits 2 to 5 spell them.
--
-- Unrolled: every pid of a lake passes here, and a lambda over the digits is ten times slower.

create or replace macro pid_burst(pid) as
base62_digit(pid[2]) * 238328
    + base62_digit(pid[3]) * 3844
    + base62_digit(pid[4]) * 62
    + base62_digit(pid[5])
;
