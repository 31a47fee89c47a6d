-- The line and pixel of an L2 pid, packed as digits 6 to 10 spell them.
--
-- Unrolled: every pid of a lake passes here, and a lambda over the digits is ten times slower.

create or replace macro pid_point(pid) as
base62_digit(pid[6]) * 14776336
    + base62_digit(pid[7]) * 238328
    + base62_digit(pid[8]) * 3844
    + base62_digit(pid[9]) * 62
    + base62_digit(pid[10])
;
