-- One series of a measurement point through all releases that could be joined.
--
-- version:   2
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

released as (
    select
        partition,
        product,
        release_number,
        epochs,
        lead(first_epoch) over (partition by partition order by release_number) as end_epoch,
        [e for e in epochs if e < end_epoch] as epochs_before_next
    from ground.places
    inner join observed.products using (product)
),

-- The epochs of a joined series follow from its newest release and how many there are: few, for all points.
joinable as (
    select
        newest.product,
        newest.release_number - older.release_number + 1 as n_releases,
        flatten(list(older.epochs_before_next) over longer) || newest.epochs as epochs
    from released as newest
    inner join released as older
        on newest.partition = older.partition and newest.release_number > older.release_number
    window longer as (
        partition by newest.product
        order by older.release_number
        rows between current row and unbounded following
    )
),

-- Without the series themselves, which are long.
linkable as (
    select
        series.pid,
        series.product,
        released.partition,
        released.release_number,
        len(released.epochs_before_next) as n_before_next,
        later.offset_mm,
        later.offset_sigma_mm,
        sum((earlier.pid is null)::integer) over (
            partition by series.pid, released.partition order by released.release_number
        ) as chain_number
    from series.displacement as series
    inner join released on series.product = released.product
    left join linked as later on series.pid = later.pid and series.product = later.older_product
    left join linked as earlier on series.pid = earlier.pid and series.product = earlier.product
),

lifted as (
    select
        pid,
        product,
        release_number,
        n_before_next,
        first_value(product) over later as newest,
        count(*) over (partition by pid, partition, chain_number) as n_releases,
        coalesce(sum(offset_mm) over later, 0) as offset_mm,
        sqrt(coalesce(sum(offset_sigma_mm ** 2) over later, 0)) as offset_sigma_mm
    from linkable
    window later as (partition by pid, partition, chain_number order by release_number desc)
),

collected as (
    select
        lifted.pid,
        newest as product,
        n_releases,
        flatten(
            list(
                case
                    when lifted.product = newest then displacements
                    else [round(d + 10 * offset_mm)::smallint for d in displacements[1:n_before_next]]
                end
            ) over chain
        ) as displacements,
        offset_mm,
        offset_sigma_mm
    from lifted
    inner join series.displacement as series on lifted.pid = series.pid and lifted.product = series.product
    where n_releases > 1
    window chain as (partition by lifted.pid, newest order by release_number rows between current row and unbounded following)
    qualify row_number() over chain = 1
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
inner join joinable using (product, n_releases)
order by pid, product
;
