"""How long views, series and polygons take, by the size of the lake: `make bench-serve`, ARGS="1 10 100".

A made-up `serving.duckdb` of so many million points: bursts of 300,000 points in 60 towns each, four of them over each
other as ascending, descending and neighbouring ones are. Its overviews come from the models' own SQL. Series of three
bursts lie beside it as Parquet. Everything is asked through Datasette in this process: `db` is the time in DuckDB and in the
series' files, `all` what a client without a network waits, `cpu` what the process worked, which does not grow with others' load. Cold means: a fresh process' state, and the file's pages
dropped from the system's cache.
"""

import argparse
import asyncio
import datetime
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from egmsql.web.plugin import served_of
from egmsql.web.snapshot import Executors, Snapshot
from egmsql.web.workers import WorkerLimits

import egmsql
from egmsql.serve import datasette_for
from egmsql.workspace import load_spatial

BURST = 300_000
SERIES_BURSTS, EPOCHS = 3, 210
WINDOWS_KM = (0.3, 1, 3, 10, 30, 100, 300, 1000, 3500)
POINTS = """
with numbered as (
    select range as i, range // {burst} as burst, hash(range) as h, hash(range + 7) as g from range({first}, {last})
),
placed as (
    select
        *,
        -- four bursts on each ground: two ascending, two descending, half a burst apart
        2600000 + 90000 * ((burst // 4) % 30) + 30000 * (burst % 2) as west,
        1600000 + 25000 * (burst // 120) + 8000 * (burst % 4) as south,
        hash(burst * 60 + h % 60) as town
    from numbered
),
metres as (
    select
        *,
        west + 5000 + town % 80000 + 900 * ((g % 2000) / 1000.0 - 1) * ((g // 4096) % 1000) / 500.0 as easting,
        south + 2000 + (town // 100000) % 18000 + 900 * ((h // 64 % 2000) / 1000.0 - 1) * ((h // 262144) % 1000) / 500.0
            as northing
    from placed
),
located as (
    select
        *,
        st_transform(st_point(easting, northing), 'EPSG:3035', 'EPSG:4326', always_xy := true) as place,
        burst * 62 ** 5::bigint + row_number() over (partition by burst order by northing, i) as number
    from metres
)
select
    {pid} as pid,
    'EGMS_L2b_' || lpad((burst % 175 + 1)::varchar, 3, '0') || '_' || lpad(burst::varchar, 4, '0')
        || '_IW2_VV_2020_2024_1' as product,
    '2020_2024' as release,
    'L2b' as level,
    if(burst % 4 < 2, 'ascending', 'descending') as viewing,
    (burst % 175 + 1)::integer as track,
    st_x(place)::decimal(9, 6) as longitude,
    st_y(place)::decimal(9, 6) as latitude,
    round((h % 9000) / 10.0, 1)::float as height_ortho,
    round((if(g % 500 = 0, -20, -1) * ((h // 8 % 1000) / 400.0) + (g % 100) / 50.0 - 1), 2)::float as velocity_mm_yr,
    round(0.05 + (g % 400) / 1000.0, 3)::float as velocity_sigma_mm_yr,
    round((h % 200) / 100.0 - 1, 2)::float as acceleration_mm_yr2,
    round(0.1 + (h % 100) / 500.0, 3)::float as acceleration_sigma_mm_yr2,
    round((g % 500) / 100.0, 2)::float as seasonality_mm,
    round(0.2 + (g % 300) / 1000.0, 3)::float as seasonality_sigma_mm,
    (1 + h % 365)::smallint as season_day,
    round(1 + (h % 300) / 100.0, 2)::float as rmse_mm,
    round(0.5 + (g % 500) / 1000.0, 3)::float as temporal_coherence,
    {epochs}::smallint as n_epochs,
    ['stable', 'noisy', 'linear', 'step'][1 + (g % 500 = 0)::integer + (h % 7 = 0)::integer + (h % 70 = 0)::integer] as class,
    round(0.5 + (h % 500) / 1000.0, 3)::float as probability,
    round((h % 60) / 10.0 - 3, 1)::float as mean_velocity,
    round(easting, 2) as easting,
    round(northing, 2) as northing,
    round(33 + (g % 100) / 10.0, 1)::float as incidence_angle,
    number::bigint as pid_number,
    22024 as dataset
from located
order by burst, st_hilbert(easting, northing, {{'min_x': 0, 'min_y': 0, 'max_x': 8388608, 'max_y': 8388608}}::box_2d)
"""
DIGITS = "'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'"
PRODUCTS = """
select product, 22024 as dataset, any_value(release) as release, any_value(level) as level, any_value(viewing) as viewing,
    1 as delivery, any_value(track) as track, 1 as burst, 2 as swath, 'VV' as polarisation, null::varchar as tile,
    'NORCE' as facility, date '2025-01-01' as production_date, count(*) as n_points, {epochs} as n_epochs,
    date '2020-01-03' as first_epoch, date '2020-01-03' + 6 * {epochs} as last_epoch,
    [date '2020-01-03' + 6 * i::integer for i in range({epochs})] as epochs, 38.0 as incidence_angle,
    190.0 as track_angle, min(longitude)::double as longitude_min, max(longitude)::double as longitude_max,
    min(latitude)::double as latitude_min, max(latitude)::double as latitude_max, min(pid) as pid_min, max(pid) as pid_max,
    [[min(longitude), min(latitude)], [max(longitude), min(latitude)], [max(longitude), max(latitude)],
    [min(longitude), min(latitude)]] as outline
from points group by product order by product
"""


def make(folder, millions):
    """Write the made-up lake; return the bytes of points and of overviews."""
    path = folder / "serving.duckdb"
    models = egmsql.load_project().models
    with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(folder / "spill")}) as c:
        load_spatial(c)
        c.execute("set enable_progress_bar = false")
        for name in ("hilbert_order",):
            c.execute(egmsql.load_project().macros[name].text)
        c.execute(f"attach '{path}' as served (storage_version 'latest')")
        pid = " || ".join(f"{DIGITS}[1 + number::bigint // {62**p} % 62]" for p in range(9, -1, -1))
        total, step = int(millions * 1e6), BURST * 20
        for first in range(0, total, step):
            text = POINTS.format(
                burst=BURST, first=first, last=min(total, first + step), pid=pid, epochs=EPOCHS
            )
            verb = "create table served.points as" if first == 0 else "insert into served.points"
            c.execute(f"{verb} {text}")
        c.execute("checkpoint served")
        n_points = path.stat().st_size
        c.execute("create schema serving")
        names = [n for (n,) in c.execute("select distinct product from served.points order by 1").fetchall()]
        for i, name in enumerate(names):
            c.execute(f"create or replace view serving.points as from served.points where product = '{name}'")
            verb = "create table serving.pyramid as" if i == 0 else "insert into serving.pyramid"
            c.execute(f"{verb} {models['serving.pyramid'].query}")
        c.execute(f"create table served.overviews as {models['serving.overviews'].query}")
        c.execute("use served")
        c.execute(f"create table products as {PRODUCTS.format(epochs=EPOCHS)}")
        c.execute("create table glossary (model varchar, column_name varchar, unit varchar, meaning varchar)")
        c.execute("create schema lake")
        c.execute(f"create table lake.state as select 3 as format, 'bench {millions}' as digest")
        c.execute("create table lake.tables (name varchar, grain varchar[], description varchar)")
        c.execute("insert into lake.tables values ('points', ['pid', 'product'], ''), ('products', ['product'], ''),"
                  " ('overviews', ['zoom', 'release', 'level', 'viewing', 'cell_x', 'cell_y'], '')")  # fmt: skip
        c.execute("create table lake.series (product varchar, path varchar)")
        c.execute("create table lake.details (model varchar, product varchar, path varchar)")
        for name in names[:SERIES_BURSTS]:
            pids = c.execute("select pid from points where product = ? order by pid", [name]).fetchnumpy()[
                "pid"
            ]
            _series(folder / f"{name}.parquet", pids)
            c.execute("insert into lake.series values (?, ?)", [name, f"{name}.parquet"])
        c.execute("checkpoint served")
        c.execute("use memory")
        c.execute("detach served")
    shutil.copy(path, folder / "egmsql.duckdb")  # `serve` looks for a catalogue; nothing reads it here
    return n_points, path.stat().st_size - n_points


def _series(path, pids):
    """Write series as the lake does: groups of 2,048, delta encoded."""
    chance = np.random.default_rng(1)
    schema = pa.schema([("pid", pa.string()), ("displacements", pa.list_(pa.int16()))])
    with pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=False,
        column_encoding={"displacements.list.element": "DELTA_BINARY_PACKED", "pid": "PLAIN"}, write_statistics=["pid"],
    ) as writer:  # fmt: skip
        for first in range(0, len(pids), 2048):
            some = pids[first : first + 2048]
            values = pa.array(chance.normal(0, 25, len(some) * EPOCHS).astype(np.int16))
            offsets = pa.array(np.arange(0, (len(some) + 1) * EPOCHS, EPOCHS, dtype=np.int32))
            lists = pa.ListArray.from_arrays(offsets, values)
            writer.write_table(
                pa.table([pa.array(some, pa.string()), lists], schema=schema), row_group_size=2048
            )


def row(label, *series):
    """Print p50, p95, p99 in ms of several series of seconds."""
    cells = []
    for times in series:
        p = np.percentile(np.array(times) * 1000, [50, 95, 99]) if len(times) else [np.nan] * 3
        cells.append(" / ".join(f"{v:6.1f}" for v in p))
    print(f"{label:34} {'   '.join(cells)}", flush=True)


class Client:
    """Requests one after the other; gives seconds in the database, in all, and of cpu, and the response."""

    def __init__(self, lake):
        self.loop = asyncio.new_event_loop()
        self.datasette = datasette_for(lake)
        self.loop.run_until_complete(self.datasette.invoke_startup())

    def get(self, path):
        started, cpu = time.perf_counter(), time.process_time()
        response = self.loop.run_until_complete(self.datasette.client.get(path))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        assert response.status_code == 200, (path, response.text[:300])
        timing = response.headers["server-timing"]
        return float(timing.split("dur=")[1].split(",")[0]) / 1000, seconds, cpu, response


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


def measure(folder, n):
    """Print all measurements of one lake."""
    client = Client(folder)
    served = served_of(client.datasette)
    cursor = served.current._connection.cursor()
    cursor.execute("use served")
    places = cursor.execute(
        f"select longitude::double, latitude::double from points using sample {n * len(WINDOWS_KM)} rows (reservoir, 1)"
    ).fetchall()
    print(f"{'view, ms: p50 / p95 / p99':34} {'db':24} {'all':24} {'cpu':24} {'naive grid':24}")
    for i, km in enumerate(WINDOWS_KM):
        boxes = [box(place, km) for place in places[i * n : (i + 1) * n]]
        paths = [
            f"/-/egms/viewport?format=arrow&width=1000&bbox={','.join(f'{v:.6f}' for v in b)}" for b in boxes
        ]
        client.get(paths[0])
        found = [client.get(path) for path in paths]
        grids = [naive(cursor, b) for b in boxes[: 5 if km >= 100 else 20]]
        kinds = {"points" if b'"kind": "points"' in f[3].content[:4000] else "cells" for f in found}
        size = np.median([len(f[3].content) for f in found]) / 1e3
        row(
            f"{km:g} km, {'/'.join(sorted(kinds))}, {size:.0f} kB",
            *zip(*[f[:3] for f in found], strict=True),
            grids,
        )
    _cold(folder, places)
    _series_and_polygons(client, cursor, folder, n)
    served.close()
    client.datasette.executor.shutdown()


def _cold(folder, places):
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
            if km < 1:
                where = points_where(snapshot, Filters(), bounds)
                cursor.execute(f"select pid, longitude, latitude, velocity_mm_yr from points where {where}",
                               where.params).to_arrow_table()  # fmt: skip
            else:
                cells_at(cursor, cells_where(snapshot, Filters(), bounds), zoom_for(bounds, 1000), "*")
            times.append(time.perf_counter() - started)
            snapshot.retire()
        row(f"cold, {km:g} km (db, 6 queries)", times)


def _series_and_polygons(client, cursor, folder, n):
    names = [name for (name,) in cursor.execute("select product from lake.series").fetchall()]
    pids = cursor.execute(
        "select pid, longitude::double, latitude::double from (from points where product in (select unnest(?)))"
        f" using sample {4 * n} rows (reservoir, 2)",
        [names],
    ).fetchall()
    cold = []
    for pid, *_ in pids[:20]:
        for name in names:
            drop_pages(folder / f"{name}.parquet")
        cold.append(client.get(f"/-/egms/series?pid={pid}")[:3])
    row("series, pages dropped (db, all, cpu)", *zip(*cold, strict=True))
    warm = [client.get(f"/-/egms/series?pid={pid}")[:3] for pid, *_ in pids[20:]]
    row("series, warm (db, all, cpu)", *zip(*warm, strict=True))
    row(
        "point (db, all, cpu)",
        *zip(*[client.get(f"/-/egms/point?pid={pid}")[:3] for pid, *_ in pids[:n]], strict=True),
    )
    half = 0.002
    times, counts = [], []
    for _, lon, lat in pids[:n]:
        corners = f"{lon - half},{lat - half};{lon + half},{lat - half};{lon},{lat + half}"
        db, whole, cpu, response = client.get(f"/-/egms/polygon?polygon={corners}&product={','.join(names)}")
        times.append((db, whole, cpu))
        counts.append(response.json()["n"])
    row(f"polygon, {np.median(counts):.0f} series (db, all, cpu)", *zip(*times, strict=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("millions", nargs="*", type=float, default=[1, 10])
    parser.add_argument("--queries", type=int, default=60, help="of each kind")
    options = parser.parse_args()
    print(
        f"{datetime.date.today()}  Python {platform.python_version()}  DuckDB {duckdb.__version__}  {os.cpu_count()} cores"
    )
    for millions in options.millions:
        with tempfile.TemporaryDirectory(prefix="egmsql-serve-") as folder:
            started = time.perf_counter()
            points, overviews = make(Path(folder), millions)
            n = millions * 1e6
            print(
                f"\n{millions:g} million points: points {points / n:.1f} B each, overviews and the rest"
                f" {overviews / n:.1f} B each; made in {time.perf_counter() - started:.0f} s"
            )
            measure(Path(folder), options.queries)


if __name__ == "__main__":
    sys.exit(main())
