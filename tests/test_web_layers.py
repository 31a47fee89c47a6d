"""What the map lays over the points: cells of east and up, areas with their series, found by name."""

import json

import numpy as np
import pytest

import egmsql

BOX = "13.1,38.6,13.3,38.8"


@pytest.fixture(scope="module")
def lake(real_lake):
    connection = egmsql.connect(real_lake, udfs=False)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def areas(real_site):
    return real_site.json(f"/-/egms/areas?bbox={BOX}")["columns"]


def test_cells_are_those_of_the_lake(real_site, lake):
    answer = real_site.json(f"/-/egms/cells?bbox={BOX}&width=8192")
    columns = answer["columns"]
    expected = lake.execute(
        "select easting, northing, velocity_east_mm_yr, velocity_up_sigma_mm_yr from geometry.cells"
    ).fetchall()
    got = zip(
        *(columns[c] for c in ("easting", "northing", "velocity_east_mm_yr", "velocity_up_sigma_mm_yr")),
        strict=True,
    )
    assert answer["cell_m"] == 100 and answer["n"] == len(expected) == 640
    assert np.allclose(sorted(got), sorted(expected), atol=0.006)


def test_larger_cells_are_means_and_keep_the_strongest_mover(real_site):
    near = real_site.json(f"/-/egms/cells?bbox={BOX}&width=8192")["columns"]
    answer = real_site.json(f"/-/egms/cells?bbox={BOX}&limit=60")
    far = answer["columns"]
    assert answer["cell_m"] > 100 and answer["n"] <= 60 and sum(far["n_cells"]) == 640
    for part in ("east", "up"):
        name = f"velocity_{part}_mm_yr"
        assert np.isclose(np.average(far[name], weights=far["n_cells"]), np.mean(near[name]), atol=0.01)
        strongest = max(far[f"velocity_{part}_strongest_mm_yr"], key=abs)
        assert strongest == max(near[name], key=abs)
    assert sum(far["n_ascending"]) == sum(near["n_ascending"])


def test_a_lake_without_a_release_has_no_cells_of_it(real_site):
    assert real_site.json(f"/-/egms/cells?bbox={BOX}&release=1999_2003")["n"] == 0


def test_an_areas_series_is_that_of_the_points_that_clustered(real_site, lake, areas):
    name = areas["cluster"][0]
    answer = real_site.json(f"/-/egms/motion?area={name}")
    (series,) = answer["series"]
    ((epochs, mean, low),) = lake.execute(
        "select epochs, mean_displacements_mm, lower_quartiles_mm from clusters.motions where cluster = ?",
        [name],
    ).fetchall()
    assert series["epochs"] == [epoch.isoformat() for epoch in epochs]
    assert np.allclose(series["mean_mm"], mean, atol=0.006) and np.allclose(series["q25_mm"], low, atol=0.006)
    assert answer["facts"]["n_points"] == areas["n_points"][0] == max(areas["n_points"])
    assert answer["facts"]["outline"]["type"] in ("Polygon", "MultiPolygon")


def test_a_subareas_series_is_the_mean_of_its_class_in_its_outline(real_site):
    parts = real_site.json(f"/-/egms/subareas?bbox={BOX}")["columns"]
    answer = real_site.json(f"/-/egms/motion?subarea={parts['subarea'][0]}")
    ring = json.loads(parts["outline"][0])["coordinates"][0]
    corners = ";".join(f"{lon:.7f},{lat:.7f}" for lon, lat in ring)
    wanted = f"polygon={corners}&viewing={parts['viewing'][0]}&class={parts['class'][0]}"
    expected = real_site.json(f"/-/egms/polygon?{wanted}")["series"]
    assert [each["mean_mm"] for each in answer["series"]] == [each["mean_mm"] for each in expected]
    assert answer["series"][0]["n"] >= parts["n_points"][0]


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("area=a&subarea=b", 400), ("area=nowhere", 404), ("subarea=nowhere", 404)],
)
def test_a_wrong_question_about_an_area_is_refused(real_site, query, status):
    assert ";" in real_site.json(f"/-/egms/motion?{query}", status)["error"]


def test_areas_are_filtered_like_points(real_site, areas):
    fast = real_site.json(f"/-/egms/areas?bbox={BOX}&max_velocity_mm_yr=-3&class=linear")["columns"]
    wanted = [
        name
        for name, velocity, motion in zip(
            areas["cluster"], areas["velocity_mm_yr"], areas["class"], strict=True
        )
        if velocity <= -3 and motion == "linear"
    ]
    assert fast["cluster"] == wanted and 0 < len(wanted) < len(areas["cluster"])


def test_areas_are_found_by_a_part_of_their_names(real_site, areas):
    name = areas["cluster"][0]
    found = real_site.json(f"/-/egms/search?q={name[4:].lower()}")["matches"]
    assert found[0]["kind"] == "area" and found[0]["area"] == name
    west, south, east, north = found[0]["bbox"]
    assert west < areas["longitude"][0] < east and south < areas["latitude"][0] < north
    assert {each["kind"] for each in found} == {"area", "subarea"}


def test_a_polygons_series_have_the_mean_velocity_of_their_points(real_site):
    polygon = "13.17,38.70;13.19,38.70;13.19,38.72"
    answer = real_site.json(f"/-/egms/polygon?polygon={polygon}")
    total = sum(each["n"] * each["velocity_mm_yr"] for each in answer["series"])
    assert np.isclose(total / answer["n"], answer["velocity_mm_yr"]["mean"], atol=0.002)
