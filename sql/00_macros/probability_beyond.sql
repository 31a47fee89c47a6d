-- How probable it is that the size of an estimate is truly beyond a limit, on either side of zero.
--
-- Of a normal distribution around the estimate; with a standard error of 0 it is 0 or 1.

create or replace macro probability_beyond(estimate, sigma, size_limit) as
coalesce(
    normal_share((abs(estimate) - size_limit) / case when sigma > 0 then sigma end)
        + normal_share(-(abs(estimate) + size_limit) / case when sigma > 0 then sigma end),
    (abs(estimate) > size_limit)::integer
)
;
