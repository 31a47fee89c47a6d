-- The cell of an L3 pid, packed as digits 2 to 10 spell it.
--
-- Unrolled: every pid of a lake passes here, and a lambda over the digits is ten times slower.

create or replace macro pid_cell(pid) as
base62_digit(pid[2]) * 218340105584896
    + base62_digit(pid[3]) * 3521614606208
    + base62_digit(pid[4]) * 56800235584
    + base62_digit(pid[5]) * 916132832
    + base62_digit(pid[6]) * 14776336
    + base62_digit(pid[7]) * 238328
    + base62_digit(pid[8]) * 3844
    + base62_digit(pid[9]) * 62
    + base62_digit(pid[10])
;
