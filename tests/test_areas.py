"""Areas: what is put in comes out, outlines are valid, and names follow a cluster through releases."""

import datetime

import forge
import numpy as np
import pytest
import towns

import egmsql

PLACES = {"west": (0.0, 0.0, -8.0), "middle": (2000.0, 0.0, -8.0), "east": (4000.0, 0.0, 10.0)}


def crowd(place, n=30, radius=60.0, seed=0):
    """Return x, y, v of points close together; by number, so that a pid is the same in each release."""
    x0, y0, v0 = place
    rng = np.random.default_rng(seed)
    return np.column_stack(
        [x0 + rng.uniform(-radius, radius, n), y0 + rng.uniform(-radius, radius, n), np.full(n, v0)]
    )


def rows(lake, text):
    with egmsql.connect(lake, udfs=False) as connection:
        result = connection.execute(text)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Return a lake of two releases: one area stays, two grow together, one goes and another comes."""
    folder = tmp_path_factory.mktemp("areas")
    still = np.array([0.0, 0.0, 0.2])
    bridge = np.column_stack([np.linspace(60, 1940, 60), np.zeros(60), np.full(60, -8.0)])
    parts = [crowd(place, seed=i) for i, place in enumerate(PLACES.values())]
    resting = bridge * [1, 1, 0] + still * [0, 0, 1]
    late = crowd((6000.0, 0.0, -20.0), seed=9)
    old = np.concatenate([*parts, resting, late * [1, 1, 0]])
    gone = parts[2] * [1, 1, 0]
    new = np.concatenate([parts[0], parts[1], gone, bridge, late])
    dates = forge.epochs(datetime.date(2019, 1, 8), n_epochs=40, step=36)
    towns.write_zip(folder, *old.T, release="2019_2023", dates=dates)
    towns.write_zip(folder, *new.T, release="2020_2024", seed=5)
    lake = folder / "lake"
    assert not egmsql.ingest(lake, [folder]).errors
    egmsql.build(lake)
    return lake


def test_each_crowd_is_an_area_with_its_velocity_and_place(lake):
    found = rows(lake, "from clusters.areas where release = '2019_2023' order by easting")
    assert [area["n_points"] for area in found] == [30, 30, 30]
    for area, (x, y, v) in zip(found, PLACES.values(), strict=True):
        assert area["velocity_mm_yr"] == pytest.approx(v, abs=0.1)
        assert abs(area["velocity_mm_yr"] - v) < 4 * area["velocity_sigma_mm_yr"]
        assert area["easting"] == pytest.approx(towns.EAST + x, abs=30)
        assert area["northing"] == pytest.approx(towns.NORTH + y, abs=30)
        assert area["tracks"] == [22] and area["n_cores"] == 30 and area["quality"] == 1
        assert 30.0 < area["latitude"] < 45 and 0 < area["longitude"] < 20


def test_outlines_are_valid_hold_their_points_and_the_concave_lies_in_the_convex(lake):
    found = rows(
        lake,
        "select cluster, bool_and(st_contains(hull, geometry_of)) as in_hull, bool_and(st_contains(area, geometry_of))"
        " as in_area, any_value(st_isvalid(area) and st_isvalid(hull) and st_isvalid(geometry_wgs84)) as valid,"
        " any_value(st_within(area, st_buffer(hull, 0.5))) as inside, any_value(area_m2) as area_m2 from ("
        "  select cluster, hull, a.geometry as area, geometry_wgs84, area_m2, p.geometry as geometry_of"
        "  from clusters.areas as a join clusters.members using (cluster)"
        "  join observed.points as p using (pid, product)) group by cluster",
    )
    assert found and all(r["in_hull"] and r["in_area"] and r["valid"] and r["inside"] for r in found)
    assert all(np.pi * 20**2 < r["area_m2"] for r in found)


def test_both_coordinate_systems_show_the_same_ground(lake):
    off = rows(
        lake,
        "select max(st_distance(st_centroid(geometry), st_transform(st_centroid(geometry_wgs84), 'EPSG:4326',"
        " 'EPSG:3035', always_xy := true))) as m from clusters.areas",
    )
    assert off[0]["m"] < 1


def test_the_mean_series_is_the_motion_and_its_quartiles_enclose_the_median(lake):
    found = rows(
        lake, "select m.*, velocity_mm_yr from clusters.motions m join clusters.areas using (cluster)"
    )
    for motion in found:
        years = (
            np.array(motion["epochs"], dtype="datetime64[D]") - np.datetime64(motion["epochs"][0])
        ).astype(int) / 365
        slope = np.polyfit(years, motion["mean_displacements_mm"], 1)[0]
        assert slope == pytest.approx(motion["velocity_mm_yr"], abs=0.1)
        lower, middle, upper = (
            np.array(motion[n])
            for n in ("lower_quartiles_mm", "median_displacements_mm", "upper_quartiles_mm")
        )
        assert (lower <= middle).all() and (middle <= upper).all()
        assert abs(motion["last_year_change_mm_yr"]) < 5 * motion["last_year_change_std_mm_yr"]


def test_lineage_tells_what_continued_merged_came_and_went(lake):
    found = rows(lake, "from clusters.lineage where release = '2020_2024'")
    told = sorted(r["relation"] for r in found)
    assert told == ["gone", "merged", "merged", "new"]
    first = {
        r["cluster"]: r["identity"] for r in rows(lake, "from clusters.lineage where relation = 'first'")
    }
    assert len(first) == 3 and all(name == identity for name, identity in first.items())
    merged = {r["identity"] for r in found if r["relation"] == "merged"}
    assert len(merged) == 1 and merged < set(first)
    (new,) = (r for r in found if r["relation"] == "new")
    assert new["identity"] == new["cluster"] and new["previous"] is None


def test_subareas_lie_in_their_areas_and_have_names_of_their_own(lake):
    found = rows(lake, "select * exclude (geometry) from clusters.subareas")
    parents = {r["cluster"]: r["n_points"] for r in rows(lake, "from clusters.areas")}
    assert len({r["subarea"] for r in found}) == len(found) > 0
    for part in found:
        assert part["subarea"].startswith(f"{part['cluster']}_{part['class']}_")
        assert part["n_points"] <= parents[part["cluster"]]


def test_areas_are_geoparquet_with_their_crs(lake):
    path = next((lake / "clusters" / "areas").rglob("*.parquet"))
    with egmsql.connect(lake) as connection:
        types = dict(
            connection.execute(f"select column_name, column_type from (describe from '{path}')").fetchall()
        )
        meta = connection.execute(
            f"select value from parquet_kv_metadata('{path}') where key = 'geo'"
        ).fetchone()
    assert types["geometry"] == "GEOMETRY('EPSG:3035')" and types["geometry_wgs84"] == "GEOMETRY('EPSG:4326')"
    assert b'"primary_column": "geometry"' in meta[0] and b'"geometry_types": []' in meta[0]
