-- The weighted mean of numbers, to the last bit whatever their order: an aggregate.

create or replace macro weighted_mean(number, weight) as
steady_sum(weight * number) / steady_sum(weight)
;
