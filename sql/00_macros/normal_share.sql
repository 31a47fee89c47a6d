-- The share of a normal distribution below z standard deviations, to 1e-7; NULL for NULL.
--
-- Without a CASE, in which DuckDB would find z anew wherever it stands.

create or replace macro normal_share(z) as
abs((z >= 0)::integer - normal_tail(z) / 2)
;
