-- How probable it is that the size of an estimate is truly beyond a limit, on either side of zero.
--
-- Of a normal distribution around the estimate; with a standard error of 0 it is 0 or 1.

create or replace macro probability_beyond(estimate, sigma, size_limit) as
case
    when sigma > 0 then
        normal_share((abs(estimate) - size_limit) / sigma) + normal_share(-(abs(estimate) + size_limit) / sigma)
    when abs(estimate) > size_limit then 1.0
    when estimate is not null then 0.0
end
;
