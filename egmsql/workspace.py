"""A private in-memory DuckDB in which model texts run as they stand."""

import contextlib
import datetime
import re
import threading
from importlib import resources

import duckdb

from egmsql.credentials import reach
from egmsql.errors import ModelError, unwritten
from egmsql.extensions import load_extension
from egmsql.storage import quoted
from egmsql.udfs import registry


class Workspace:
    """An in-memory database with the project's schemas and macros, and views over given files.

    Upstream names are ordinary views in ordinary schemas, so the text of a model runs unchanged, whichever
    files they stand for. One workspace serves one task, or the models that share the reading of one file.
    """

    def __init__(self, project, settings, spill):
        self._project = project
        self._registered = set()
        self.connection = private_database(settings, spill)
        for schema in sorted({name.split(".")[0] for name in project.models} | {"source"}):
            self.connection.execute(f'create schema "{schema}"')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def prepare(self, models):
        """Create what the texts of `models` (models or audits) need besides their upstream tables."""
        self.prepare_functions(models)
        self.prepare_views(models)

    def prepare_functions(self, models):
        """Load spatial, register the UDFs and create the macros that the texts of `models` call."""
        calls = set().union(*(self._project.calls_of(m) for m in models))
        if any(name.startswith("st_") for name in calls):
            load_spatial(self.connection)
        for name, function in registry().items():
            if name in calls and name not in self._registered:
                function.register(self.connection)
                self._registered.add(name)
        macros = set().union(*(self._project.macros_of(m) for m in models))
        for name, macro in self._project.macros.items():
            if name in macros:
                self._create(macro)

    def prepare_views(self, models):
        """Create the views that the texts of `models` read; what those read must be bound."""
        views = set().union(*(self._project.upstream_views(m) for m in models))
        for name in self._project.models:
            if name in views:
                self._create(self._project.models[name])

    def _create(self, stored):
        with explained(stored):
            self.connection.execute(stored.text)

    def bind_files(self, name, paths, partition=None):
        """Let `name` (layer.name) be the rows of Parquet files; without any, no rows of its contract.

        With `partition` only the rows that name it: what a partition sees of its own reading list.
        """
        if paths:
            reach(self.connection, paths[0])  # one lake's files lie together
        rows = scan(paths, self._project.contracts[name])
        own = f" where partition = {quoted(partition)}" if partition and paths else ""
        self.connection.execute(f"create or replace view {name} as {rows}{own}")

    def bind_row(self, name, table):
        """Let `name` be the one row of an Arrow table, as constants, so that filters on it fold away."""
        columns = ", ".join(f'{_literal(v, t)} as "{c}"' for c, v, t in _cells(self.connection, table))
        self.connection.execute(f"create or replace view {name} as select {columns}")

    def describe(self, query):
        """Return the columns of a query, name -> DuckDB type."""
        rows = self.connection.execute(f"describe {query}").fetchall()
        return {row[0]: row[1] for row in rows}


def private_database(settings, spill):
    """Return an empty in-memory DuckDB that keeps to the settings and spills into a folder.

    It takes extensions without looking at their signatures: `load_extension` looks once for all of them.
    """
    connection = duckdb.connect(
        config={
            "threads": settings.threads,
            "memory_limit": f"{settings.memory}B",
            "temp_directory": str(spill),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_unsigned_extensions": True,
            "preserve_insertion_order": True,
        }
    )
    connection.execute("set enable_progress_bar = false")
    return connection


def scan(paths, contract):
    """Return the query over Parquet files that a contract describes; no rows when there are no files."""
    if not paths:
        columns = ", ".join(f'{_null(sql_type)} as "{name}"' for name, sql_type in contract.columns.items())
        return f"select {columns} where false"
    files = ", ".join(quoted(str(path)) for path in paths)
    # A folder's hive value would silently override the file's own column.
    return f"select * from read_parquet([{files}], hive_partitioning = false)"


def _null(sql_type):
    """Return a NULL of a type; naming a CRS in a cast would need spatial."""
    if sql_type.startswith("GEOMETRY("):
        return f"st_setcrs(null::geometry, {sql_type[9:-1]})"
    return f"null::{sql_type}"


def load_spatial(connection):
    """Load the spatial extension that was installed with the package."""
    load_extension(connection, spatial_file())


def spatial_file():
    """Return the path of the spatial extension for the DuckDB in use, by which a plain shell loads it."""
    folder = resources.files("duckdb_extension_spatial") / "extensions" / f"v{duckdb.__version__}"
    return folder / "spatial.duckdb_extension"


def _cells(connection, table):
    connection.register("_row", table)
    types = dict(connection.execute("select column_name, column_type from (describe _row)").fetchall())
    connection.unregister("_row")
    (row,) = table.to_pylist()
    return [(column, value, types[column]) for column, value in row.items()]


def _literal(value, sql_type):
    if isinstance(value, list):
        return f"[{', '.join(_literal(v, sql_type.removesuffix('[]')) for v in value)}]::{sql_type}"
    if isinstance(value, str | datetime.date):
        return f"{quoted(str(value))}::{sql_type}"
    return f"{'null' if value is None else value}::{sql_type}"


@contextlib.contextmanager
def explained(model):
    """Turn DuckDB's errors inside the block into one line each that names the model's file."""
    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except (duckdb.OutOfMemoryException, duckdb.IOException, OSError) as error:
        raise unwritten(model.path, error) from None
    except duckdb.Error as error:
        text = re.sub(r"^(\w+ )+Error: ", "", " ".join(str(error).split()))[:400]
        raise ModelError(model.path, text, "correct the model or its input") from error


class Interruptible:
    """The connections of running tasks, so that Ctrl-C in the main thread stops their queries."""

    def __init__(self):
        self._connections = set()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def holding(self, connection):
        """Keep a connection interruptible inside the block."""
        with self._lock:
            self._connections.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)

    def interrupt(self):
        """Stop the queries of all connections held."""
        with self._lock:
            for connection in self._connections:
                connection.interrupt()
