"""Writing `serving.duckdb`: the tables that the web reads, native, in one file that is replaced as a whole.

A model with `stored: serving` is a model like any other: its rows are Parquet files with fingerprints,
audits and early cut-off. Here they are copied, in order, into one DuckDB file, whenever any of them changed.
Where only texts or the paths of series changed, the rows of the file before are kept. A server keeps the file
that it opened, or opens the whole new one.
"""

import contextlib
import hashlib
import shutil
from dataclasses import dataclass

import duckdb

from egmsql.about import __version__
from egmsql.catalog import column_rows, refuse_unmerged, texts_digest
from egmsql.credentials import reach
from egmsql.errors import LakeError, unwritten
from egmsql.lake import SERVING, open_catalogue
from egmsql.objects import local_copy
from egmsql.settings import Settings
from egmsql.state import as_json
from egmsql.storage import quoted
from egmsql.workspace import scan

FORMAT = 3  # of the file: raise it when its bookkeeping changes
ROW_GROUP_ROWS = 32_768  # a small box reads a quarter of what it would of DuckDB's own 122,880

_SERIES = "series.displacement"
_DETAILS = (
    "classes.motion",
    "features.hypotheses",
    "classes.corrected",
)  # read where they lie, as series are
_MEANINGS = {
    "model": "Name of a model: its layer and its file in `sql/`",
    "kind": "table (stored) or view",
    "layer": "Number of the folder: a model reads lower ones only",
    "version": "What the columns promise; raised when that changes",
    "grain": "The columns that name a row",
    "description": "What a row tells",
    "why": "Why it is made as it is",
    "sql": "Its whole text",
    "column_name": "Name of a column",
    "type": "Its type in DuckDB",
    "unit": "Its unit",
    "meaning": "What it means",
    "origin": "Who it comes from",
}


def served_models(project):
    """Return the models whose rows lie in `serving.duckdb`, upstream first."""
    return [model for model in project.tables.values() if model.stored == "serving"]


@dataclass(frozen=True)
class Digests:
    """What a `serving.duckdb` is made of.

    Parameters
    ----------
    rows : str
        The rows of the served models and their columns.
    content : str
        The rows, and the files of series and details that are read where they lie.
    whole : str
        All of that, and every text and meaning.
    """

    rows: str
    content: str
    whole: str


def digests(project, state):
    """Return the Digests of the file that `state` asks for."""
    served = served_models(project)
    columns = [[m.name, list(project.contracts[m.name].columns.items())] for m in served]
    rows = [FORMAT, columns, [[r.model, r.partition, r.content] for r in _records(state, served)]]
    content = [rows, [[name, r.partition, r.path] for name, r in _read_in_place(state)]]
    meanings = [list(row) for row in column_rows(project)]
    texts = [[m.name, m.text] for m in project.models.values()]
    whole = [content, meanings, texts, texts_digest(project), __version__]
    return Digests(*map(_digest, (rows, content, whole)))


def _digest(described):
    return hashlib.sha256(as_json(described).encode()).hexdigest()[:20]


def _records(state, models):
    return [record for model in models for record in state.files_of(model.name)]


def _read_in_place(state):
    """Return (model, record) of what the server reads where it lies: only of products that are served."""
    products = {record.partition for record in state.files_of("serving.products")}
    names = (_SERIES, *_DETAILS)
    return [(name, r) for name in names for r in state.files_of(name) if r.partition in products]


def written(lake):
    """Return the Digests of the present `serving.duckdb`, or None where none can be read."""
    path = lake.root / SERVING
    if not path.exists():
        return None
    try:
        with contextlib.closing(open_catalogue(path)) as connection:
            query = "select rows_digest, content_digest, digest from lake.state where format = ?"
            found = connection.execute(query, [FORMAT]).fetchone()
    except (duckdb.Error, LakeError):
        return None
    return found and Digests(*found)


def is_current(lake, project, state, by="whole"):
    """Return whether `serving.duckdb` holds what `state` says, judged by one of its Digests.

    A lake without served rows needs none.
    """
    if not _records(state, served_models(project)):
        return True
    found = written(lake)
    return found is not None and getattr(found, by) == getattr(digests(project, state), by)


def defect(lake, project, state):
    """Return what is wrong with `serving.duckdb` and what to do, in one sentence, or None; reads it all."""
    if not _records(state, served_models(project)):
        return None
    path = lake.root / SERVING
    if not path.exists():
        return f"{SERVING}: is lost; run `egmsql build {lake.root}`"
    if not _is_readable(path):
        advice = f"run `egmsql check {lake.root} --repair`, then `egmsql build`"
        return f"{SERVING}: is not what was written; {advice}"
    if not is_current(lake, project, state, "content"):
        return f"{SERVING}: is older than the lake; run `egmsql build {lake.root}`"
    return None


def _is_readable(path):
    """Return whether each table can be read to its end; DuckDB compares the checksum of every block."""
    query = "select schema_name, table_name from duckdb_tables() where not internal"
    try:
        with contextlib.closing(open_catalogue(path)) as connection:
            for schema, table in connection.execute(query).fetchall():
                connection.execute(f'select bit_xor(hash(t)) from "{schema}"."{table}" as t').fetchone()
    except (duckdb.Error, LakeError):
        return False
    return True


def publish_serving(lake, project, state, settings=None):
    """Write `serving.duckdb` beside the present one and let it take its place.

    Raises
    ------
    LakeError
        If it cannot be written whole; the present file stays.
    """
    unfinished = lake.new_scratch(".duckdb")
    before = written(lake)
    try:
        if before is not None and before.rows == digests(project, state).rows:
            shutil.copyfile(local_copy(lake.root / SERVING), unfinished)
        _write(unfinished, lake, project, state, settings or Settings())
        lake.place(unfinished, SERVING)
    except (duckdb.Error, OSError) as error:
        raise unwritten(lake.root / SERVING, error) from None
    finally:
        unfinished.unlink(missing_ok=True)


def _write(path, lake, project, state, settings):
    """Write the file, or, where a copy of the one before lies at `path`, all of it but the rows."""
    keeps_rows = path.exists()
    config = {
        "threads": settings.threads,
        "memory_limit": f"{settings.memory}B",
        "temp_directory": str(lake.new_scratch()),
        "autoinstall_known_extensions": False,
    }
    with contextlib.closing(duckdb.connect(config=config)) as connection:
        reach(connection, lake.root)
        # Newer encodings than DuckDB 1.0 knew make the file a tenth smaller.
        options = f"storage_version 'latest', row_group_size {ROW_GROUP_ROWS}"
        connection.execute(f"attach {quoted(str(path))} as served ({options})")
        connection.execute("use served")
        connection.execute("create schema if not exists lake")
        for model in () if keeps_rows else served_models(project):
            files = [lake.root / record.path for record in state.files_of(model.name)]
            query = scan([f for f in files if f.exists()], project.contracts[model.name])
            connection.execute(f"create table {_own_name(model)} as {query}")
        _add_bookkeeping(connection, project, state)
        _add_comments(connection, project)
        connection.execute("checkpoint served")
        connection.execute("use memory")
        connection.execute("detach served")
    refuse_unmerged(path)


def _add_bookkeeping(connection, project, state):
    """Add what the web shows of the models (schema main) and what it needs itself (schema lake)."""
    models = [
        (m.name, m.kind, m.layer, m.version, ", ".join(m.grain), m.description, m.why, m.text)
        for m in project.models.values()
    ]
    _create(
        connection,
        "models",
        "model VARCHAR, kind VARCHAR, layer INTEGER, version INTEGER, grain VARCHAR, description VARCHAR,"
        " why VARCHAR, sql VARCHAR",
        models,
    )
    columns = (
        "model VARCHAR, column_name VARCHAR, type VARCHAR, unit VARCHAR, meaning VARCHAR, origin VARCHAR"
    )
    _create(connection, "glossary", columns, list(column_rows(project)))
    connection.executemany("insert into glossary values (?, ?, ?, ?, ?, ?)", list(_own_columns(connection)))
    tables = [(_own_name(m), list(m.grain), m.description) for m in served_models(project)]
    tables += [
        ("models", ["model"], "A model: a file of `sql/`, what it says, and its text."),
        ("glossary", ["model", "column_name"], "A column of a model: its unit and its meaning."),
    ]
    _create(connection, "lake.tables", "name VARCHAR, grain VARCHAR[], description VARCHAR", tables)
    placed = [(name, r.partition, r.path) for name, r in _read_in_place(state)]
    series = [(product, path) for name, product, path in placed if name == _SERIES]
    _create(connection, "lake.series", "product VARCHAR, path VARCHAR", series)
    details = [row for row in placed if row[0] != _SERIES]
    _create(connection, "lake.details", "model VARCHAR, product VARCHAR, path VARCHAR", details)
    columns = "format INTEGER, rows_digest VARCHAR, content_digest VARCHAR, digest VARCHAR, egmsql VARCHAR"
    made_of = digests(project, state)
    row = (FORMAT, made_of.rows, made_of.content, made_of.whole, __version__)
    _create(connection, "lake.state", columns, [row])


def _own_columns(connection):
    """Yield what the glossary says of the two tables that are no models."""
    for table in ("models", "glossary"):
        for name, sql_type, *_ in connection.execute(f"describe {table}").fetchall():
            yield f"serving.{table}", name, sql_type, None, _MEANINGS[name], "egmsql"


def _add_comments(connection, project):
    """Let the tables say what they and their columns mean, as the catalogue's do."""
    served = {model.name: _own_name(model) for model in served_models(project)}
    for name, own in served.items():
        connection.execute(f"comment on table {own} is {quoted(project.models[name].description)}")
    for name, column, _, unit, meaning, _ in column_rows(project):
        if name in served:
            text = f"{meaning} [{unit}]" if unit not in (None, "", "-") else meaning
            connection.execute(f'comment on column {served[name]}."{column}" is {quoted(text)}')


def _own_name(model):
    """Return a model's name in `serving.duckdb`: one schema, so `from points` suffices."""
    return model.name.split(".")[1]


def _create(connection, name, columns, rows):
    connection.execute(f"create or replace table {name} ({columns})")
    if rows:
        connection.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)
