-- The standard error of a weighted mean of neighbouring points whose errors are shared: an aggregate.
--
-- The mean of their standard errors, not divided by the root of their number; and of what they differ by beyond
-- their errors (the variance of the numbers less that of their errors) the part that a sample of so many leaves.

create or replace macro look_sigma(number, sigma) as
sqrt(
    weighted_mean(sigma, sigma ** -2) ** 2
    + greatest(
        coalesce(
            (steady_sum(number ** 2) - steady_sum(number) ** 2 / count(*)) / nullif(count(*) - 1, 0)
                - steady_sum(sigma ** 2) / count(*),
            0
        ),
        0
    ) / count(*)
)
;
