-- How probable it is that a standard normal number lies farther from 0 than z: the p-value of a z-score.
--
-- Chebyshev fit, relative error below 1.2e-7 everywhere. Source: Press et al., Numerical Recipes, erfc.

create or replace macro normal_tail(z) as
1 / (1 + abs(z) / sqrt(8)) * exp(
    -z * z / 2 - 1.26551223
    + 1.00002368 * (1 + abs(z) / sqrt(8)) ** -1
    + 0.37409196 * (1 + abs(z) / sqrt(8)) ** -2
    + 0.09678418 * (1 + abs(z) / sqrt(8)) ** -3
    - 0.18628806 * (1 + abs(z) / sqrt(8)) ** -4
    + 0.27886807 * (1 + abs(z) / sqrt(8)) ** -5
    - 1.13520398 * (1 + abs(z) / sqrt(8)) ** -6
    + 1.48851587 * (1 + abs(z) / sqrt(8)) ** -7
    - 0.82215223 * (1 + abs(z) / sqrt(8)) ** -8
    + 0.17087277 * (1 + abs(z) / sqrt(8)) ** -9
)
;
