-- What became of the measurement points of a product's release and of the release before, counted.
--
-- version:   1
-- grain:     product
-- partition: place
-- stored:    catalogue

create or replace table geometry.release_matches as

with tallied as (
    select
        product,
        count(*) as n_matched,
        count(*) filter (not is_same_place) as n_moved,
        count(*) filter (is_same_place and not is_joined) as n_too_short,
        count(*) filter (is_joined) as n_joined
    from geometry.releases
    group by product
)

select
    places.product,
    places.older_product,
    older.n_points - coalesce(n_matched, 0) as n_only_older,    -- points, as all that follow
    newer.n_points - coalesce(n_matched, 0) as n_only_newer,
    coalesce(n_moved, 0) as n_moved,                            -- same pid, other line or pixel: not joined
    coalesce(n_too_short, 0) as n_too_short,                    -- too few common epochs: not joined
    coalesce(n_joined, 0) as n_joined
from ground.places as places
inner join observed.products as newer on places.product = newer.product
inner join observed.products as older on places.older_product = older.product
left join tallied on places.product = tallied.product
order by places.product
;
