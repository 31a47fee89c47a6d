"""Writing the catalogue: one DuckDB file that makes a folder of Parquet files a database.

It is written beside the old one and takes its place in one step, so a reader keeps the old state or sees
the whole new one.
"""

import contextlib
import hashlib
import shutil

import duckdb

from egmsql.about import __version__
from egmsql.changes import carry_changes
from egmsql.credentials import reach
from egmsql.errors import LakeError, unwritten
from egmsql.lake import CATALOGUE, open_catalogue
from egmsql.lineage import lineage_of
from egmsql.state import LAKE_FORMAT, as_json
from egmsql.storage import quoted
from egmsql.udfs import registry
from egmsql.workspace import load_spatial, scan

# Where the catalogue lies, as the catalogue itself can know it: relative paths in a view would resolve from
# the reader's folder. After ATTACH, or with another temp_directory, `set variable lake = '...'`.
_HERE = "nullif(coalesce(getvariable('lake'), parse_dirpath(current_setting('temp_directory'))), '')"


def publish(lake, project, state, changes=None):
    """Replace the lake's catalogue by one that says what `state` says.

    `changes` of clusters (an Arrow table) are added to those that it knows.

    Raises
    ------
    LakeError
        If a process has the present catalogue open for writing, or a write-ahead log of such a process
        lies beside it: DuckDB would replay it into the new file.
    """
    _refuse_writers(lake)
    before = lake.load()
    unfinished = lake.new_scratch(".duckdb")
    try:
        previous_paths = {r.path for r in before.files.values()}
        lake.settle({r.path for r in state.files.values()} - previous_paths)
        write_catalogue(unfinished, lake, project, state, previous_paths, changes=changes)
        _prove(unfinished, state)
        _refuse_writers(lake)
        lake.place(unfinished, CATALOGUE)
    except (duckdb.Error, OSError) as error:
        raise unwritten(lake.catalogue, error) from None
    finally:
        unfinished.unlink(missing_ok=True)


def _prove(path, state):
    """Raise unless a catalogue on disk is whole: on a full disk DuckDB closes without a word."""
    refuse_unmerged(path)
    with contextlib.closing(duckdb.connect(str(path), read_only=True)) as connection:
        (n_files,) = connection.execute("select count(*) from _files").fetchone()
    if n_files != len(state.files):
        raise _not_whole(path, f"{n_files} of {len(state.files)} files are in it")


def refuse_unmerged(path):
    """Raise LakeError if a DuckDB file that was closed has a write-ahead log: on a full disk it stays."""
    log = _log_of(path)
    if log.exists():
        raise _not_whole(path, f"{log.stat().st_size:,} bytes of its write-ahead log are not in it")


def _not_whole(path, what):
    free = shutil.disk_usage(path.parent).free
    advice = f"the disk has {free / 1e6:,.0f} MB free: make room if it is that, and run again"
    return LakeError(path, f"was not written whole ({what})", f"{advice}; what was finished is kept")


def _log_of(path):
    return path.with_name(f"{path.name}.wal")


def write_catalogue(
    path, lake, project, state, previous_paths=frozenset(), without=frozenset(), changes=None
):
    """Write a catalogue file of `state`; `without` names models to leave out (a sandbox)."""
    with contextlib.closing(duckdb.connect(str(path))) as connection:
        reach(connection, lake.root)
        connection.execute("begin")
        connection.execute(f"set variable lake = {quoted(str(lake.root.absolute()))}")
        for schema in dict.fromkeys(name.split(".")[0] for name in project.models):
            connection.execute(f'create schema "{schema}"')
        _add_macros(connection, project)
        for name, model in project.models.items():
            is_staging = model.kind == "view" and project.source_tables_of(model)
            if name not in without and not is_staging:
                _add_model(connection, lake, project, state, model)
        _add_bookkeeping(connection, project, state, previous_paths)
        carry_changes(connection, lake, changes)
        _add_comments(connection, project, without)
        connection.execute("commit")
        connection.execute("checkpoint")


def texts_digest(project):
    """Return what the catalogue itself is made of besides files: macros, views, and columns."""
    texts = {
        m.name: m.digest for m in (*project.macros.values(), *project.models.values()) if m.kind != "table"
    }
    columns = {name: [c.version, list(c.columns.items())] for name, c in project.contracts.items()}
    return hashlib.sha256(as_json([texts, columns, duckdb.__version__]).encode()).hexdigest()[:20]


def is_current(lake, project):
    """Return whether the published catalogue has this project's macros, views and columns."""
    if not lake.exists():
        return False
    with contextlib.closing(open_catalogue(lake.catalogue)) as connection:
        return connection.execute("select texts from _lake").fetchone() == (texts_digest(project),)


def _refuse_writers(lake):
    if not lake.exists():
        return
    open_catalogue(lake.catalogue).close()
    log = _log_of(lake.catalogue)
    if log.exists():
        wrong = "has a write-ahead log beside it: somebody wrote to it by hand"
        raise LakeError(lake.catalogue, wrong, f"close that shell; if none is open, delete {log.name}")


def _add_macros(connection, project):
    for macro in project.macros.values():
        if any(name.startswith("st_") for name in macro.calls):
            load_spatial(connection)  # to be created; to be called a reader loads it too
        connection.execute(macro.text)


def _add_model(connection, lake, project, state, model):
    contract = project.contracts[model.name]
    # A lost file must not keep other products out; `plan` names it, and its rows are missing anyway.
    paths = [r.path for r in state.files_of(model.name) if (lake.root / r.path).exists()]
    if model.kind == "view":
        connection.execute(model.text)
    elif model.stored == "catalogue":
        absolute = [lake.root / path for path in paths]
        connection.execute(f"create table {model.name} as {scan(absolute, contract)} order by all")
    elif not paths:
        connection.execute(f"create view {model.name} as {scan([], contract)}")
    else:
        listed = ", ".join(quoted(path) for path in paths)
        files = f"list_transform([{listed}], lambda path: concat_ws('/', {_HERE}, path))"
        columns = ", ".join(_selected(column, sql_type) for column, sql_type in contract.columns.items())
        query = f"select {columns} from read_parquet({files}, hive_partitioning = false)"
        connection.execute(f"create view {model.name} as {query}")


def _selected(column, sql_type):
    """Return how a view selects a column of a file.

    Without spatial DuckDB shows the CRS of a Parquet geometry as its whole PROJJSON, in every header; its
    short name says the same.
    """
    if sql_type.startswith("GEOMETRY("):
        return f'st_setcrs("{column}", {sql_type[9:-1]}) as "{column}"'
    return f'"{column}"'


def _add_bookkeeping(connection, project, state, previous_paths):
    for name, table in state.tables().items():
        connection.register("_records", table)
        connection.execute(f"create table {name} as from _records")
        connection.unregister("_records")
    columns = "format INTEGER, egmsql VARCHAR, duckdb VARCHAR, texts VARCHAR"
    _create(
        connection, "_lake", columns, [(LAKE_FORMAT, __version__, duckdb.__version__, texts_digest(project))]
    )
    _create(connection, "_previous_files", "path VARCHAR", [(p,) for p in sorted(previous_paths)])
    _create(
        connection,
        "_models",
        "model VARCHAR, kind VARCHAR, layer INTEGER, version INTEGER, grain VARCHAR[], partition VARCHAR,"
        " stored VARCHAR, description VARCHAR, why VARCHAR, sql VARCHAR",
        [
            (
                m.name,
                m.kind,
                m.layer,
                m.version,
                list(m.grain),
                m.partition,
                m.stored,
                m.description,
                m.why,
                m.text,
            )
            for m in project.models.values()
        ],
    )
    _create(
        connection,
        "_columns",
        "model VARCHAR, column_name VARCHAR, type VARCHAR, unit VARCHAR, meaning VARCHAR, origin VARCHAR",
        list(column_rows(project)),
    )
    _create(
        connection,
        "_lineage",
        "model VARCHAR, column_name VARCHAR, upstream_model VARCHAR, upstream_column VARCHAR",
        lineage_of(project),
    )
    _create(
        connection,
        "_udfs",
        "udf VARCHAR, signature VARCHAR, version INTEGER, documentation VARCHAR",
        [(f.name, f.signature, f.version, f.doc) for f in registry().values()],
    )


def _create(connection, name, columns, rows):
    connection.execute(f"create table {name} ({columns})")
    if rows:
        connection.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)


def column_rows(project):
    """Yield (model, column, type, unit, meaning, origin) of every column that the contracts promise."""
    for name, contract in project.contracts.items():
        for column, sql_type in contract.columns.items():
            entry = project.glossary.get(column)
            beside = project.models[name].comments.get(column, "") if name in project.models else ""
            meaning = "; ".join(text for text in (entry.meaning if entry else "", beside) if text)
            yield (
                name,
                column,
                sql_type,
                entry.unit if entry else None,
                meaning,
                entry.origin if entry else None,
            )


def _add_comments(connection, project, without):
    kinds = {(s, n): k for s, n, k in connection.execute(_EXISTING).fetchall()}
    for name, model in project.models.items():
        kind = kinds.get(tuple(name.split(".")))
        if kind and name not in without:
            connection.execute(f"comment on {kind} {name} is {quoted(model.description)}")
    for name, column, _, unit, meaning, _ in column_rows(project):
        if tuple(name.split(".")) in kinds and name not in without:
            text = f"{meaning} [{unit}]" if unit not in (None, "", "-") else meaning
            connection.execute(f'comment on column {name}."{column}" is {quoted(text)}')


_EXISTING = """
select schema_name, view_name, 'view' from duckdb_views() where not internal
union all
select schema_name, table_name, 'table' from duckdb_tables()
"""
