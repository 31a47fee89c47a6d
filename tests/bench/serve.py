"""How long views, series and polygons take, by the size of the lake: `make bench-serve`, ARGS="1 10 100".

Over made-up lakes (`made_up.py`); `--keep FOLDER` keeps them for the next run. Everything is asked through the application
that `egmsql serve` runs, in this process: `db` is the time in DuckDB and in the series' files, `all` what a client without a
network waits, `cpu` what the process worked, which hardly grows with others' load. Beside them the naive query: the same
box, its points aggregated on the fly. Cold means the first query of a fresh state whose file is not in the system's cache.
The end compares the sizes and the goals.
"""

import argparse
import asyncio
import datetime
import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import numpy as np
from bench.made_up import lake_of
from egmsql.web.plugin import served_of
from egmsql.web.snapshot import Executors, Snapshot
from egmsql.web.workers import WorkerLimits

from egmsql.serve import datasette_for

WINDOWS_KM = (0.3, 1, 3, 10, 30, 100, 300, 1000, 3500)
GOALS_MS = {"view": {"db": 15, "all": 30}, "series": {"all": 10}}  # p99
LABELS = ("db", "all", "cpu")


class Report:
    """Percentiles of all measurements: printed as they come, compared at the end."""

    def __init__(self):
        self.sizes, self._p99 = [], {}

    def row(self, label, *series, kind=None, note=""):
        """Print p50, p95, p99 in ms of several series of seconds; a `kind` has goals."""
        cells = []
        for name, times in zip((*LABELS, "naive"), series, strict=False):
            p = np.percentile(np.array(times) * 1000, [50, 95, 99])
            cells.append(" / ".join(f"{v:6.1f}" for v in p))
            self._p99.setdefault((label, kind, name), {})[self.sizes[-1]] = p
        print(f"{label:30} {'   '.join(cells)}  {note}", flush=True)

    def compare(self):
        """Print how p50 and p99 grow with the size, and whether the goals are met."""
        heads = "".join(f"{f'{size:g} M':>18}" for size in self.sizes)
        print(f"\n{'p50 / p99, ms':38}{heads}   growth of p50")
        for (label, kind, name), found in self._p99.items():
            cells = "".join(
                f"{found[size][0]:9.1f} /{found[size][2]:7.1f}" for size in self.sizes if size in found
            )
            growth = found[self.sizes[-1]][0] / found[self.sizes[0]][0] if len(found) > 1 else 1
            goal = GOALS_MS.get(kind, {}).get(name)
            verdict = (
                f"   goal {goal}: {'met' if found[self.sizes[-1]][2] <= goal else 'MISSED'}" if goal else ""
            )
            print(f"{label:32}{name:6}{cells}   {growth:5.1f} x{verdict}")


class Client:
    """Requests one after the other; gives seconds in the database, in all, and of cpu, and the body."""

    def __init__(self, lake):
        self.loop = asyncio.new_event_loop()
        self.datasette = datasette_for(lake)
        self.loop.run_until_complete(self.datasette.invoke_startup())
        self._app = self.datasette.app()

    def get(self, path):
        started, cpu = time.perf_counter(), time.process_time()
        status, headers, body = self.loop.run_until_complete(self._ask(path))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        assert status == 200, (path, body[:300])
        timing = headers[b"server-timing"].decode()
        return float(timing.split("dur=")[1].split(",")[0]) / 1000, seconds, cpu, body

    async def _ask(self, path):
        """Call the application as its server does, without a socket."""
        parts, sent = urlsplit(path), []
        scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": parts.path,
                 "raw_path": parts.path.encode(), "query_string": parts.query.encode(), "root_path": "",
                 "headers": [(b"host", b"localhost")], "client": None, "server": None}  # fmt: skip

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        await self._app(scope, receive, send)
        headers = {name.lower(): value for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:])

    def close(self):
        served_of(self.datasette).close()
        self.datasette.executor.shutdown()
        self.loop.close()


def drop_pages(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def box(place, km):
    lon, lat = place
    up = km / 222.64
    aside = up / np.cos(np.radians(lat))
    return lon - aside, max(-89, lat - up), lon + aside, min(89, lat + up)


def naive(cursor, bounds):
    """Aggregate the points of a box into 256 x 256 cells, as without overviews."""
    west, south, east, north = bounds
    started = time.perf_counter()
    cursor.execute(
        "select floor((longitude - ?) / ? * 256), floor((latitude - ?) / ? * 256), viewing, count(*),"
        " avg(velocity_mm_yr), min(velocity_mm_yr), max(velocity_mm_yr) from points"
        " where longitude between ?::decimal(9, 6) and ?::decimal(9, 6)"
        " and latitude between ?::decimal(9, 6) and ?::decimal(9, 6) group by all",
        [west, east - west, south, north - south, west, east, south, north],
    ).to_arrow_table()
    return time.perf_counter() - started


def measure(report, folder, n):
    """Print all measurements of one lake."""
    client = Client(folder)
    cursor = served_of(client.datasette).current._connection.cursor()
    cursor.execute("use served")
    places = cursor.execute(
        f"select longitude::double, latitude::double from points using sample {n * len(WINDOWS_KM)} rows (reservoir, 1)"
    ).fetchall()
    print(f"{'ms: p50 / p95 / p99':30} {'db':24} {'all':24} {'cpu':24} naive query")
    for i, km in enumerate(WINDOWS_KM):
        boxes = [box(place, km) for place in places[i * n : (i + 1) * n]]
        paths = [
            f"/-/egms/viewport?format=arrow&width=1000&movers=strongest&columns=class&bbox={','.join(f'{v:.6f}' for v in b)}"
            for b in boxes
        ]
        client.get(paths[0])
        found = [client.get(path) for path in paths]
        grids = [naive(cursor, b) for b in boxes[: 5 if km >= 100 else 20]]
        kinds = {"points" if b'"kind": "points"' in f[3][:4000] else "cells" for f in found}
        note = f"{'/'.join(sorted(kinds))}, {np.median([len(f[3]) for f in found]) / 1e3:.0f} kB"
        report.row(
            f"view {km:g} km", *zip(*[f[:3] for f in found], strict=True), grids, kind="view", note=note
        )
    _cold(report, folder, places)
    _series_and_polygons(report, client, cursor, folder, n)
    client.close()


def _cold(report, folder, places):
    """Print the first query of a fresh state whose file is not in the system's cache."""
    from egmsql.web.parameters import Filters
    from egmsql.web.queries import cells_at, cells_where, points_where, zoom_for

    executors = Executors()
    for km in (0.3, 3, 100, 3500):
        times = []
        for place in places[-6:]:
            snapshot = Snapshot(folder / "serving.duckdb", WorkerLimits(), executors)
            drop_pages(folder / "serving.duckdb")
            bounds, cursor = box(place, km), snapshot._cursor()
            started = time.perf_counter()
            if km < 10:
                where = points_where(snapshot, Filters(), bounds)
                text = f"select pid, longitude, latitude, velocity_mm_yr from points where {where}"
                cursor.execute(text, where.params).to_arrow_table()
            else:
                cells_at(cursor, cells_where(snapshot, Filters(), bounds), zoom_for(bounds, 1000), "*")
            times.append(time.perf_counter() - started)
            snapshot.retire()
        report.row(f"cold view {km:g} km (6)", times)


def _series_and_polygons(report, client, cursor, folder, n):
    names = [name for (name,) in cursor.execute("select product from lake.series").fetchall()]
    pids = cursor.execute(
        "select pid, longitude::double, latitude::double from (from points where product in (select unnest(?)))"
        f" using sample {5 * n} rows (reservoir, 2)",
        [names],
    ).fetchall()
    cold = []
    for pid, *_ in pids[:n]:
        for name in names:
            drop_pages(folder / f"{name}.parquet")
        cold.append(client.get(f"/-/egms/series?pid={pid}")[:3])
    report.row("series, pages dropped", *zip(*cold, strict=True))
    for name in names:
        (folder / f"{name}.parquet").read_bytes()  # from here on the system has it at hand
    warm = [client.get(f"/-/egms/series?pid={pid}")[:3] for pid, *_ in pids[n:]]
    report.row("series", *zip(*warm, strict=True), kind="series")
    rows = [client.get(f"/-/egms/point?pid={pid}")[:3] for pid, *_ in pids[n:]]
    report.row("point", *zip(*rows, strict=True))
    half, found = 0.002, []
    for _, lon, lat in pids[:n]:
        corners = f"{lon - half},{lat - half};{lon + half},{lat - half};{lon},{lat + half}"
        found.append(client.get(f"/-/egms/polygon?polygon={corners}&product={','.join(names)}"))
    note = f"{np.median([len(f[3]) for f in found]) / 1e3:.0f} kB"
    report.row("polygon with series", *zip(*[f[:3] for f in found], strict=True), note=note)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("millions", nargs="*", type=float, default=[1, 10])
    parser.add_argument("--queries", type=int, default=100, help="of each kind")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the lakes here for the next run")
    options = parser.parse_args()
    print(
        f"{datetime.date.today()}  Python {platform.python_version()}  DuckDB {duckdb.__version__}  {os.cpu_count()} cores"
    )
    report = Report()
    for millions in options.millions:
        with tempfile.TemporaryDirectory(prefix="egmsql-serve-") as folder:
            lake = lake_of((options.keep or Path(folder)) / f"{millions:g}", millions)
            report.sizes.append(millions)
            print(f"\n{millions:g} million points")
            measure(report, lake, options.queries)
    report.compare()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\npeak memory of this process, making included: {peak:.1f} GiB")


if __name__ == "__main__":
    sys.exit(main())
