"""The reference system's routes: shapes and values as its viewer reads them, beside the lake's own rows."""

import itertools
import math
from datetime import date

import numpy as np
import pytest
from egmsql.web import compatible_points
from websites import Site

import egmsql

BOX = "min_lat=38.6&max_lat=38.8&min_lon=13.1&max_lon=13.3"
POINT = {"pid": str, "latitude": float, "longitude": float, "mean_velocity": float, "temporal_coherence": float,
         "orbit": str, "max_gap_days": int, "class_1": str, "periodic": bool, "jumpy": bool, "variable_flag": bool,
         "noisy_trend": bool}  # fmt: skip
META = {"mean_velocity": float, "temporal_coherence": float, "orbit": str, "latitude": float, "longitude": float,
        "height": float, "rmse": float, "acceleration": float, "seasonality": float, "max_gap_days": int,
        "n_acquisitions": int, "class_1": str, "class_2": str, "class_prob_1": float, "periodic": bool, "jumpy": bool,
        "variable_flag": bool, "noisy_trend": bool}  # fmt: skip
MOVING = (
    "select pid from serving.points where level = 'L2b' and abs(mean_velocity) >= {}"
    " and temporal_coherence >= {} and viewing in {}"
)


@pytest.fixture(scope="module")
def lake(real_lake):
    connection = egmsql.connect(real_lake, udfs=False)
    yield connection
    connection.close()


def assert_shape(row, shape):
    assert set(row) == set(shape)
    for name, kind in shape.items():
        assert isinstance(row[name], kind), (name, row[name])


@pytest.mark.parametrize(("least", "coherence"), [(2.5, 0.5), (0, 0), (4, 0.6)])
@pytest.mark.parametrize(
    ("asc", "desc", "viewing"),
    [
        ("true", "true", "('ascending', 'descending')"),
        ("true", "false", "('ascending')"),
        ("false", "true", "('descending')"),
    ],
)
def test_points_are_those_that_move_and_are_coherent(real_site, lake, least, coherence, asc, desc, viewing):
    path = (
        f"/get_points?{BOX}&thresh={least}&min_coh={coherence}&asc={asc}&desc={desc}&zoom=14&max_pts=200000"
    )
    response = real_site.get(path)
    rows = response.json()
    expected = lake.execute(MOVING.format(least, coherence, viewing)).fetchall()
    assert sorted(row["pid"] for row in rows) == sorted(pid for (pid,) in expected) and rows
    assert response.headers["x-total-count"] == response.headers["x-rendered-count"] == str(len(rows))
    for row in rows:
        assert_shape(row, POINT)
        assert abs(row["mean_velocity"]) >= least and row["temporal_coherence"] >= coherence
    assert {row["orbit"] for row in rows} == {
        v[0].upper() for v in ("ascending", "descending") if v in viewing
    }


def test_a_points_class_and_flags_are_those_of_the_lake(real_site, lake):
    rows = {row["pid"]: row for row in real_site.json(f"/get_points?{BOX}&thresh=0")}
    text = (
        "select pid, class_1, periodic, jumpy, variable_flag, noisy_trend from classes.egmspy"
        " join observed.products using (product) where level = 'L2b'"
    )
    found = lake.execute(text).fetchall()
    assert len(found) == len(rows)
    for pid, *words in found:
        assert [
            rows[pid][c] for c in ("class_1", "periodic", "jumpy", "variable_flag", "noisy_trend")
        ] == words


def test_nothing_asked_for_and_nothing_there_are_empty_lists(real_site):
    assert real_site.json(f"/get_points?{BOX}&asc=false&desc=false") == []
    assert real_site.json("/get_points?min_lat=60&max_lat=61&min_lon=10&max_lon=11") == []
    assert real_site.json("/get_points?min_lat=10&max_lat=9&min_lon=10&max_lon=9") == []


def test_a_view_wider_than_the_world_is_the_world(real_site):
    whole = real_site.json(f"/get_points?{BOX}")
    wide = real_site.json("/get_points?min_lat=-120&max_lat=95&min_lon=-700&max_lon=700&zoom=1")
    assert {row["pid"] for row in whole} == {row["pid"] for row in wide}


def test_too_many_points_become_cells_that_keep_the_strongest_movers(real_site):
    everything = real_site.json(f"/get_points?{BOX}&thresh=2.5")
    response = real_site.get(f"/get_points?{BOX}&thresh=2.5&max_pts=100&zoom=10")
    rows = response.json()
    assert 0 < len(rows) <= 100 and len(rows) == int(response.headers["x-rendered-count"])
    assert int(response.headers["x-total-count"]) > len(rows)
    strongest = max(everything, key=lambda row: abs(row["mean_velocity"]))
    assert strongest["pid"] in {row["pid"] for row in rows}
    for row in rows:
        assert_shape(row, POINT)
        assert abs(row["mean_velocity"]) >= 2.5
        assert row["class_1"] in compatible_points.COLOURS


def test_a_series_has_bare_dates_values_and_what_is_known(real_site, lake):
    pid = "166ax4TCOe"
    answer = real_site.json(f"/get_timeseries?pid={pid}")
    ((epochs, values),) = lake.execute(
        "select epochs, displacements from series.displacement join observed.products using (product)"
        " where pid = ? and level = 'L2b'",
        [pid],
    ).fetchall()
    assert answer["dates"] == [epoch.strftime("%Y%m%d") for epoch in epochs]
    assert answer["values"] == [None if v is None else round(v / 10, 1) for v in values]
    assert answer["pid"] == pid and answer["corrected"] is False and answer["gap_info"] == []
    assert_shape(answer["meta"], META)
    meta, point = answer["meta"], real_site.json(f"/-/egms/point?pid={pid}&level=L2b")["points"][0]
    assert meta["rmse"] == point["rmse_mm"] and meta["height"] == point["height_ortho"]
    assert meta["mean_velocity"] == point["mean_velocity"] and meta["class_prob_1"] == point["probability"]
    assert meta["n_acquisitions"] == len([v for v in values if v is not None])
    assert meta["max_gap_days"] == max((b - a).days for a, b in itertools.pairwise(epochs))


class Corrections:
    """Stands for the rows of classes.corrected: the real files have no suspected unwrapping error."""

    def __init__(self, pid, row):
        self._found = {pid: row}

    def rows(self, product, pids):
        return {pid: self._found[pid] for pid in pids if pid in self._found}


def test_a_corrected_series_is_shown_where_there_is_one(real_site, monkeypatch):
    pid = "166ax4TCOe"
    raw = real_site.json(f"/get_timeseries?pid={pid}")
    units = [None if v is None else round(v * 10) for v in raw["values"]]
    row = {"displacements": units[:100] + [u - 277 for u in units[100:]], "step_date": date(2022, 1, 1)}
    monkeypatch.setitem(real_site.served.current.details, "classes.corrected", Corrections(pid, row))
    answer = real_site.json(f"/get_timeseries?pid={pid}&corrected=true")
    assert answer["corrected"] is True
    assert answer["gap_info"] == [{"gap_before_date": "2022-01-01", "type": "artefact"}]
    shifts = [a - b for a, b in zip(raw["values"], answer["values"], strict=True)]
    assert np.allclose(shifts[:100], 0) and np.allclose(shifts[100:], 27.7)
    published = real_site.json(f"/get_timeseries?pid={pid}")
    assert published == raw | {"gap_info": answer["gap_info"]}


def test_a_series_that_needs_no_correction_stays_as_published(real_site):
    raw = real_site.json("/get_timeseries?pid=166ax4TCOe")
    assert real_site.json("/get_timeseries?pid=166ax4TCOe&corrected=true") == raw


def test_switches_are_read_in_any_case_and_nothing_else_is(real_site):
    assert real_site.json(f"/get_points?{BOX}&asc=False") == real_site.json(f"/get_points?{BOX}&asc=false")
    assert real_site.json(f"/get_points?{BOX}&asc=perhaps", 400)["error"].startswith("asc")


def test_the_openapi_file_says_that_points_are_a_list(real_site):
    paths = real_site.json("/-/egms/openapi.json")["paths"]
    shown = {
        path: paths[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["type"]
        for path in ("/get_points", "/get_info")
    }
    assert shown == {"/get_points": "array", "/get_info": "object"}


def test_info_of_every_point_is_looked_for_once(real_site):
    first = real_site.json("/get_info?level=L3")
    real_site.served.current.facts[("2020_2024", "L3")][2] = 123.0
    try:
        assert real_site.json("/get_info?level=L3")["velocity"]["mean"] == 123.0 != first["velocity"]["mean"]
    finally:
        real_site.served.current.facts.clear()


def test_info_is_of_the_shown_release_and_level(real_site, lake):
    info = real_site.json("/get_info")
    facts = lake.execute(
        "select count(*), min(mean_velocity), max(mean_velocity), avg(mean_velocity), stddev(mean_velocity),"
        " min(temporal_coherence), max(temporal_coherence), min(longitude), max(longitude), min(latitude), max(latitude)"
        " from serving.points where level = 'L2b'"
    ).fetchone()
    assert info["total_points"] == facts[0] == sum(info["orbit_counts"].values())
    assert set(info["orbit_counts"]) == {"A", "D"}
    shown = [*info["velocity"].values(), *info["coherence"].values()]
    assert list(info["velocity"]) == ["min", "max", "mean", "stddev"] and list(info["coherence"]) == [
        "min",
        "max",
    ]
    assert all(math.isclose(a, b, abs_tol=0.0006) for a, b in zip(shown, facts[1:7], strict=True))
    box = [info["bbox"][name] for name in ("min_lon", "max_lon", "min_lat", "max_lat")]
    assert all(math.isclose(a, float(b), abs_tol=1e-6) for a, b in zip(box, facts[7:], strict=True))
    assert set(info["date_range"]) == {"start", "end", "n_dates"} and len(info["date_range"]["start"]) == 8
    assert [info[f"has_{what}"] for what in ("classes", "clusters", "subclusters", "corrected")] == [True] * 4
    assert set(info["class_colors"]) >= {
        row["class_1"] for row in real_site.json(f"/get_points?{BOX}&thresh=0")
    }
    assert info["data_root"] is None


def test_clusters_are_outlines_in_the_viewers_words(real_site, lake):
    answer = real_site.json("/get_clusters")
    assert answer["type"] == "FeatureCollection" and "Copernicus" in answer["attribution"]
    expected = {
        row[0]: row
        for row in lake.execute(
            "select cluster, n_points, area_m2, velocity_mm_yr, purity from clusters.areas where level = 'L2b'"
        ).fetchall()
    }
    assert {f["properties"]["cluster_id"] for f in answer["features"]} == set(expected)
    names = ("cluster_id", "color", "dom_class", "class_purity", "n_points", "area_ha", "vel_mean", "vel_min", "vel_max",
             "vel_std", "coh_mean")  # fmt: skip
    for feature in answer["features"]:
        shown = feature["properties"]
        _, n, area, velocity, purity = expected[shown["cluster_id"]]
        assert tuple(shown) == names and feature["geometry"]["type"] in ("Polygon", "MultiPolygon")
        assert shown["n_points"] == n and math.isclose(shown["area_ha"], area / 1e4, abs_tol=5e-5)
        assert math.isclose(shown["vel_mean"], velocity, abs_tol=0.006)
        assert math.isclose(shown["class_purity"], purity, abs_tol=0.0006)
        assert shown["color"] == compatible_points.COLOURS[shown["dom_class"]]


def test_subclusters_name_their_parent_and_class(real_site):
    parents = {f["properties"]["cluster_id"] for f in real_site.json("/get_clusters")["features"]}
    features = real_site.json("/get_subclusters")["features"]
    assert features
    for feature in features:
        shown = feature["properties"]
        assert list(shown) == ["subcluster_id", "parent_id", "ts_class", "n_points", "mean_vel"]
        assert shown["parent_id"] in parents and shown["ts_class"] in compatible_points.COLOURS


def test_health_counts_points(real_site):
    answer = real_site.json("/health")
    assert answer["status"] == "ok" and answer["points"] > 0


@pytest.mark.parametrize(
    ("motion", "velocity", "word"),
    [
        ("step", 1.0, "stable"),
        ("step", -3.0, "linear"),
        ("velocity_change", 5.0, "other"),
        ("complex", 0.0, "variable"),
        ("accelerating", 1.0, "accel"),
        ("noisy", 0.0, "noisy"),
    ],
)
def test_a_cells_class_is_the_viewers_word(motion, velocity, word):
    assert compatible_points.in_their_words(motion, velocity) == word


def test_the_longest_gap_is_between_neighbours():
    assert compatible_points.longest_gap([date(2020, 1, 1), date(2020, 1, 7), date(2020, 2, 1)]) == 25
    assert compatible_points.longest_gap([date(2020, 1, 1)]) == 0


def test_a_page_of_another_site_reads_the_counts(real_lake):
    """The reference's viewer is a file on disk: a page of no site at all."""
    site = Site(real_lake, cors=True)
    try:
        response = site.get(f"/get_points?{BOX}", headers={"Origin": "null"})
    finally:
        site.close()
    assert response.headers["access-control-allow-origin"] == "*"
    assert "X-Total-Count" in response.headers["access-control-expose-headers"]
