"""A served lake as a Datasette database.

Its catalogue is a real, empty, in-memory SQLite with the same tables, so everything that Datasette asks about
names, columns and keys is inherited and true. Everything that asks for rows goes to a worker process.
"""

import asyncio
import base64
import json
import sqlite3
import uuid

from datasette.database import Database, QueryInterrupted, Results
from datasette.tracer import trace
from egmsql.web.rewriting import to_duckdb, with_key_order
from egmsql.web.snapshot import present
from egmsql.web.workers import DeadlineError, QueryError

# Datasette's own questions to the catalogue, word for word; nothing that merely looks like them goes there.
_CATALOGUE = {
    "select 1 from sqlite_master where type='table' and name=?",
    "select name from sqlite_master where type='table'",
    "select name from sqlite_master where type='view'",
    "select * from sqlite_master where type = 'table'",
    "select sql from sqlite_master where name = :n and type=:t",
    "select sql from sqlite_master where tbl_name = :n and type='index' and sql is not null",
    'select name from sqlite_master where name like "idx_%" and type = "table"',
    "select name from sqlite_master where rootpage = 0 and ( sql like '%virtual table%using fts%' ) or name"
    " in ('sqlite_stat1', 'sqlite_stat2', 'sqlite_stat3', 'sqlite_stat4')",
}
# Each check of a permission asks this. It is answered here: the pages' pool of threads may be busy.
_SPELLING = "select name from sqlite_master where type in ('table', 'view') and name = ? collate nocase"
_LINKS = {("points", "product"): ("products", "product"), ("glossary", "model"): ("models", "model")}


class DuckDBDatabase(Database):
    """The present state of a served lake.

    Parameters
    ----------
    ds : datasette.app.Datasette
    served : egmsql.web.snapshot.Served
    """

    def __init__(self, ds, served):
        super().__init__(ds, memory_name=f"egms_{uuid.uuid4().hex}", is_mutable=False)
        self._served = served
        self._shadow = None

    def snapshot(self):
        """Return the state that this request holds; outside of one the newest."""
        return present() or self._served.current

    async def build_shadow(self, snapshot):
        """Let the catalogue have the tables of a state."""
        script = _shadow(snapshot)
        if script == self._shadow:
            return
        before = await self.table_names() if self._shadow else []
        dropped = "".join(f"drop table {_quoted(name)};\n" for name in before)
        await self.execute_write_script(dropped + script)
        self._shadow = script

    async def execute(
        self, sql, params=None, truncate=False, custom_time_limit=None, page_size=None, log_sql_errors=True
    ):
        """Return the Results of a statement, as Datasette's own method does."""
        if sql == _SPELLING:
            names = self.snapshot().tables
            rows = [(name,) for name in names if name.lower() == params[0].lower()]
            return Results(rows, False, [("name",) + (None,) * 6])
        if sql.startswith("PRAGMA") or " ".join(sql.split()).lower() in _CATALOGUE:
            return await super().execute(sql, params, truncate, custom_time_limit, page_size, log_sql_errors)
        snapshot = self.snapshot()
        ms = min(custom_time_limit or self.ds.sql_time_limit_ms, self.ds.sql_time_limit_ms)
        limit = self.ds.max_returned_rows
        limit += limit == (page_size or self.ds.page_size)
        names = {c.lower() for t in snapshot.tables.values() for c in (t.name, *t.columns)}
        written, bound = to_duckdb(sql, params, names)
        written = with_key_order(written, {t.name: (t.columns, t.key) for t in snapshot.tables.values()})
        with trace("sql", database=self.name, sql=sql.strip(), params=params):
            future = snapshot.pool.submit(written, bound, ms, limit if truncate else None)
            try:
                answer = await asyncio.wrap_future(future)
            except DeadlineError as error:
                raise QueryInterrupted(error, sql, params) from None
            except QueryError as error:
                raise sqlite3.OperationalError(str(error)) from None
        columns = tuple(answer["columns"])
        rows = [Row(columns, map(_restored, row)) for row in answer["rows"]]
        return Results(rows, truncate and answer["truncated"], [(c,) + (None,) * 6 for c in columns])

    @property
    def cached_table_counts(self):
        """Rows of each table, known since the file was opened."""
        return {t.name: t.n_rows for t in self.snapshot().tables.values()}

    async def table_counts(self, limit=10):
        """Return the rows of each table."""
        return self.cached_table_counts

    @property
    def size(self):
        """Bytes of the served file."""
        return self.snapshot().size

    async def get_table_definition(self, table, type_="table"):
        """Return the table as DuckDB would create it, each column with its unit and meaning."""
        found = self.snapshot().tables.get(table)
        if found is None or type_ != "table":
            return None
        lines = []
        for column, sql_type in found.columns.items():
            unit, meaning = found.meanings.get(column, ("", ""))
            comment = f"{meaning} [{unit}]" if unit else meaning
            lines.append((f'    "{column}" {sql_type}', comment))
        width = max(len(code) for code, _ in lines) + 3
        last = len(lines) - 1
        text = "\n".join(
            (code + ("," if i < last else "")).ljust(width) + (f"-- {comment}" if comment else "")
            for i, (code, comment) in enumerate(lines)
        )
        return f'create table "{table}" (\n{text}\n);'


class Row(tuple):
    """A row: values by position or by name, as sqlite3.Row gives them."""

    def __new__(cls, columns, values):
        """Return a row of values, which share the tuple of their columns' names."""
        row = super().__new__(cls, values)
        row.columns = columns
        return row

    def keys(self):
        """Return the names of the columns."""
        return list(self.columns)

    def __getitem__(self, key):
        if isinstance(key, str):
            try:
                return tuple.__getitem__(self, self.columns.index(key))
            except ValueError:
                raise IndexError(f"no column {key}") from None
        return tuple.__getitem__(self, key)


class JsonList(tuple):
    """A list as a value: hashable, as Datasette wants values to be, and printed as JSON."""

    __slots__ = ()

    def __str__(self):
        return json.dumps(self, ensure_ascii=False)


def _restored(value):
    if isinstance(value, list):
        return JsonList(map(_restored, value))
    if isinstance(value, dict):
        return base64.b64decode(value["$"])
    return value


def _quoted(name):
    return '"' + name.replace('"', '""') + '"'


def _shadow(snapshot):
    """Return the script that creates empty tables like those of a state."""
    statements = []
    for table in snapshot.tables.values():
        parts = [f"{_quoted(c)} {_quoted(t)}" for c, t in table.columns.items()]
        if table.key:
            parts.append(f"primary key ({', '.join(map(_quoted, table.key))})")
        for (name, column), (other, other_column) in _LINKS.items():
            if name == table.name and column in table.columns and other in snapshot.tables:
                parts.append(f"foreign key ({column}) references {other}({other_column})")
        statements.append(f"create table {_quoted(table.name)} ({', '.join(parts)});")
    return "\n".join(statements)
