"""Made-up lakes of any size for `serve.py`: points, overviews by the models' own SQL, series of some bursts.

Bursts of 300,000 points in 60 towns each, four of them over each other as ascending, descending and neighbouring ones
are. Only what the server reads is made. 4 GB of memory do for any size; the disk holds about 70 bytes a point, and
twice that while it is made.
"""

import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import egmsql
from egmsql.serving import FORMAT, ROW_GROUP_ROWS
from egmsql.workspace import load_spatial

BURST = 300_000
SERIES_BURSTS, EPOCHS = 3, 210
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


def lake_of(folder, millions):
    """Make a lake where there is none yet; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "egmsql.duckdb").exists():
        started = time.perf_counter()
        points, rest = make(folder, millions)
        n, seconds = millions * 1e6, time.perf_counter() - started
        print(
            f"{millions:g} million points: {points / n:.1f} B each, overviews and the rest {rest / n:.1f} B each;"
            f" made in {seconds:.0f} s",
            flush=True,
        )
    return folder


def make(folder, millions):
    """Write the made-up lake into a folder; return the bytes of points and of all the rest."""
    folder = Path(folder)
    path = folder / "serving.duckdb"
    config = {"memory_limit": "2500MB", "temp_directory": str(folder / "spill"), "threads": 2}
    with duckdb.connect(config=config) as connection:
        load_spatial(connection)
        connection.execute("set enable_progress_bar = false")
        connection.execute("set preserve_insertion_order = true")
        connection.execute(egmsql.load_project().macros["hilbert_order"].text)
        options = f"storage_version 'latest', row_group_size {ROW_GROUP_ROWS}"
        connection.execute(f"attach '{path}' as served ({options})")
        _make_points(connection, int(millions * 1e6))
        n_points = path.stat().st_size
        _make_overviews(connection, folder / "pyramid.duckdb")
        connection.execute("use served")
        _make_the_rest(connection, folder, millions)
        connection.execute("checkpoint served")
        connection.execute("use memory")
        connection.execute("detach served")
    (folder / "egmsql.duckdb").hardlink_to(path)  # `serve` looks for a catalogue; nothing reads it here
    return n_points, path.stat().st_size - n_points


def _make_points(connection, total):
    pid = " || ".join(f"{DIGITS}[1 + number::bigint // {62**p} % 62]" for p in range(9, -1, -1))
    step = BURST * 20
    for first in range(0, total, step):
        last = min(total, first + step)
        text = POINTS.format(burst=BURST, first=first, last=last, pid=pid, epochs=EPOCHS)
        verb = "create table served.points as" if first == 0 else "insert into served.points"
        connection.execute(f"{verb} {text}")
    connection.execute("checkpoint served")


def _make_overviews(connection, scratch):
    """Run the models of the pyramid and the overviews; the pyramid lies on disk meanwhile."""
    models = egmsql.load_project().models
    connection.execute(f"attach '{scratch}' as scratch")
    connection.execute("create schema serving")
    (n_bursts,) = connection.execute("select max(pid_number) // 62 ** 5 + 1 from served.points").fetchone()
    for burst in range(int(n_bursts)):
        first, last = burst * 62**5, (burst + 1) * 62**5
        connection.execute(
            "create or replace view serving.points as"
            f" from served.points where pid_number >= {first} and pid_number < {last}"
        )
        verb = "insert into scratch.pyramid" if burst else "create table scratch.pyramid as"
        connection.execute(f"{verb} {models['serving.pyramid'].query}")
    (zooms,) = connection.execute("select list_sort(list(distinct zoom)) from scratch.pyramid").fetchone()
    for (
        zoom
    ) in zooms:  # they lie one after the other in the table, and need less room to be sorted one by one
        connection.execute(
            f"create or replace view serving.pyramid as from scratch.pyramid where zoom = {zoom}"
        )
        verb = "insert into served.overviews" if zoom > zooms[0] else "create table served.overviews as"
        connection.execute(f"{verb} {models['serving.overviews'].query}")
    connection.execute("drop schema serving cascade")
    connection.execute("detach scratch")
    scratch.unlink()


def _make_the_rest(connection, folder, millions):
    execute = connection.execute
    execute(f"create table products as {PRODUCTS.format(epochs=EPOCHS)}")
    execute("create table glossary (model varchar, column_name varchar, unit varchar, meaning varchar)")
    execute("create schema lake")
    execute(f"create table lake.state as select {FORMAT} as format, 'bench {millions}' as digest")
    execute("create table lake.tables (name varchar, grain varchar[], description varchar)")
    execute(
        "insert into lake.tables values ('points', ['pid', 'product'], ''), ('products', ['product'], ''),"
        " ('overviews', ['zoom', 'release', 'level', 'viewing', 'cell_x', 'cell_y'], '')"
    )
    execute("create table lake.series (product varchar, path varchar)")
    execute("create table lake.details (model varchar, product varchar, path varchar)")
    names = execute(
        "select product, pid_min, pid_max from products order by pid_min limit ?", [SERIES_BURSTS]
    )
    for name, first, last in names.fetchall():
        query = "select pid from points where pid between ? and ? order by pid"
        pids = execute(query, [first, last]).fetchnumpy()["pid"]
        _series(folder / f"{name}.parquet", pids)
        execute("insert into lake.series values (?, ?)", [name, f"{name}.parquet"])


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
