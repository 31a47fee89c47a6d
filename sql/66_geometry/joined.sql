-- One series of a measurement point through all releases that could be joined.
--
-- version:   2
-- grain:     pid, product
-- partition: place
--
-- A release holds from its first epoch to the first of the next one; older ones are lifted by their offsets. The
-- zero is the newest release's. A point that one release lacks begins again after it.

create or replace table geometry.joined as

with recursive linked as (
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

-- Each older product that a newest series goes on in; without the series themselves, which are long.
chained as (
    select pid, product, older_product, 2::bigint as n_releases, offset_mm, offset_sigma_mm ** 2 as offset_variance
    from linked
    anti join linked as later on linked.pid = later.pid and linked.product = later.older_product
    union all
    select
        chained.pid,
        chained.product,
        linked.older_product,
        chained.n_releases + 1 as n_releases,
        chained.offset_mm + linked.offset_mm as offset_mm,
        chained.offset_variance + linked.offset_sigma_mm ** 2 as offset_variance
    from chained
    inner join linked on chained.pid = linked.pid and chained.older_product = linked.product
),

lifted as (
    select
        chained.pid,
        chained.product,
        n_releases,
        offset_mm,
        offset_variance,
        [round(d + 10 * offset_mm)::smallint for d in displacements[1:len(epochs_before_next)]] as displacements
    from chained
    inner join series.displacement as series on chained.pid = series.pid and chained.older_product = series.product
    inner join released on chained.older_product = released.product
    where end_epoch is not null     -- or the newest series would be read for nothing
),

gathered as (
    select
        pid,
        product,
        max(n_releases) as n_releases,
        list({'age': n_releases, 'displacements': displacements}) as parts,
        max_by(offset_mm, n_releases) as offset_mm,
        sqrt(max(offset_variance)) as offset_sigma_mm
    from lifted
    group by pid, product
)

select
    pid,
    product,                        -- the newest
    n_releases,
    epochs,
    -- 0.1 mm, zero as in the newest
    flatten([part.displacements for part in list_reverse_sort(parts)]) || newest.displacements as displacements,
    offset_mm,                      -- that lifted the oldest
    offset_sigma_mm
from gathered
inner join series.displacement as newest using (pid, product)
inner join joinable using (product, n_releases)
order by pid, product
;
