-- A displacement cell (mm, one decimal) in whole 0.1 mm; NULL where it is empty or NaN.
--
-- A cast alone would round a second decimal away without a word.

create or replace macro egms_tenths(cell) as
case
    when lower(trim(cell)) in ('', 'nan') then null
    when (trim(cell)::decimal(12, 6) * 10) % 1 <> 0 then error('displacement ' || cell || ' has more than one decimal')
    else (trim(cell)::decimal(12, 6) * 10)::smallint
end
;
