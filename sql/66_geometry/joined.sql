-- One series of a measurement point through all releases that could be joined.
--
-- version:   1
-- grain:     pid, product
-- partition: place
--
-- A release holds from its first epoch to the first of the next one; older ones are lifted by their offsets. The
-- zero is the newest release's. A point that one release lacks begins again after it.

create or replace table geometry.joined as

with linked as (
    select pid, product, older_product, offset_mm, offset_sigma_mm
    from geometry.releases
    where is_joined
),

parts as (
    select
        series.pid,
        series.product,
        places.release_number,
        products.epochs,
        newer.first_epoch as end_epoch,
        series.displacements,
        later.offset_mm,
        later.offset_sigma_mm,
        sum((earlier.pid is null)::integer) over (
            partition by series.pid order by places.release_number
        ) as chain_number
    from series.displacement as series
    inner join ground.places as places on series.product = places.product
    inner join observed.products as products on series.product = products.product
    left join linked as later on series.pid = later.pid and series.product = later.older_product
    left join observed.products as newer on later.product = newer.product
    left join linked as earlier on series.pid = earlier.pid and series.product = earlier.product
),

lifted as (
    select
        pid,
        product,
        release_number,
        chain_number,
        [e for e in epochs if end_epoch is null or e < end_epoch] as epochs,
        displacements,
        coalesce(sum(offset_mm) over later, 0) as offset_mm,
        sqrt(coalesce(sum(offset_sigma_mm ** 2) over later, 0)) as offset_sigma_mm
    from parts
    window later as (partition by pid, chain_number order by release_number desc)
),

collected as (
    select
        pid,
        last_value(product) over chain as product,
        count(*) over chain as n_releases,
        flatten(list(epochs) over chain) as epochs,
        flatten(list([round(d + 10 * offset_mm)::smallint for d in displacements[1:len(epochs)]]) over chain) as displacements,
        first_value(offset_mm) over chain as offset_mm,
        first_value(offset_sigma_mm) over chain as offset_sigma_mm,
        row_number() over chain as number
    from lifted
    window chain as (
        partition by pid, chain_number
        order by release_number
        rows between unbounded preceding and unbounded following
    )
)

select
    pid,
    product,                        -- the newest
    n_releases,
    epochs,
    displacements,                  -- 0.1 mm, zero as in the newest
    offset_mm,                      -- that lifted the oldest
    offset_sigma_mm
from collected
where number = 1 and n_releases > 1
order by pid, product
;
