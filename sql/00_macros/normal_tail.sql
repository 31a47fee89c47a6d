-- The share of a normal distribution above z standard deviations, z not negative, to 1e-7.
--
-- Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17.

create or replace macro normal_tail(z) as
exp(-z * z / 2) / sqrt(2 * pi()) / (1 + 0.2316419 * z) * (
    0.319381530 + (
        -0.356563782 + (
            1.781477937 + (-1.821255978 + 1.330274429 / (1 + 0.2316419 * z)) / (1 + 0.2316419 * z)
        ) / (1 + 0.2316419 * z)
    ) / (1 + 0.2316419 * z)
)
;
