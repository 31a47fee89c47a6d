-- The number in a delivered cell; NULL where it is empty or NaN.

create or replace macro egms_number(cell) as
case when lower(trim(cell)) in ('', 'nan') then null else trim(cell)::double end
;
