-- The standard error of the mean of n neighbouring points whose errors are shared.
--
-- shared: the mean of their standard errors, which their number does not make smaller. own, usual: the variance beyond
-- the errors in this cell (NULL of one point) and in the usual one, which counts for usual_points points.

create or replace macro look_sigma(shared, own, usual, n, usual_points) as
sqrt(
    shared ** 2
    + greatest((n - 1) * coalesce(own, 0) + usual_points * usual, 0) / (n - 1 + usual_points) / n
)
;
