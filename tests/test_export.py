"""Export: every layer in every format reads back with its rows, its place and its styles; zones count right."""

import contextlib
import json
import sqlite3
import xml.etree.ElementTree as ElementTree

import duckdb
import numpy as np
import pytest
import towns

import egmsql
from egmsql.export import Filters, export, zones
from egmsql.export.layers import LAYERS
from egmsql.export.styles import CLASS_COLOURS, class_style, velocity_style
from egmsql.export.unfinished import unfinished
from egmsql.export.writing import SUFFIXES, short_names, write
from egmsql.workspace import load_spatial

WEST, EAST = (0.0, 0.0, -8.0), (2000.0, 0.0, 6.0)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Return a lake of two areas and some points at rest."""
    folder = tmp_path_factory.mktemp("export")
    rng = np.random.default_rng(1)
    points = np.concatenate(
        [
            *(
                np.column_stack([x + rng.uniform(-50, 50, 25), y + rng.uniform(-50, 50, 25), np.full(25, v)])
                for x, y, v in (WEST, EAST)
            ),
            np.column_stack([rng.uniform(500, 1500, 30), rng.uniform(-50, 50, 30), np.zeros(30)]),
        ]
    )
    towns.write_zip(folder, *points.T)
    assert not egmsql.ingest(folder / "lake", [folder]).errors
    egmsql.build(folder / "lake")
    return folder / "lake"


def read(path, columns="*"):
    """Return the rows of a written file as dicts."""
    with _spatial() as connection:
        source = f"'{path}'" if path.suffix in (".parquet", ".csv") else f"st_read('{path}')"
        result = connection.execute(f"select {columns} from {source}")
        names = [c[0] for c in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _spatial():
    connection = duckdb.connect()
    load_spatial(connection)
    return connection


@pytest.mark.parametrize("turn", range(3))
def test_every_row_of_a_large_geopackage_is_in_its_spatial_index(tmp_path, turn):
    """GDAL's threads left it empty in four files of eight; what is not in the index a GIS does not draw."""
    out = tmp_path / "points.gpkg"
    query = (
        "select i, st_point(4600000 + i % 1000, 1740000 + i // 1000)::geometry('EPSG:3035') as geometry"
        " from range(1000000) as t(i)"
    )
    with _spatial() as connection, unfinished(out) as folder:
        assert write(connection, query, folder, out, "points") == 1_000_000
    with contextlib.closing(sqlite3.connect(out)) as database:
        (index,) = database.execute(
            "select name from sqlite_master where name like 'rtree\\_%\\_geom' escape '\\'"
        ).fetchone()
        assert database.execute(f'select count(*) from "{index}"').fetchone() == (1_000_000,)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_areas_come_back_from_every_format(lake, tmp_path, suffix):
    out = tmp_path / f"areas{suffix}"
    assert export(lake, "areas", out, Filters()) == 2
    found = read(out)
    assert len(found) == 2
    speed = "vel" if suffix == ".shp" else "velocity_mm_yr"
    assert sorted(round(row[speed]) for row in found) == [-8, 6]
    assert not list(tmp_path.glob(".unfinished*"))


@pytest.mark.parametrize(("layer", "n"), [("areas", 2), ("points", 80), ("series", 80), ("subareas", 2)])
def test_every_layer_has_its_rows(lake, tmp_path, layer, n):
    assert export(lake, layer, tmp_path / "out.gpkg", Filters()) == n
    assert len(read(tmp_path / "out.gpkg")) == n


def test_a_layer_whose_model_is_missing_is_refused(lake, tmp_path, monkeypatch):
    monkeypatch.setitem(LAYERS, "cells", LAYERS["cells"]._replace(model="geometry.elsewhere"))
    with pytest.raises(
        egmsql.SettingError, match=r"cells: needs geometry.elsewhere, which this lake does not have"
    ):
        export(lake, "cells", tmp_path / "out.gpkg", Filters())


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32633"])
def test_another_crs_keeps_the_place(lake, tmp_path, crs):
    out = tmp_path / "out.gpkg"
    export(lake, "points", out, Filters(velocity=(-1e300, -5)), crs)
    back = read(
        out,
        f"st_x(p) as x, st_y(p) as y from (select st_transform(geom::geometry, '{crs}', 'EPSG:3035', always_xy := true) as p from st_read('{out}')) --",
    )
    assert len(back) == 25
    assert all(abs(row["x"] - towns.EAST) < 51 and abs(row["y"] - towns.NORTH) < 51 for row in back)


def test_filters_leave_out_what_does_not_pass(lake, tmp_path):
    def count(**values):
        out = tmp_path / f"{len(list(tmp_path.iterdir()))}.csv"
        return export(lake, "points", out, Filters(**values))

    e, n = towns.EAST, towns.NORTH
    assert count(velocity=(-1e300, -2)) == 25 and count(velocity=(5, 1e300)) == 25
    assert count(bbox=(e - 60, n - 60, e + 60, n + 60)) == 25
    assert count(products=("EGMS_L2b_022_*",)) == 80 and count(products=("EGMS_L2b_044_*",)) == 0
    assert count(classes=("linear",)) == 50 and count(classes=("noisy",)) == 0
    polygon = tmp_path / "zone.geojson"
    polygon.write_text(json.dumps(square(lake, e, n)))
    assert count(polygon=polygon) == 25


def square(lake, e, n, half=100):
    """Return GeoJSON of a square around a place in EPSG:3035, and of one where nothing is."""
    with egmsql.connect(lake, udfs=False) as connection:
        shapes = [
            connection.execute(
                "select st_asgeojson(st_transform(st_makeenvelope(?, ?, ?, ?), 'EPSG:3035', 'EPSG:4326', always_xy := true))",
                [x - half, n - half, x + half, n + half],
            ).fetchone()[0]
            for x in (e, e + 50_000)
        ]
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"name": name}, "geometry": json.loads(shape)}
            for name, shape in zip(("crowd", "nothing"), shapes, strict=True)
        ],
    }


def test_a_geopackage_carries_styles_that_qgis_reads(lake, tmp_path):
    out = tmp_path / "areas.gpkg"
    export(lake, "areas", out, Filters())
    with sqlite3.connect(out) as database:
        styles = database.execute(
            "select f_table_name, stylename, styleqml, useasdefault from layer_styles"
        ).fetchall()
        layers = database.execute("select table_name, data_type from gpkg_contents").fetchall()
    database.close()
    assert [(table, name, default) for table, name, _, default in styles] == [
        ("areas", "velocity", 1),
        ("areas", "class", 0),
    ]
    assert ("areas", "features") in layers and ("layer_styles", "attributes") in layers
    for _, name, text, _ in styles:
        renderer = ElementTree.fromstring(text.split("\n", 1)[1]).find("renderer-v2")
        assert renderer.get("attr") == {"velocity": "velocity_mm_yr", "class": "class"}[name]
        assert len(renderer.find("symbols")) == len(renderer[0])
    assert out.with_suffix(".qml").read_text() == styles[0][2]


def test_every_class_that_a_point_can_have_has_its_colour():
    """A class without one would be drawn as "other"; a label with a blank matched nothing."""
    columns = egmsql.load_project().contracts["classes.motion"].columns
    names = {name.removesuffix("_probability") for name in columns if name.endswith("_probability")} - {
        "second"
    }
    assert "velocity_change" in names and names <= set(CLASS_COLOURS)
    assert {"mixed", "unclassified", ""} <= set(CLASS_COLOURS)


def test_every_row_falls_into_a_range_and_a_category(lake, tmp_path):
    out = tmp_path / "points.gpkg"
    export(lake, "points", out, Filters())
    ranges = ElementTree.fromstring(velocity_style("points").split("\n", 1)[1]).findall(".//range")
    categories = ElementTree.fromstring(class_style("points").split("\n", 1)[1]).findall(".//category")
    spans = [(float(r.get("lower")), float(r.get("upper"))) for r in ranges]
    named = {c.get("value") for c in categories}
    for row in read(out):
        assert sum(low <= row["velocity_mm_yr"] <= high for low, high in spans) >= 1
        assert row["class"] in named


def test_names_of_a_shapefile_are_short_and_differ():
    names = [
        "velocity_mm_yr",
        "velocity_min_mm_yr",
        "velocity_max_mm_yr",
        "velocity_spread_mm_yr",
        "last_year_change_mm_yr",
        "last_year_change_std_mm_yr",
        "cluster",
    ]
    found = short_names(names)
    assert (
        found["velocity_mm_yr"] == "vel"
        and found["velocity_min_mm_yr"] == "vel_min"
        and found["cluster"] == "cluster"
    )
    assert len(set(found.values())) == len(names) and max(map(len, found.values())) <= 10


@pytest.mark.parametrize(
    ("name", "said"),
    [("out.xyz", "has no known suffix; choose one of .gpkg"), ("there.csv", "exists; give another name")],
)
def test_a_target_that_cannot_be_written_is_refused(lake, tmp_path, name, said):
    (tmp_path / "there.csv").write_text("mine")
    with pytest.raises(egmsql.SettingError, match=said):
        export(lake, "areas", tmp_path / name, Filters())
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_zones_count_what_lies_in_them(lake, tmp_path):
    polygons, out = tmp_path / "zones.geojson", tmp_path / "out.gpkg"
    polygons.write_text(json.dumps(square(lake, towns.EAST, towns.NORTH)))
    assert zones(lake, polygons, out) == 2
    crowd, nothing = sorted(read(out), key=lambda row: row["name"])
    assert (crowd["n_points"], crowd["n_areas"], crowd["share_moving"]) == (25, 1, 1.0)
    assert crowd["velocity_p50_mm_yr"] == pytest.approx(-8, abs=0.1)
    assert crowd["moving_classes"] == "linear:25"
    series = [float(d) for d in crowd["mean_displacements_mm"].split(",")]
    assert len(series) == len(towns.EPOCHS) and series[-1] == pytest.approx(-8 * 39 * 36 / 365, abs=0.5)
    assert (nothing["n_points"], nothing["n_areas"], nothing["share_moving"]) == (0, 0, None)
