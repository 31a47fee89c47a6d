-- What became of a cluster from one release to the next: continued, merged, split, new or gone.
--
-- version: 2
-- grain:   cluster, previous
--
-- Clusters are matched by the measurement points they share, whose pids stay the same. `identity` is the name that
-- a cluster had when it was first seen: it goes to the successor that shares the most points, if that one
-- shares the most with it too.

create or replace table clusters.lineage as

with settings as (
    select 0.1 as smallest_share     -- of the smaller cluster's members: fewer in common are a touch, no descent
),

placed as (
    select
        cluster,
        pid,
        replace(stack, release, '') as family,
        release
    from clusters.moving
),

releases as (
    select family, release, row_number() over (partition by family order by release) as place
    from (select distinct family, release from placed)
),

numbered as (
    select cluster, pid, family, release, place
    from placed
    inner join releases using (family, release)
),

clusters_known as (
    select cluster, family, release, place, count(*) as n_points
    from numbered
    group by cluster, family, release, place
),

-- By the points alone: pairs of clusters, of which a large lake has too many, are never made.
shared as (
    select before.cluster as previous, after.cluster, count(*) as n_shared
    from numbered as before
    inner join numbered as after
        on before.family = after.family and before.pid = after.pid and after.place = before.place + 1
    group by before.cluster, after.cluster
),

matched as (
    select
        shared.previous,
        shared.cluster,
        n_shared,
        count(*) over (partition by shared.previous) as n_successors,
        count(*) over (partition by shared.cluster) as n_ancestors,
        row_number() over (partition by shared.previous order by n_shared desc, shared.cluster) = 1
            and row_number() over (partition by shared.cluster order by n_shared desc, shared.previous) = 1 as is_heir
    from shared
    inner join clusters_known as old on old.cluster = shared.previous
    inner join clusters_known as new on new.cluster = shared.cluster
    cross join settings
    where n_shared >= smallest_share * least(old.n_points, new.n_points)
),

heirs as (
    select cluster, previous from matched where is_heir
),

identified as (
    with recursive followed as (
        select distinct cluster, cluster as identity
        from clusters_known
        anti join heirs using (cluster)
        union all
        select heirs.cluster, followed.identity
        from heirs
        inner join followed on followed.cluster = heirs.previous
    )

    select cluster, identity from followed
)

select
    clusters_known.cluster,                 -- NULL where a cluster is gone
    matched.previous,                       -- NULL where one is new, or of the first release
    identified.identity,
    case
        when matched.previous is null and clusters_known.place = 1 then 'first'
        when matched.previous is null then 'new'
        when n_ancestors > 1 and n_successors > 1 then 'regrouped'
        when n_ancestors > 1 then 'merged'
        when n_successors > 1 then 'split'
        else 'continued'
    end as relation,
    coalesce(n_shared, 0) as n_shared,
    release
from clusters_known
inner join identified using (cluster)
left join matched using (cluster)
union all
select null as cluster, old.cluster as previous, identified.identity, 'gone' as relation, 0 as n_shared, later.release
from clusters_known as old
inner join identified using (cluster)
inner join (select distinct family, place, release from clusters_known) as later
    on later.family = old.family and later.place = old.place + 1
where old.cluster not in (select previous from matched)
order by cluster, previous
;
