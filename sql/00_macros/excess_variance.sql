-- By how much numbers vary beyond their standard errors: an aggregate, in the square of their unit; NULL for one.
--
-- Their variance less that of their errors: below 0 where they share their errors and agree better.

create or replace macro excess_variance(number, sigma) as
(steady_sum(number ** 2) - steady_sum(number) ** 2 / count(*)) / nullif(count(*) - 1, 0)
    - steady_sum(sigma ** 2) / count(*)
;
