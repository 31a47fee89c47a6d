-- The standard deviation of residuals (divisor n - 1) by their sum of squares; NULL where a fit left none over.
--
-- A sum of squares that is a difference of equals may fall below 0 by rounding.

create or replace macro residual_std(squares, n, n_terms) as
case when n > n_terms then sqrt(greatest(squares, 0) / (n - 1)) end
;
