"""One state of `serving.duckdb`, opened; and the state that is served now.

A request holds the state that it began with until it ends: a publish meanwhile changes nothing for it. The
next request sees that the file was replaced and opens the whole new one.
"""

import asyncio
import concurrent.futures
import contextlib
import contextvars
import datetime
import os
import threading
from dataclasses import dataclass, field

import duckdb
from egmsql.web.series import SeriesReader
from egmsql.web.watch import Watch, signature
from egmsql.web.worker import open_served
from egmsql.web.workers import BusyError, DeadlineError, WorkerLimits, WorkerPool

from egmsql.errors import EgmsqlError, LakeError
from egmsql.lake import SERVING, lake_at
from egmsql.objects import local_copy

FORMAT = 3  # of `serving.duckdb`, as egmsql.serving writes it

held = contextvars.ContextVar("egms_snapshot", default=None)  # the state that the present request holds


@dataclass(frozen=True)
class Table:
    """A served table: columns (name -> DuckDB type), the columns that name a row, what a row tells."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]
    description: str
    n_rows: int
    meanings: dict[str, tuple[str, str]] = field(default_factory=dict)  # column -> (unit, meaning)


class Snapshot:
    """Everything that answers of one state are made of.

    Parameters
    ----------
    path : Path or ObjectPath
        `serving.duckdb`; opened once, by descriptor, which the workers inherit. Of an object a copy on this
        machine is opened.
    limits : WorkerLimits
    executors : Executors
        Threads of the routes' own queries; they outlive snapshots.
    """

    def __init__(self, path, limits, executors):
        self.descriptor = os.open(local_copy(path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._connection, names = open_served(self.descriptor, threads=2, memory="1GB")
            self.tables = self._read_tables(names)
        except (duckdb.Error, OSError):
            os.close(self.descriptor)
            advice = f"run `egmsql check {path.parent} --repair`, then `egmsql build {path.parent}`"
            raise LakeError(path, "cannot be served: it is damaged or of another version", advice) from None
        self.size = os.fstat(self.descriptor).st_size
        self.signature = signature(os.fstat(self.descriptor))
        (self.digest,) = self._connection.execute("select digest from lake.state").fetchone()
        self.products = {row["product"]: row for row in self._rows("from products order by product")}
        # (release, level) -> the number that stands for both in every table
        self.datasets = {(p["release"], p["level"]): p["dataset"] for p in self.products.values()}
        paths = dict(self._connection.execute("select product, path from lake.series").fetchall())
        self.series = SeriesReader(path.parent, paths)
        self.details = {}  # model -> reader of its rows
        for model, product, file in self._connection.execute("from lake.details").fetchall():
            self.details.setdefault(model, SeriesReader(path.parent, {})).paths[product] = file
        self.pool = WorkerPool(self.descriptor, limits)
        self.pool.warm()
        self._executors, self._local = executors, threading.local()
        self.described = None  # Datasette's metadata of it, once asked for
        self.facts = {}  # (release, level) -> statistics of all its points, once asked for
        self._users, self._retired, self._lock = 0, False, threading.Lock()

    def _rows(self, query):
        cursor = self._connection.execute(query)
        names = [d[0] for d in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _read_tables(self, names):
        (found,) = self._connection.execute("select format from lake.state").fetchone()
        if found != FORMAT:
            raise duckdb.IOException(f"format {found}")
        described = {row["name"]: row for row in self._rows("from lake.tables")}
        tables = {}
        for name in sorted(names & set(described)):
            columns = {r["column_name"]: r["column_type"] for r in self._rows(f'describe "{name}"')}
            (count,) = self._connection.execute(f'select count(*) from "{name}"').fetchone()
            meanings = self._connection.execute(
                "select column_name, coalesce(unit, ''), coalesce(meaning, '') from glossary where model = ?",
                [f"serving.{name}"],
            ).fetchall()
            row = described[name]
            tables[name] = Table(
                name,
                columns,
                tuple(row["grain"]),
                row["description"],
                count,
                {c: (u, m) for c, u, m in meanings},
            )
        return tables

    def _cursor(self):
        cursor = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._connection.cursor()
            cursor.execute("use served")
        return cursor

    async def run(self, function, ms, lane="fast"):
        """Return function(cursor), run in a thread; DeadlineError after `ms`, waiting included."""
        loop, running = asyncio.get_running_loop(), _Running()

        def work():
            """Return what the function does with this thread's cursor."""
            with running.holding(self._cursor()) as cursor:
                return function(cursor)

        timer = loop.call_later(ms / 1000, running.interrupt)
        try:
            return await loop.run_in_executor(getattr(self._executors, lane), work)
        except duckdb.InterruptException:
            raise DeadlineError("interrupted") from None
        finally:
            timer.cancel()

    def hold(self):
        """Let one more request use this state; False if it is closed."""
        with self._lock:
            if self._retired and not self._users:
                return False
            self._users += 1
            return True

    def release(self):
        """End one use; the last one of a state that was replaced closes it."""
        with self._lock:
            self._users -= 1
            closing = self._retired and not self._users
        if closing:
            self._close()

    def retire(self):
        """Close this state as soon as nobody uses it."""
        with self._lock:
            self._retired = True
            closing = not self._users
        if closing:
            self._close()

    def _close(self):
        self.pool.close()
        self._connection.close()
        os.close(self.descriptor)


class _Running:
    """A query that a deadline may stop: once it is done, a late deadline stops nothing."""

    def __init__(self):
        self._lock, self._cursor, self._late = threading.Lock(), None, False

    @contextlib.contextmanager
    def holding(self, cursor):
        """Yield a cursor that `interrupt` stops; BusyError if the time was over before it began."""
        with self._lock:
            if self._late:
                raise BusyError("too many requests at once; try again in a moment")
            self._cursor = cursor
        try:
            yield cursor
        finally:
            with self._lock:
                self._cursor = None

    def interrupt(self):
        """Stop the query that is held, or refuse the one to come."""
        with self._lock:
            self._late = True
            if self._cursor is not None:
                self._cursor.interrupt()


class Executors:
    """Threads for the routes, in lanes: light requests never wait for heavy ones."""

    def __init__(self):
        self.fast = concurrent.futures.ThreadPoolExecutor(4, "egms-fast")
        self.slow = concurrent.futures.ThreadPoolExecutor(2, "egms-slow")
        self.bulk = concurrent.futures.ThreadPoolExecutor(2, "egms-bulk")


class Served:
    """The lake that is served: gives each request the newest whole state.

    Parameters
    ----------
    root : path
        The lake's folder, with its `serving.duckdb`.
    limits : WorkerLimits, optional
    """

    def __init__(self, root, limits=None):
        self._path = lake_at(root).root / SERVING
        if not self._path.exists():
            raise LakeError(root, "has no tables to serve", f"make them with `egmsql build {root}`")
        self._watch = Watch(self._path)
        self._limits, self._executors = limits or WorkerLimits(), Executors()
        self.opened_at = datetime.datetime.now(datetime.UTC)
        self._refreshing = threading.Lock()
        self.current = Snapshot(self._path, self._limits, self._executors)
        self.on_change = []  # called with a new state before it is served; may be coroutines' makers

    async def acquire(self):
        """Return the newest state, held for the caller, who releases it."""
        if self._watch.is_other(self.current) and self._refreshing.acquire(blocking=False):
            try:
                await self._refresh()
            finally:
                self._refreshing.release()
        while True:
            snapshot = self.current
            if snapshot.hold():
                return snapshot

    async def _refresh(self):
        loop = asyncio.get_running_loop()
        try:
            fresh = await loop.run_in_executor(None, Snapshot, self._path, self._limits, self._executors)
        except (EgmsqlError, OSError):
            return  # a file of another version: go on with the state that is open
        for callback in self.on_change:
            await callback(fresh)
        before, self.current = self.current, fresh
        before.retire()

    def close(self):
        """Close the state and end its workers."""
        self.current.retire()


def present():
    """Return the state that this request holds."""
    return held.get()
