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

-- Older series, lifted, as far as the next release begins. No list gathers them: its memory could not spill.
lifted as (
    select
        linked.pid,
        linked.product,
        linked.older_product,
        linked.offset_mm,
        linked.offset_sigma_mm,
        displacements[1:len(epochs_before_next)] as displacements
    from linked
    inner join series.displacement as series on linked.pid = series.pid and linked.older_product = series.product
    inner join released on linked.older_product = released.product
    where end_epoch is not null     -- or the newest series would be read for nothing
),

-- From the newest series back, release by release.
chained as (
    select
        lifted.pid,
        lifted.product,
        lifted.older_product,
        2::bigint as n_releases,
        lifted.offset_mm,
        lifted.offset_sigma_mm ** 2 as offset_variance,
        [round(d + 10 * lifted.offset_mm)::smallint for d in displacements] as displacements
    from lifted
    anti join linked as later on lifted.pid = later.pid and lifted.product = later.older_product
    union all
    select
        chained.pid,
        chained.product,
        lifted.older_product,
        chained.n_releases + 1 as n_releases,
        chained.offset_mm + lifted.offset_mm as offset_mm,
        chained.offset_variance + lifted.offset_sigma_mm ** 2 as offset_variance,
        [round(d + 10 * (chained.offset_mm + lifted.offset_mm))::smallint for d in lifted.displacements]
            || chained.displacements as displacements
    from chained
    inner join lifted on chained.pid = lifted.pid and chained.older_product = lifted.product
),

longest as (
    select pid, product, n_releases, offset_mm, sqrt(offset_variance) as offset_sigma_mm, displacements
    from chained
    anti join linked as earlier on chained.pid = earlier.pid and chained.older_product = earlier.product
)

select
    pid,
    product,                        -- the newest
    n_releases,
    epochs,
    longest.displacements || newest.displacements as displacements,     -- 0.1 mm, zero as in the newest
    offset_mm,                      -- that lifted the oldest
    offset_sigma_mm
from longest
inner join series.displacement as newest using (pid, product)
inner join joinable using (product, n_releases)
order by pid, product
;
