-- A line that is 0 until some years before the last epoch and rises by 1 a year from there (365 days).

create or replace macro hinge(epochs, years) as
[greatest(0, (e - epochs[-1]) / 365.0 + years) for e in epochs]
;
