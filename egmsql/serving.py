"""Writing `serving.duckdb`: the tables that the web reads, native, in one file that is replaced as a whole.

A model with `stored: serving` is a model like any other: its rows are Parquet files with fingerprints,
audits and early cut-off. Here they are copied, in order, into one DuckDB file, whenever any of them changed.
A server keeps the file that it opened, or opens the whole new one.
"""

import contextlib
import hashlib

import duckdb

from egmsql.about import __version__
from egmsql.catalog import column_rows, synchronise, texts_digest
from egmsql.errors import unwritten
from egmsql.lake import SERVING, open_catalogue
from egmsql.settings import Settings
from egmsql.state import as_json
from egmsql.storage import quoted
from egmsql.workspace import scan

FORMAT = 2  # of the file: raise it when its bookkeeping changes

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


def is_current(lake, project, state):
    """Return whether `serving.duckdb` holds what `state` says; a lake without served rows needs none."""
    if not any(state.files_of(model.name) for model in served_models(project)):
        return True
    path = lake.root / SERVING
    if not path.exists():
        return False
    with contextlib.closing(open_catalogue(path)) as connection:
        try:
            return connection.execute("select digest from lake.state").fetchone() == (
                _digest(project, state),
            )
        except duckdb.Error:
            return False


def publish_serving(lake, project, state, settings=None):
    """Write `serving.duckdb` beside the present one and let it take its place.

    Raises
    ------
    LakeError
        If it cannot be written whole; the present file stays.
    """
    unfinished = lake.new_scratch(".duckdb")
    try:
        _write(unfinished, lake, project, state, settings or Settings())
        unfinished.chmod(0o444)
        synchronise(unfinished)
        unfinished.replace(lake.root / SERVING)
        synchronise(lake.root)
    except (duckdb.Error, OSError) as error:
        raise unwritten(lake.root / SERVING, error) from None
    finally:
        unfinished.unlink(missing_ok=True)


def _write(path, lake, project, state, settings):
    config = {
        "threads": settings.threads,
        "memory_limit": f"{settings.memory}B",
        "temp_directory": str(lake.new_scratch()),
        "autoinstall_known_extensions": False,
    }
    with contextlib.closing(duckdb.connect(config=config)) as connection:
        # Newer encodings than DuckDB 1.0 knew make the file a tenth smaller.
        connection.execute(f"attach {quoted(str(path))} as served (storage_version 'latest')")
        connection.execute("use served")
        connection.execute("create schema lake")
        for model in served_models(project):
            files = [lake.root / record.path for record in state.files_of(model.name)]
            query = scan([f for f in files if f.exists()], project.contracts[model.name])
            connection.execute(f"create table {_own_name(model)} as {query}")
        _add_bookkeeping(connection, project, state)
        _add_comments(connection, project)
        connection.execute("checkpoint served")
        connection.execute("use memory")
        connection.execute("detach served")
    if path.with_name(f"{path.name}.wal").exists():
        raise duckdb.IOException("No space left: its write-ahead log could not be merged")


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
    series = [(r.partition, r.path) for r in state.files_of(_SERIES)]
    _create(connection, "lake.series", "product VARCHAR, path VARCHAR", series)
    details = [(name, r.partition, r.path) for name in _DETAILS for r in state.files_of(name)]
    _create(connection, "lake.details", "model VARCHAR, product VARCHAR, path VARCHAR", details)
    columns = "format INTEGER, digest VARCHAR, egmsql VARCHAR"
    _create(connection, "lake.state", columns, [(FORMAT, _digest(project, state), __version__)])


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
    connection.execute(f"create table {name} ({columns})")
    if rows:
        connection.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)


def _digest(project, state):
    """Return what the file is made of: contents of the served rows and series, texts, meanings."""
    names = [_SERIES, *_DETAILS, *(model.name for model in served_models(project))]
    contents = [[r.model, r.partition, r.content] for name in names for r in state.files_of(name)]
    meanings = [list(row) for row in column_rows(project)]
    texts = [[m.name, m.text] for m in project.models.values()]
    described = [FORMAT, contents, meanings, texts, texts_digest(project), __version__]
    return hashlib.sha256(as_json(described).encode()).hexdigest()[:20]
