-- The variance beyond the errors in the usual of several cells, those of `largest` at most: an aggregate; never below 0.

create or replace macro usual_variance(own, largest, n) as
greatest(coalesce(
    steady_sum(case when own <= largest then (n - 1) * own end) / sum(case when own <= largest then n - 1 end), 0
), 0)
;
