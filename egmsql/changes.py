"""What a build made of the clusters that were there: the catalogue's table `_cluster_changes`.

A cluster is named by its first core, so a product that joins the lake leaves all names where it has no
points. Where it has some, clusters grow, merge, part or take another name. Their members say which became
which.
"""

import contextlib

import duckdb

from egmsql.credentials import reach
from egmsql.errors import unwritten
from egmsql.lake import open_catalogue
from egmsql.storage import quoted

MEMBERS = ("clusters.members", "clusters.cell_members")
COLUMNS = {
    "changed_at": "TIMESTAMPTZ",
    "cluster": "VARCHAR",
    "previous": "VARCHAR",
    "identity": "VARCHAR",
    "relation": "VARCHAR",
    "n_shared": "BIGINT",
}

# Fewer in common, as a share of the smaller cluster's members, are a touch and no descent: as in
# `clusters.lineage`.
_SMALLEST_SHARE = 0.1

# {old} and {new} are the members that were and are, {touched} those of files that became others.
_QUERY = f"""
with touched as (select distinct cluster from ({{touched}})),

old as (select stack, pid, cluster from ({{old}}) semi join touched using (cluster)),

new as (select stack, pid, cluster from ({{new}}) semi join touched using (cluster)),

old_sizes as (select cluster, count(*) as n_points from old group by cluster),

new_sizes as (select cluster, count(*) as n_points from new group by cluster),

shared as (
    select old.cluster as previous, new.cluster, count(*) as n_shared
    from old
    inner join new using (stack, pid)
    group by old.cluster, new.cluster
),

matched as (
    select
        shared.*,
        count(*) over (partition by shared.previous) as n_successors,
        count(*) over (partition by shared.cluster) as n_ancestors,
        row_number() over (partition by previous order by n_shared desc, shared.cluster) = 1
            and row_number() over (partition by shared.cluster order by n_shared desc, previous) = 1
                as is_heir
    from shared
    inner join old_sizes on old_sizes.cluster = shared.previous
    inner join new_sizes on new_sizes.cluster = shared.cluster
    where n_shared >= {_SMALLEST_SHARE} * least(old_sizes.n_points, new_sizes.n_points)
),

known as (
    select cluster, arg_max(identity, changed_at) as identity
    from _known
    where cluster is not null
    group by cluster
),

heirs as (
    select matched.cluster, coalesce(known.identity, matched.previous) as identity
    from matched
    left join known on known.cluster = matched.previous
    where is_heir
),

related as (
    select
        new_sizes.cluster,
        matched.previous,
        coalesce(heirs.identity, new_sizes.cluster) as identity,
        case
            when matched.previous is null then 'new'
            when n_ancestors > 1 and n_successors > 1 then 'regrouped'
            when n_ancestors > 1 then 'merged'
            when n_successors > 1 then 'split'
            else 'continued'
        end as relation,
        coalesce(n_shared, 0) as n_shared
    from new_sizes
    left join matched using (cluster)
    left join heirs using (cluster)
    union all
    select null, cluster, coalesce(known.identity, cluster), 'gone', 0
    from old_sizes
    left join known using (cluster)
    where cluster not in (select previous from matched)
)

select now() as changed_at, cluster, previous, identity, relation, n_shared
from related
where relation != 'continued' or cluster != previous
order by cluster, previous
"""


def cluster_changes(lake, before, after, settings):
    """Return what became of the clusters of one State in another, as an Arrow table of COLUMNS, or None.

    Only clusters with members in files that became others are looked at. A lake that had no clusters yet has
    no changes.
    """
    old, new = (_records(state) for state in (before, after))
    changed = {key for key in old.keys() | new.keys() if _content(old, key) != _content(new, key)}
    if not changed or not old:
        return None
    spill = lake.new_scratch()
    spill.mkdir(parents=True, exist_ok=True)
    config = {
        "threads": settings.threads,
        "memory_limit": f"{settings.memory}B",
        "temp_directory": str(spill / "spill"),
    }
    with contextlib.closing(duckdb.connect(config=config)) as connection:
        reach(connection, lake.root)
        _load_known(connection, lake)
        touched = [_rows(lake, [r for key, r in side.items() if key in changed]) for side in (old, new)]
        query = _QUERY.format(
            touched=" union all ".join(touched),
            old=_rows(lake, old.values()),
            new=_rows(lake, new.values()),
        )
        try:
            return connection.execute(query).to_arrow_table()
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise unwritten("_cluster_changes", error) from None


def carry_changes(connection, lake, changes=None):
    """Create `_cluster_changes` in a catalogue being written: what the published one has, and `changes`."""
    columns = ", ".join(f"{name} {sql_type}" for name, sql_type in COLUMNS.items())
    connection.execute(f"create table _cluster_changes ({columns})")
    known = _published(lake)
    for table in (known, changes):
        if table is not None:
            connection.register("_changes", table)
            connection.execute("insert into _cluster_changes from _changes")
            connection.unregister("_changes")


def _load_known(connection, lake):
    known = _published(lake)
    if known is None:
        columns = ", ".join(f"null::{sql_type} as {name}" for name, sql_type in COLUMNS.items())
        connection.execute(f"create view _known as select {columns} where false")
    else:
        connection.register("_known", known)


def _published(lake):
    """Return the changes that the published catalogue knows; None where it knows of no such table."""
    if not lake.exists():
        return None
    with contextlib.closing(open_catalogue(lake.catalogue)) as connection:
        tables = "select count(*) from duckdb_tables() where table_name = '_cluster_changes'"
        if not connection.execute(tables).fetchone()[0]:
            return None
        return connection.execute("from _cluster_changes").to_arrow_table()


def _records(state):
    return {(r.model, r.partition): r for name in MEMBERS for r in state.files_of(name)}


def _content(records, key):
    return records[key].content if key in records else None


def _rows(lake, records):
    paths = [lake.root / r.path for r in records if (lake.root / r.path).exists()]
    if not paths:
        return "select null::varchar as stack, null::varchar as pid, null::varchar as cluster where false"
    files = ", ".join(quoted(str(path)) for path in paths)
    scanned = f"read_parquet([{files}], hive_partitioning = false)"
    return f"select stack, pid, cluster from {scanned} where cluster is not null"
