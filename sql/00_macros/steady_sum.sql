-- The sum of numbers to the last bit whatever their order: an aggregate over whole steps of 1e-12.
--
-- A sum of floating-point numbers depends on the order in which threads bring them, and equal rows must stay
-- equal. Sums with `order by` would too, but hold every number of every group in memory.

create or replace macro steady_sum(number) as
sum(round(number * 1e12)::hugeint)::double / 1e12
;
