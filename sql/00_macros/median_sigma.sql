-- The standard error of a median by the median absolute deviation and the number of values.

create or replace macro median_sigma(deviation, n) as
1.2533 * 1.4826 * deviation / sqrt(n)
;
