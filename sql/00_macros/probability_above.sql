-- How probable it is that an estimate is truly above a limit.
--
-- Of a normal distribution around the estimate; with a standard error of 0 it is 0 or 1.

create or replace macro probability_above(estimate, sigma, lower_limit) as
case
    when sigma > 0 then normal_share((estimate - lower_limit) / sigma)
    when estimate > lower_limit then 1.0
    when estimate is not null then 0.0
end
;
