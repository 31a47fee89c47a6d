-- Of each scatterer that several bursts saw, one point is left: the best never makes way for a worse one.
--
-- severity: error
-- audits:   neighbourhood.duplicates

with named as (
    select
        duplicates.pid,
        duplicates.product,
        duplicates.better_pid,
        duplicates.better_product,
        own.track as track,
        other.track as better_track,
        own.release as release,
        other.release as better_release
    from neighbourhood.duplicates as duplicates
    inner join observed.products as own on duplicates.product = own.product
    inner join observed.products as other on duplicates.better_product = other.product
)

select pid, product, better_pid, better_product
from named
where product = better_product or track <> better_track or release <> better_release
;
