"""The API: every route answers what SQL over the lake answers, in each form, and refuses in one line."""

import io
import math

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from egmsql.web import limits
from egmsql.web.parameters import Filters
from egmsql.web.plugin import ROUTES
from egmsql.web.projection import to_degrees
from egmsql.web.queries import cells_at, cells_where, coded, first_rows, inside, placed, spelled
from pyarrow import csv

import egmsql
from egmsql.about import ATTRIBUTION

BOX = "13.15,38.69,13.21,38.73"
SMALL = "13.175,38.700,13.18,38.705"
POLYGON = "13.17,38.70;13.19,38.70;13.19,38.72"


@pytest.fixture(scope="module")
def lake(real_lake):
    connection = egmsql.connect(real_lake, udfs=False)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def served(real_lake):
    with duckdb.connect(str(real_lake / "serving.duckdb"), read_only=True) as connection:
        yield connection


def arrow(response):
    assert response.status_code == 200, response.text
    with pa.ipc.open_stream(response.content) as reader:
        return reader.read_all()


def test_a_view_of_few_points_shows_each_of_them(real_site, served):
    answer = real_site.json(f"/-/egms/viewport?bbox={SMALL}")
    expected = served.execute(
        "select pid, velocity_mm_yr from points where level = 'L2b'"
        " and longitude between 13.175 and 13.18 and latitude between 38.7 and 38.705 order by pid"
    ).fetchall()
    assert answer["kind"] == "points" and answer["n"] == len(expected) > 50
    got = sorted(zip(answer["columns"]["pid"], answer["columns"]["velocity_mm_yr"], strict=True))
    assert [p for p, _ in got] == [p for p, _ in expected]
    assert np.allclose([v for _, v in got], [v for _, v in expected], atol=1e-6)


@pytest.mark.parametrize("most", [1, 5000, 200_000, 200_001, 300_000])
def test_the_first_rows_of_a_query_are_in_its_order_and_no_more(most):
    with duckdb.connect() as connection:
        table = first_rows(connection, "select i from range(?) as r(i) where i % 3 != 1", [300_000], most)
    expected = [i for i in range(300_000) if i % 3 != 1][:most]
    assert table["i"].to_pylist() == expected


def test_words_that_travel_as_places_are_the_same_words_or_none_at_all():
    words = {"viewing": ["up", "it's"], "class": ["step"]}
    with duckdb.connect() as connection:
        connection.execute("create table t (viewing varchar, class varchar)")
        connection.execute("insert into t values ('it''s', 'step'), ('up', null), (null, 'step')")
        columns = '"viewing", "class"'
        text = f"select {coded(columns, words)} from t"
        table = spelled(first_rows(connection, text, [], 9), words)
        assert table.to_pydict() == {"viewing": ["it's", "up", None], "class": ["step", None, "step"]}
        connection.execute("insert into t values ('east', 'step')")
        assert spelled(first_rows(connection, text, [], 9), words) is None


def test_a_word_that_nobody_expected_is_shown_all_the_same(real_site, monkeypatch):
    path = f"/-/egms/viewport?bbox={SMALL}&columns=class"
    shown = real_site.json(path)
    monkeypatch.setattr(
        "egmsql.web.points_api.words_of", lambda snapshot: {"viewing": ["up"], "class": ["step"]}
    )
    assert real_site.json(path) == shown
    monkeypatch.undo()
    assert set(shown["columns"]["viewing"]) == {"ascending", "descending"}


@pytest.mark.parametrize("at_most", [None, 0, 7])
def test_cells_never_are_more_than_the_limit_whatever_was_thought_before(real_site, at_most):
    snapshot = real_site.served.current
    selection = cells_where(snapshot, Filters(), tuple(map(float, BOX.split(","))))
    zoom, table = cells_at(snapshot._cursor(), selection, 2, "zoom, n_points", at_most, limit=100)
    assert 10 < table.num_rows <= 100 and set(table["zoom"].to_pylist()) == {zoom}
    assert sum(table["n_points"].to_pylist()) == 23349


def test_cells_may_have_the_stronger_movers_pid_alone(real_site):
    path = f"/-/egms/viewport?bbox={BOX}&limit=300"
    both = real_site.json(path)["columns"]
    columns = real_site.json(f"{path}&movers=strongest")["columns"]
    assert set(both) - set(columns) == {"cell_x", "cell_y", "velocity_min_pid", "velocity_max_pid"}
    sides = zip(
        *(both[f"velocity_{side}_{c}"] for side in ("min", "max") for c in ("mm_yr", "pid")), strict=True
    )
    stronger = [slow_pid if -slow > fast else fast_pid for slow, slow_pid, fast, fast_pid in sides]
    assert sorted(columns["pid"]) == sorted(stronger) and len(set(stronger)) > 100
    assert set(real_site.json(f"{path}&movers=none")["columns"]) == set(columns) - {"pid"}


def test_a_view_of_many_points_shows_cells_that_count_them_all(real_site):
    answer = real_site.json(f"/-/egms/viewport?bbox={BOX}&limit=100")
    assert answer["kind"] == "cells" and answer["cell_m"] == 10 * 2 ** answer["zoom"]
    assert sum(answer["columns"]["n_points"]) == 23349
    points = real_site.json(f"/-/egms/viewport?bbox={BOX}")
    assert min(answer["columns"]["velocity_min_mm_yr"]) == min(points["columns"]["velocity_mm_yr"])
    assert max(answer["columns"]["velocity_max_mm_yr"]) == max(points["columns"]["velocity_mm_yr"])


@pytest.mark.parametrize("kind", ["points", "cells"])
def test_arrow_and_geojson_say_what_json_says(real_site, kind):
    path = f"/-/egms/viewport?bbox={SMALL}&kind={kind}&columns=height_ortho,temporal_coherence"
    columns = real_site.json(path)["columns"]
    table = arrow(real_site.get(path + "&format=arrow"))
    assert table.column_names == list(columns)
    assert table["longitude"].type == pa.int32() and pa.types.is_dictionary(table["viewing"].type)
    assert np.allclose(table["longitude"].to_numpy() * 1e-6, columns["longitude"], atol=1e-9)
    assert np.allclose(table["velocity_mm_yr"].to_numpy(), columns["velocity_mm_yr"], atol=1e-6)
    assert b"Copernicus" in table.schema.metadata[b"egms"]
    features = real_site.json(path + "&format=geojson")["features"]
    assert [f["geometry"]["coordinates"][0] for f in features] == columns["longitude"]
    assert [f["properties"]["velocity_mm_yr"] for f in features] == columns["velocity_mm_yr"]


def test_filters_keep_what_they_say(real_site):
    columns = real_site.json(
        f"/-/egms/viewport?bbox={BOX}&viewing=ascending&max_velocity_mm_yr=-3&min_temporal_coherence=0.7"
        "&columns=temporal_coherence,product"
    )["columns"]
    assert set(columns["viewing"]) == {"ascending"} and max(columns["velocity_mm_yr"]) <= -3
    assert min(columns["temporal_coherence"]) >= 0.7
    # Of cells those stay in which some point passes.
    cells = real_site.json(f"/-/egms/viewport?bbox={BOX}&kind=cells&max_velocity_mm_yr=-3")["columns"]
    assert max(cells["velocity_min_mm_yr"]) <= -3


def test_releases_and_levels_never_mix(real_site):
    for level in ("L2b", "L3"):
        answer = real_site.json(f"/-/egms/viewport?bbox={BOX}&level={level}&columns=level,release")
        assert set(answer["columns"]["level"]) == {level} == {answer["level"]}
    assert "2020_2024 L2b" in real_site.json(f"/-/egms/viewport?bbox={BOX}&level=L2a", 404)["error"]


def test_a_point_is_a_whole_row_with_units(real_site, served):
    answer = real_site.json("/-/egms/point?pid=166ax4TCOe")
    (row,) = answer["points"]
    assert list(row) == [c for c, *_ in served.execute("describe points").fetchall()]
    assert row["velocity_mm_yr"] == float(
        str(np.float32(row["velocity_mm_yr"]))
    )  # -1.7, not -1.7000000476837158
    assert answer["units"]["velocity_mm_yr"] == "mm/yr"


def test_series_are_those_of_the_lake(real_site, lake):
    pids = [
        p
        for (p,) in lake.execute(
            "select pid from series.displacement using sample 12 rows (reservoir, 1)"
        ).fetchall()
    ]
    answer = real_site.json(f"/-/egms/series?pid={','.join(pids)}")
    assert {s["pid"] for s in answer["series"]} == set(pids)
    for each in answer["series"]:
        ((epochs, displacements),) = lake.execute(
            "select epochs, displacements_mm from series.displacement_mm where pid = ? and product = ?",
            [each["pid"], each["product"]],
        ).fetchall()
        assert each["displacements_mm"] == displacements
        assert answer["products"][each["product"]]["epochs"] == [e.isoformat() for e in epochs]


def test_series_as_csv_and_arrow_have_a_row_for_each_epoch(real_site):
    one = real_site.json("/-/egms/series?pid=166ax4TCOe")["series"][0]["displacements_mm"]
    table = csv.read_csv(io.BytesIO(real_site.get("/-/egms/series?pid=166ax4TCOe&format=csv").content))
    assert table["displacement_mm"].to_pylist() == one
    table = arrow(real_site.get("/-/egms/series?pid=166ax4TCOe&format=arrow"))
    assert table["displacement_mm"].to_pylist() == one


def corners(text):
    return [tuple(map(float, corner.split(","))) for corner in text.split(";")]


def test_a_polygon_holds_the_points_that_spatial_finds_in_it(real_site, lake):
    shape = corners(POLYGON)
    wkt = "POLYGON((" + ", ".join(f"{x} {y}" for x, y in [*shape, shape[0]]) + "))"
    expected = lake.execute(
        "select pid, product, velocity_mm_yr from observed.points join features.kinematics using (pid, product)"
        " join observed.products using (product) where level = 'L2b'"
        " and st_contains(st_geomfromtext(?), st_point(round(longitude, 6), round(latitude, 6)))",
        [wkt],
    ).fetchnumpy()
    answer = real_site.json(f"/-/egms/polygon?polygon={POLYGON}")
    assert answer["n"] == len(expected["pid"])
    assert math.isclose(answer["velocity_mm_yr"]["mean"], expected["velocity_mm_yr"].mean(), abs_tol=2e-3)
    for series in answer["series"]:
        chosen = expected["pid"][expected["product"] == series["products"][0]].tolist()
        rows = lake.execute(
            "select displacements_mm from series.displacement_mm where product = ? and pid in (select unnest(?))",
            [series["products"][0], chosen],
        ).fetchall()
        matrix = np.array([r for (r,) in rows])
        assert series["n"] == series["n_series"] == len(matrix)
        assert np.allclose(series["mean_mm"], matrix.mean(axis=0), atol=0.0051)
        assert np.allclose(series["median_mm"], np.median(matrix, axis=0), atol=0.0051)
    features = real_site.json(f"/-/egms/polygon?polygon={POLYGON}&format=geojson&series=no")["features"]
    assert len(features) == answer["n"]


def test_a_profile_orders_points_along_its_line(real_site, lake):
    answer = real_site.json(
        "/-/egms/profile?line=13.15,38.70;13.175,38.71;13.2,38.71&width_m=200&from=2021-01-01&to=2023-01-01"
    )
    columns = answer["columns"]
    assert answer["n"] == len(columns["pid"]) > 100
    assert columns["along_m"] == sorted(columns["along_m"]) and max(map(abs, columns["beside_m"])) <= 100
    keys = list(zip(columns["pid"], columns["product"], strict=True))
    assert len(set(keys)) == len(keys)
    pid, product = keys[0]
    ((epochs, values),) = lake.execute(
        "select epochs, displacements_mm from series.displacement_mm where pid = ? and product = ?",
        [pid, product],
    ).fetchall()
    nearest = [
        min(range(len(epochs)), key=lambda i, y=y: abs((epochs[i] - y).days)) for y in map(_day, (2021, 2023))
    ]
    assert math.isclose(columns["displacement_mm"][0], values[nearest[1]] - values[nearest[0]], abs_tol=1e-9)


def _day(year):
    import datetime

    return datetime.date(year, 1, 1)


def test_positions_beside_a_line_are_metres():
    line = [(13.0, 38.0), (13.1, 38.0)]
    along, beside, length = placed(line, np.array([13.05]), np.array([38.001]))
    assert math.isclose(length, 111320 * 0.1 * math.cos(math.radians(38)), rel_tol=1e-9)
    assert math.isclose(along[0], length / 2, rel_tol=1e-9) and math.isclose(-beside[0], 111.32, rel_tol=1e-6)


def test_inside_knows_hollows():
    shape = [(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)]
    assert inside(shape, np.array([2.0, 2.0, 0.5]), np.array([0.5, 2.0, 2.0])).tolist() == [True, False, True]


def test_search_finds_pids_products_and_coordinates(real_site, lake):
    assert real_site.json("/-/egms/search?q=166ax4TCOe")["matches"][0]["kind"] == "point"
    assert [m["kind"] for m in real_site.json("/-/egms/search?q=egms_l2b")["matches"]] == ["product"] * 2
    assert real_site.json("/-/egms/search?q=38.7, 13.18")["matches"][0]["longitude"] == 13.18
    assert real_site.json("/-/egms/search?q=nothing here")["matches"] == []
    east, north, lon, lat = lake.execute(
        "select easting, northing, longitude, latitude from observed.points where longitude is not null limit 1"
    ).fetchone()
    assert np.allclose(to_degrees(east, north), (lon, lat), atol=2e-6)


def test_projection_agrees_with_proj_all_over_europe(lake):
    for east, north, lon, lat in lake.execute(
        """select e, n, st_x(p), st_y(p) from (select e, n, st_transform(st_point(e, n), 'EPSG:3035', 'EPSG:4326',
        always_xy := true) as p from range(1000000, 7500000, 500000) t(e), range(1000000, 5400000, 400000) u(n))"""
    ).fetchall():
        assert np.allclose(to_degrees(east, north), (lon, lat), atol=1.1e-6)


def test_a_download_holds_whole_rows_of_box_or_polygon(real_site, served):
    table = csv.read_csv(io.BytesIO(real_site.get(f"/-/egms/download?bbox={BOX}").content))
    assert table.num_rows == 23349 and len(table.column_names) == len(
        served.execute("describe points").fetchall()
    )
    table = arrow(real_site.get(f"/-/egms/download?polygon={POLYGON}&format=arrow"))
    assert table.num_rows == real_site.json(f"/-/egms/polygon?polygon={POLYGON}&series=no")["n"]
    empty = real_site.get("/-/egms/download?bbox=0,0,1,1")
    assert empty.text.count("\n") == 1 and empty.text.startswith('"pid"')


def test_products_info_and_health(real_site):
    assert len(real_site.json("/-/egms/products")["products"]) == 3
    shapes = real_site.json("/-/egms/products?format=geojson&level=L2b")["features"]
    assert {f["geometry"]["type"] for f in shapes} == {"Polygon"} and len(shapes) == 2
    info = real_site.json("/-/egms/info")
    assert {d["viewing"] for d in info["datasets"]} == {"ascending", "descending", "east"}
    assert info["tables"]["points"]["columns"]["velocity_mm_yr"]["unit"] == "mm/yr"
    health = real_site.json("/-/egms/health")
    assert health["status"] == "ok" and health["state"] == info["state"]


def test_what_the_lake_has_not_is_a_404_that_says_so(real_site):
    assert "not in the lake" in real_site.json("/-/egms/point?pid=0000000000", 404)["error"]
    assert "no series" in real_site.json("/-/egms/series?pid=0000000000", 404)["error"]


REFUSED = [
    ("viewport", "", "bbox"),
    ("viewport", "bbox=1,2,3", "bbox"),
    ("viewport", "bbox=nan,0,1,1", "bbox"),
    ("viewport", "bbox=3,0,1,1", "bbox"),
    ("viewport", f"bbox={BOX}&width=0", "width"),
    ("viewport", f"bbox={BOX}&width=1e-9", "width"),
    ("viewport", f"bbox={BOX}&limit=999999999", "limit"),
    ("viewport", f"bbox={BOX}&columns=pid;drop", "columns"),
    ("viewport", f"bbox={BOX}&format=xml", "format"),
    ("viewport", f"bbox={BOX}&min_velocity_mm_yr=inf", "min_velocity_mm_yr"),
    ("viewport", f"bbox={BOX}&bbox={BOX}", "bbox"),
    ("viewport", f"bbox={BOX}&what=1", "what"),
    ("viewport", f"bbox={BOX}&kind=points&limit=10", "bbox"),
    ("point", "pid=x", "pid"),
    ("series", "pid=" + ",".join(f"{i:010d}" for i in range(limits.MAX_PIDS + 1)), "pid"),
    ("polygon", "", "polygon"),
    ("polygon", "polygon=1,1;2,2", "polygon"),
    ("polygon", "polygon=" + ";".join(f"{i % 90},1" for i in range(limits.MAX_VERTICES + 1)), "polygon"),
    ("polygon", "polygon=x", "polygon"),
    ("profile", "line=0,0;90,0", "line"),
    ("profile", "line=13,38;13.1,38&from=2021-01-01", "from"),
    ("profile", "line=13,38;13.1,38&width_m=100000", "width_m"),
    ("search", "", "q"),
    ("download", "", "bbox"),
    ("download", f"bbox={BOX}&polygon={POLYGON}", "bbox"),
]


@pytest.mark.parametrize(("route", "query", "where"), REFUSED)
def test_a_wrong_request_is_one_line_that_names_its_parameter(real_site, route, query, where):
    answer = real_site.json(f"/-/egms/{route}?{query}", 400)
    assert answer["error"].startswith(where) and "\n" not in answer["error"] and ";" in answer["error"]
    assert answer["attribution"] == ATTRIBUTION


def test_every_answer_has_attribution_and_an_etag_that_saves_the_work(real_site):
    path = f"/-/egms/viewport?bbox={SMALL}"
    first = real_site.get(path)
    assert first.headers["attribution"] == ATTRIBUTION and first.json()["attribution"] == ATTRIBUTION
    again = real_site.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    other = real_site.get(path + "&format=arrow", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200 and other.headers["etag"] != first.headers["etag"]
    assert real_site.get("/-/egms/health").headers["cache-control"] == "no-cache"


def test_only_get_and_head_are_answered(real_site):
    head = real_site.run(real_site.datasette.client.head(f"/-/egms/download?bbox={BOX}"))
    assert head.status_code == 200 and head.content == b""
    assert real_site.run(real_site.datasette.client.delete("/-/egms/health")).status_code in (403, 405)


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: r.path)
def test_every_route_is_described_and_documented(real_site, route):
    described = real_site.json("/-/egms/openapi.json")["paths"][route.path]["get"]
    assert [p["name"] for p in described["parameters"]] == [p.name for p in route.parameters]
    from conftest import ROOT

    assert f"{route.path}" in (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
