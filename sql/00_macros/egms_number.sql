-- The number in a delivered cell; NULL where it is empty or NaN.
--
-- Adding zero takes the sign of `-0.0`: a Parquet dictionary would hand it to every zero of its column.

create or replace macro egms_number(cell) as
case when lower(trim(cell)) in ('', 'nan') then null else trim(cell)::double + 0.0 end
;
