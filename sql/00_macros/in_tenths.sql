-- A series (mm) in whole 0.1 mm, as the lake stores series.

create or replace macro in_tenths(series) as
[round(10 * d)::smallint for d in series]
;
