"""Exports and zones of several products: product by product gives what one query over all of them gives."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import duckdb
import numpy as np
import pytest
import rowlakes

import egmsql
from egmsql.export import Filters, export, zones
from egmsql.export.layers import LAYERS
from egmsql.export.shapes import OWNS, split_shapes
from egmsql.export.unfinished import unfinished
from egmsql.export.writing import write
from egmsql.settings import Settings
from egmsql.workspace import load_spatial

SMALL = Settings(threads=2, memory=64 * 2**20)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return rowlakes.make(tmp_path_factory.mktemp("made") / "lake", 4, 20_000, 12)


def ask(path, query):
    """Return the rows of a query over `points`, a Parquet file, or what st_read reads."""
    with contextlib.closing(duckdb.connect()) as connection:
        load_spatial(connection)
        reader = "read_parquet" if path.suffix == ".parquet" else "st_read"
        connection.execute(f"create view points as from {reader}('{path}')")
        return connection.execute(query).fetchall()


def test_points_of_all_products_are_those_of_one_query(lake, tmp_path):
    out = tmp_path / "points.parquet"
    assert export(lake, "points", out, Filters(), settings=SMALL) == 80_000
    with contextlib.closing(egmsql.connect(lake, udfs=False)) as connection:
        whole = LAYERS["points"].query
        connection.execute(f"create temp table written as from read_parquet('{out}')")
        for one, other in ((whole, "from written"), ("from written", whole)):
            assert connection.execute(f"select count(*) from ({one} except {other})").fetchone() == (0,)
    (n,) = ask(out, "select count(*) from (select distinct pid, product from points)")[0]
    assert n == 80_000


def wave(corners, radius=12_000):
    """Return WKT of a coast with many corners around the middle of the second product."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    r = radius * (1 + 0.1 * np.sin(40 * angle) + 0.05 * np.sin(333 * angle))
    x = rowlakes.WEST + 40_000 + r * np.cos(angle)
    y = rowlakes.SOUTH + 20_000 + r * np.sin(angle)
    points = [f"{a:.3f} {b:.3f}" for a, b in zip([*x, x[0]], [*y, y[0]], strict=True)]
    return f"POLYGON (({', '.join(points)}))"


def write_zones(path, shapes):
    path.write_text("\n".join(["name,WKT", *(f'{name},"{shape}"' for name, shape in shapes.items())]))
    path.with_suffix(".prj")
    return path


def box(west, south, east, north):
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    text = ", ".join(f"{rowlakes.WEST + x} {rowlakes.SOUTH + y}" for x, y in corners)
    return f"POLYGON (({text}))"


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    """Return a GeoPackage of a coast with 9,000 corners, boxes that overlap it, and one where nothing is."""
    named = {
        "coast": wave(9000),
        "box": box(15_000, 0, 45_000, 40_000),
        "strip": box(0, 19_000, 100_000, 21_000),
        "nothing": box(-9000, 0, -8000, 1000),
    }
    path = tmp_path_factory.mktemp("shapes") / "zones.gpkg"
    values = ", ".join(f"('{name}', st_geomfromtext('{shape}'))" for name, shape in named.items())
    with contextlib.closing(duckdb.connect()) as connection:
        load_spatial(connection)
        connection.execute(
            f"copy (select name, shape::geometry as geometry from (values {values}) as t(name, shape))"
            f" to '{path}' (format gdal, driver 'GPKG', srs 'EPSG:3035')"
        )
    return path


def test_a_polygon_takes_each_point_once_though_shapes_overlap(lake, shapes, tmp_path):
    out = tmp_path / "points.parquet"
    n = export(lake, "points", out, Filters(polygon=shapes), settings=SMALL)
    with contextlib.closing(egmsql.connect(lake, udfs=False)) as connection:
        (expected,) = connection.execute(
            "select count(*) from observed.points where st_intersects(geometry,"
            f" (select st_union_agg(geom) from st_read('{shapes}')))"
        ).fetchone()
    assert n == expected > 10_000


def test_pieces_cover_a_coast_exactly(shapes):
    with contextlib.closing(duckdb.connect()) as connection:
        load_spatial(connection)
        connection.execute(
            f"create table zones as select row_number() over () as number, geom as shape from st_read('{shapes}')"
        )
        split_shapes(connection, "zones", "pieces")
        (largest,) = connection.execute("select max(st_npoints(piece)) from pieces").fetchone()
        assert largest <= 256
        missing = (
            "select number from zones inner join (select number, sum(st_area(piece)) as area from pieces"
            " group by number) as pieces using (number) where abs(area - st_area(shape)) > 1e-3"
        )
        assert connection.execute(missing).fetchall() == []
        # On the seams too a point is in one piece of its zone: whole and half metres are where they lie.
        connection.execute(
            f"create table points as select {rowlakes.WEST} + 20000 + 250 * (i % 160) as x,"
            f" {rowlakes.SOUTH} + 250 * (i // 160) as y from range(160 * 160) as t(i)"
        )
        owned = (
            "select number, x, y from points inner join pieces on st_intersects(piece, st_point(x, y))"
            f" where {OWNS.format(x='x', y='y')}"
        )
        whole = "select number, x, y from points inner join zones on st_intersects(shape, st_point(x, y))"
        for one, other in ((owned, whole), (whole, owned)):
            assert connection.execute(f"({one}) except all ({other})").fetchall() == []


def test_zones_merged_from_products_are_those_of_one_query(lake, shapes, tmp_path):
    out = tmp_path / "zones.parquet"
    assert zones(lake, shapes, out, settings=SMALL) == 4
    with contextlib.closing(egmsql.connect(lake, udfs=False)) as connection:
        expected = connection.execute(f"""
            with inside as (
                select name, kinematics.velocity_mm_yr as v, members.pid is not null as is_moving, cluster, class
                from observed.points as points
                inner join st_read('{shapes}') as zones on st_intersects(geom, points.geometry)
                inner join features.kinematics as kinematics using (pid, product)
                left join clusters.members as members using (pid, product)
                left join classes.motion as motion using (pid, product)
            )
            select name, count(*), round(avg(v), 4), quantile_cont(v, [0.05, 0.25, 0.5, 0.75, 0.95]),
                avg(is_moving::integer), count(distinct cluster),
                count(*) filter (is_moving and class = 'linear')
            from inside group by name order by name""").fetchall()
    found = ask(
        out,
        "select name, n_points, mean_velocity_mm_yr, [velocity_p05_mm_yr, velocity_p25_mm_yr, velocity_p50_mm_yr,"
        " velocity_p75_mm_yr, velocity_p95_mm_yr], share_moving, n_areas,"
        " regexp_extract(moving_classes, 'linear:(\\d+)', 1)::bigint from points where n_points > 0 order by name",
    )
    assert [row[0] for row in found] == ["box", "coast", "strip"]
    for one, other in zip(found, expected, strict=True):
        assert (one[1], one[5], one[6]) == (other[1], other[5], other[6])
        assert one[2] == other[2] and one[4] == pytest.approx(other[4], abs=1e-12)
        assert one[3] == pytest.approx(other[3], abs=1e-12)


def test_the_mean_series_of_zones_is_that_of_all_products(lake, shapes, tmp_path):
    out = tmp_path / "zones.parquet"
    zones(lake, shapes, out, settings=SMALL)
    with contextlib.closing(egmsql.connect(lake, udfs=False)) as connection:
        expected = connection.execute(f"""
            select name, list(mean order by position) from (
                select name, position, round(avg(tenths) * 0.1, 2) as mean from (
                    select name, unnest(displacements) as tenths, generate_subscripts(displacements, 1) as position
                    from observed.points as points
                    inner join st_read('{shapes}') as zones on st_intersects(geom, points.geometry)
                    inner join series.displacement using (pid, product)
                ) group by all
            ) group by name order by name""").fetchall()
    found = ask(out, "select name, mean_displacements_mm from points where n_points > 0 order by name")
    assert len(found) == 3
    for (name, series), (expected_name, means) in zip(found, expected, strict=True):
        assert name == expected_name and series == pytest.approx(means, abs=0.0101)


def test_a_flatgeobuf_of_many_rows_has_no_index_and_says_so(lake, tmp_path, monkeypatch):
    monkeypatch.setattr("egmsql.export.writing._INDEXED", 50_000)
    said = []
    export(lake, "points", tmp_path / "few.fgb", Filters(velocity=(8, 10)), tell=said.append)
    assert said == []
    export(lake, "points", tmp_path / "many.fgb", Filters(), tell=said.append)
    assert said == [
        f"{tmp_path / 'many.fgb'}: has no spatial index, which would be made in memory for 80,000 rows"
    ]
    # The header of the format says the size of the nodes of its index, 0 without one.
    assert ask(tmp_path / "many.fgb", "select count(*) from points") == [(80_000,)]


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".geojson", ".csv", ".shp", ".fgb"])
def test_every_export_carries_the_attribution(lake, tmp_path, suffix):
    export(lake, "points", tmp_path / f"out{suffix}", Filters(velocity=(9.9, 10)))
    words = b"Generated using European Union's Copernicus Land Monitoring Service information"
    assert any(words in path.read_bytes() for path in tmp_path.glob("out*") if path.suffix != ".qml")


def test_an_export_that_fails_leaves_nothing(lake, tmp_path):
    out = tmp_path / "points.gpkg"
    with pytest.raises(egmsql.LakeError, match=r"points\.gpkg: could not be written"):
        export(lake, "points", out, Filters(), crs="EPSG:999999")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_export_left_is_removed_by_the_next(lake, tmp_path):
    out = tmp_path / "points.csv"
    left, other = tmp_path / ".unfinished-points.csv-999999999", tmp_path / ".unfinished-other.csv-999999999"
    for folder in (left, other):
        (folder / "points").mkdir(parents=True)
    export(lake, "points", out, Filters(velocity=(9, 10)))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        other.name,
        "points.attribution.txt",
        "points.csv",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_nothing(lake, tmp_path, number):
    out = tmp_path / "points.geojson"
    command = [sys.executable, "-m", "egmsql", "export", str(lake), "points", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list(tmp_path.glob(".unfinished*/made/*")):
        time.sleep(0.01)  # waits for the writing to begin, whenever that is
    assert process.poll() is None, "the export was over before it could be stopped"
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in said
    assert list(tmp_path.iterdir()) == []


def test_styles_come_with_the_file_not_before(lake, tmp_path):
    out = tmp_path / "points.gpkg"
    query = "select 'a' as class, 1.0 as velocity_mm_yr, error('broken')::varchar as x, st_point(1, 2) as geometry"
    with contextlib.closing(egmsql.connect(lake, udfs=False)) as connection, unfinished(out) as folder:
        with pytest.raises(duckdb.Error, match="broken"):
            write(connection, query, folder, out, "points")
        assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert list(tmp_path.iterdir()) == []
