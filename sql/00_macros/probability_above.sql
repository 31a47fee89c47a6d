-- How probable it is that an estimate is truly above a limit.
--
-- Of a normal distribution around the estimate; with a standard error of 0 it is 0 or 1.

create or replace macro probability_above(estimate, sigma, lower_limit) as
coalesce(
    normal_share((estimate - lower_limit) / case when sigma > 0 then sigma end),
    (estimate > lower_limit)::integer
)
;
