-- The mean of a list of numbers by a list of weights.

create or replace macro weighted_mean(numbers, weights) as
list_dot_product(numbers, weights) / list_sum(weights)
;
