-- Which epochs of its product a group of series lacks, and how many series that are.
--
-- version:   1
-- grain:     product, missing
-- partition: product
--
-- Nearly always one row: nothing missing. A fit needs weights of its own for every other row.

create or replace table observed.gaps as

with delivered as (
    select product, displacements from staging.l2
    union all
    select product, displacements from staging.l3
),

described as (
    select product, missing_epochs(displacements) as missing
    from delivered
)

select
    product,
    missing,
    count(*) as n_points
from described
group by product, missing
order by product, missing
;
