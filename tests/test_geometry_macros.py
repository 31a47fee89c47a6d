"""Macros that change a reference or a direction: signs, units, and that nothing is taken off in silence."""

import math

import duckdb
import numpy as np
import pytest
from countryside import EPOCHS
from egmsql.udfs.fit_weights import fit_weights

import egmsql

LOS = (0.594, -0.120, 0.795)  # descending, towards the satellite


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        for name, macro in egmsql.load_project().macros.items():
            if name != "hilbert_order":
                opened.execute(macro.text)
        yield opened


def value(connection, text, *parameters):
    return connection.execute(f"select {text}", list(parameters)).fetchone()[0]


@pytest.mark.parametrize("aspect", [0, 90, 180, 270, 300])
def test_downslope_motion_is_positive_from_wherever_it_is_seen(connection, aspect):
    slope, speed = 30.0, 12.0
    a, b = math.radians(aspect), math.radians(slope)
    motion = speed * np.array([math.sin(a) * math.cos(b), math.cos(a) * math.cos(b), -math.sin(b)])
    for los in (LOS, (-0.622, -0.098, 0.777)):
        seen = float(motion @ los)
        found = value(connection, "slope_velocity(?, ?, ?, ?, ?, ?)", seen, *los, slope, aspect)
        share = value(connection, "slope_sensitivity(?, ?, ?, ?, ?)", *los, slope, aspect)
        assert share == pytest.approx(seen / speed)
        sigma = value(connection, "slope_velocity_sigma(0.5, ?, ?, ?, ?, ?)", *los, slope, aspect)
        if abs(share) < 0.3:
            assert found is None and sigma is None
        else:
            assert found == pytest.approx(speed) and sigma == pytest.approx(0.5 / abs(share))


def test_a_gentle_slope_has_no_slope_velocity(connection):
    assert value(connection, "slope_velocity(5, ?, ?, ?, 4.9, 270)", *LOS) is None


@pytest.mark.parametrize(("slope", "aspect"), [(20.0, 270.0), (35.0, 45.0), (10.0, 180.0)])
def test_slope_and_aspect_of_a_plane_raster(connection, slope, aspect):
    a, steep = math.radians(aspect), math.tan(math.radians(slope))
    connection.execute(
        "create temp table dem as select 25.0 * x as easting, 25.0 * y as northing,"
        " 100 - ? * 25 * (x * sin(?) + y * cos(?)) as height from range(6) as a(x), range(5) as b(y)",
        [steep, a, a],
    )
    rows = connection.execute("from terrain('dem', 25)").fetchnumpy()
    assert len(rows["slope"]) == 4 * 3  # the rim has no neighbours
    assert rows["slope"] == pytest.approx(slope) and rows["aspect"] == pytest.approx(aspect)


def test_flat_ground_faces_nowhere(connection):
    connection.execute(
        "create temp table dem as select x as easting, y as northing, 5.0 as height from range(3) as a(x), range(3) as b(y)"
    )
    assert connection.execute("select slope, aspect from terrain('dem', 1)").fetchall() == [(0.0, None)]


@pytest.fixture
def measured(connection):
    """Two products on a 5 km square: a plane of velocity each, and a patch that moves."""
    rng = np.random.default_rng(1)
    connection.execute(
        "create temp table points (pid varchar, product varchar, easting double, northing double,"
        " velocity_mm_yr double, velocity_sigma_mm_yr double)"
    )
    for product, level in (("one", 3.0), ("two", -7.0)):
        places = rng.uniform(0, 5000, (600, 2))
        moves = (np.abs(places - 2500) < 300).all(1)
        velocity = level + rng.normal(0, 0.1, 600) - 20.0 * moves
        rows = [
            (f"{product}{i}", product, e, n, v, 0.2)
            for i, ((e, n), v) in enumerate(zip(places.tolist(), velocity.tolist(), strict=True))
        ]
        connection.executemany("insert into points values (?, ?, ?, ?, ?, ?)", rows)
    return connection


@pytest.mark.parametrize(
    "call",
    [
        "about_place('points', 500, 500, 400)",
        "about_polygon('points', [[0, 0], [1000, 0], [1000, 1000], [0, 1000]])",
        "about_neighbours('points', 1000, 2000)",
    ],
)
def test_a_changed_reference_is_each_product_s_own_and_says_so(measured, call):
    rows = measured.execute(f"from {call} order by pid").fetchnumpy()
    assert len(rows["pid"]) == 1200
    for product, level in (("one", 3.0), ("two", -7.0)):
        own = rows["product"] == product
        assert rows["reference_velocity_mm_yr"][own] == pytest.approx(level, abs=0.1)
        patch = own & (np.abs(rows["easting"] - 2500) < 300) & (np.abs(rows["northing"] - 2500) < 300)
        assert rows["relative_velocity_mm_yr"][patch] == pytest.approx(-20, abs=0.6)
        assert (rows["n_reference"][own] > 5).all()
    expected = rows["velocity_mm_yr"] - rows["reference_velocity_mm_yr"]
    assert rows["relative_velocity_mm_yr"] == pytest.approx(expected)
    assert (rows["relative_sigma_mm_yr"] > rows["velocity_sigma_mm_yr"]).all()


def test_without_points_at_the_place_nothing_is_taken_off(measured):
    rows = measured.execute(
        "select count(*), count(relative_velocity_mm_yr) from about_place('points', 99999, 0, 10)"
    ).fetchone()
    assert rows == (1200, 0)


def test_inside_is_what_matplotlib_says(connection):
    from matplotlib.path import Path

    corners = [[0, 0], [10, 2], [7, 9], [5, 4], [1, 8]]
    places = np.random.default_rng(2).uniform(-1, 11, (500, 2))
    found = [value(connection, f"is_inside(?, ?, {corners})", *place) for place in places.tolist()]
    assert found == Path(corners).contains_points(places).tolist()


@pytest.mark.parametrize("years", [0.75, 1.0, 2.0])
def test_a_change_in_the_last_window_is_found_with_its_sign(connection, years):
    days = (EPOCHS - EPOCHS[0]).astype(float)
    bend = np.maximum(0, (days - days[-1]) / 365 + years)
    series = 4 * days / 365 + 3 * np.cos(2 * np.pi * days / 365) - 12 * bend
    basis = fit_weights(EPOCHS, np.array([], dtype=int))["basis"]
    parameters = [
        np.rint(10 * series).astype(int).tolist(),
        EPOCHS.tolist(),
        [row.tolist() for row in basis],
        years,
    ]
    found = value(connection, "window_change(?::smallint[], ?::date[], ?, ?)", *parameters)
    assert found == pytest.approx(-12, abs=0.1)


def test_the_error_of_a_window_s_change_covers(connection):
    rng = np.random.default_rng(3)
    basis = [row.tolist() for row in fit_weights(EPOCHS, np.array([], dtype=int))["basis"]]
    sigma = value(connection, "window_change_sigma(3.0, 0, 0, ?::date[], ?, 1.0)", EPOCHS.tolist(), basis)
    found = [
        value(connection, "window_change(?::smallint[], ?::date[], ?, 1.0)", series, EPOCHS.tolist(), basis)
        for series in np.rint(rng.normal(0, 30, (400, len(EPOCHS)))).astype(int).tolist()
    ]
    assert 0.92 < np.mean(np.abs(found) < 1.96 * sigma) < 0.98


def test_the_normal_tail_is_that_of_the_error_function(connection):
    for z in (0.0, 0.3, -1.0, 1.96, 4.0, -8.0, 15.0):
        assert value(connection, "normal_tail(?::double)", z) == pytest.approx(
            math.erfc(abs(z) / math.sqrt(2)), rel=2e-7
        )
