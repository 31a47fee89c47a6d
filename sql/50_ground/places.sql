-- A product of a place that EGMS delivered in more than one release: one burst, or one tile and component.
--
-- version: 1
-- grain:   partition, product
-- defines: place
-- stored:  catalogue
--
-- The only models in which releases meet are those that join them, and a pid is the same in all of them.
-- Not L2a: each of its files is relative to a reference of its own.

create or replace table ground.places as

with named as (
    select
        case level
            when 'L3' then printf('L3_%s_%s', tile, component)
            else printf('%s_%03d_%04d_IW%d_%s', level, track, burst, swath, polarisation)
        end as partition,
        product,
        release
    from observed.products
    where level in ('L2b', 'L3')
)

select
    partition,
    product,
    row_number() over (partition by partition order by release) as release_number,
    lag(product) over (partition by partition order by release) as older_product
from named
qualify count(*) over (partition by partition) > 1
order by partition, release_number
;
