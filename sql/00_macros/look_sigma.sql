-- The standard error of a weighted mean of neighbouring points whose errors are shared.
--
-- The mean of their standard errors, not divided by the root of their number; and of what they differ by beyond
-- their errors the part that a sample of so many leaves.

create or replace macro look_sigma(numbers, sigmas, weights) as
sqrt(
    weighted_mean(sigmas, weights) ** 2
    + greatest(coalesce(list_var_samp(numbers), 0) - list_avg([s ** 2 for s in sigmas]), 0) / len(numbers)
)
;
