"""Classes and attributes: series with a known motion, made by hand, are called what they are."""

import numpy as np
import pytest
from egmsql.udfs.kernels.mixture import CLASSES
from test_kinematics import EPOCHS, YEARS, noise
from workbench import Workbench

N = 120
HINGE = np.maximum(YEARS - 2.5, 0)
STEP = (YEARS >= 2.5).astype(float)
SHAPES = {
    "stable": 0.3 * YEARS,
    "linear": -8.0 * YEARS,
    "accelerating": 2.0 * YEARS + 2.2 * YEARS**2,
    "decelerating": -45.0 * (1 - np.exp(-YEARS / 1.2)),
    "velocity_change": 4.0 * YEARS - 14.0 * HINGE,
    "step": 18.0 * STEP,
    "complex": 20.0 * (YEARS >= 1.3) - 26.0 * (YEARS >= 3.4),
}


def points_of(n, **columns):
    """Return columns of observed.points for n points on a line, 10 m apart, as coherent as most."""
    return {
        "easting": [4_600_000.0 + 10 * i for i in range(n)],
        "northing": [1_740_000.0] * n,
        "temporal_coherence": [0.8] * n,
        **columns,
    }


def classify(series, epochs=EPOCHS, **columns):
    with Workbench(epochs, series, points_of(len(series), **columns)) as bench:
        return bench.run("classes.motion")


@pytest.fixture(scope="module")
def shapes():
    """Return the rows of every shape, N points each, under noise as real files have it."""
    series = [shape + noise(N, 0.33, 0.6, sigma=2.0, seed=i) for i, shape in enumerate(SHAPES.values())]
    season = 6 * np.cos(2 * np.pi * (YEARS - 0.2))
    return classify(np.round(np.concatenate(series) + season, 1))


@pytest.mark.parametrize("number", range(len(SHAPES)), ids=SHAPES)
def test_a_made_motion_is_called_what_it_is(shapes, number):
    rows = slice(number * N, (number + 1) * N)
    name = list(SHAPES)[number]
    assert np.mean(shapes["class"][rows] == name) >= 0.95
    assert np.median(shapes["probability"][rows]) > 0.8


def test_a_wave_is_an_attribute_of_every_class(shapes):
    assert np.mean(shapes["is_periodic"]) > 0.95
    day = np.median(shapes["wave_day"])
    assert day == pytest.approx(3 + 0.2 * 365, abs=5)  # the first epoch is 3 January


def test_probabilities_add_up_and_name_the_class(shapes):
    table = np.stack([shapes[f"{name}_probability"] for name in CLASSES], axis=1)
    assert np.abs(table.sum(axis=1) - 1).max() < 1e-5
    best = table.argsort(axis=1)
    assert (np.array(CLASSES)[best[:, -1]] == shapes["class"]).all()
    assert (table.max(axis=1) == shapes["probability"]).all()
    assert (np.take_along_axis(table, best[:, -2:-1], 1)[:, 0] == shapes["second_probability"]).all()


def test_the_break_is_found_where_it_was_made(shapes):
    rows = slice(4 * N, 5 * N)
    at = (shapes["hinge_date"][rows].astype("datetime64[D]") - EPOCHS[0]).astype(int) / 365
    assert np.median(np.abs(at - 2.5)) < 0.1
    assert np.median(shapes["hinge_mm_yr"][rows]) == pytest.approx(-14, abs=1)
    rows = slice(5 * N, 6 * N)
    assert np.median(shapes["step_mm"][rows]) == pytest.approx(18, abs=0.6)


def test_strong_noise_without_motion_is_noisy():
    found = classify(noise(N, 0.2, 0.6, sigma=7.0))
    assert np.mean(found["class"] == "noisy") > 0.95


def test_what_is_not_coherent_or_short_is_unclassified():
    series = noise(3, 0.3, 0.6)
    found = classify(series, temporal_coherence=[0.4, None, 0.9])
    assert found["class"][0] == "unclassified" and found["class"][1] != "unclassified"
    assert np.ma.is_masked(found["probability"][0]) or np.isnan(found["probability"][0])
    short = classify(series[:, :19], EPOCHS[:19])
    assert set(short["class"]) == {"unclassified"}


def test_a_constant_series_and_one_without_noise_have_a_class():
    found = classify(np.round(np.stack([np.full(len(YEARS), 5.0), -8.0 * YEARS, 18.0 * STEP]), 1))
    assert list(found["class"]) == ["stable", "linear", "step"]


@pytest.mark.parametrize("multiple", [-2, -1, 1])
def test_an_unwrapping_error_of_one_point_is_suspected_and_corrected(multiple):
    series = noise(200, 0.33, 0.6, sigma=1.5)
    series[17] += multiple * 27.73 * STEP - 5.0 * YEARS
    series[18] += 19.0 * STEP  # no multiple
    with Workbench(EPOCHS, np.round(series, 1), points_of(200)) as bench:
        found = bench.run("classes.motion")
        corrected = bench.run("classes.corrected")
    assert found["unwrapping_multiple"][17] == multiple
    assert not found["is_unwrapping_suspect"][18]
    assert found["is_unwrapping_suspect"].sum() <= 2
    row = list(corrected["pid"]).index(f"{17:010d}")
    assert corrected["corrected_velocity_mm_yr"][row] == pytest.approx(-5.0, abs=1.2)


def test_a_step_that_the_neighbours_share_is_an_event_of_the_ground():
    """All step: an earthquake. It is a multiple of half a wavelength by chance and no unwrapping error."""
    series = noise(200, 0.33, 0.6, sigma=1.5) + 27.73 * STEP
    found = classify(np.round(series, 1))
    assert not found["is_unwrapping_suspect"].any()
    assert found["is_coseismic_suspect"].mean() > 0.95


def test_a_change_in_the_last_year_is_seen():
    series = noise(100, 0.33, 0.6, sigma=1.5)
    series[:10] += 25.0 * np.maximum(YEARS - (YEARS[-1] - 1), 0)
    found = classify(np.round(series, 1))
    assert found["is_last_year_anomaly"][:10].all()
    assert found["is_last_year_anomaly"][10:].mean() < 0.03


def test_the_local_velocity_is_that_of_the_standing_ground_around():
    """A slope moves, the ground around creeps as a whole: the slope is judged against it."""
    rng = np.random.default_rng(8)
    n = 900
    points = points_of(
        n,
        easting=list(rng.uniform(4_600_000, 4_604_000, n)),
        northing=list(rng.uniform(1_740_000, 1_744_000, n)),
    )
    velocity = np.full(n, 1.5)
    velocity[:60] = -6.0
    found = classify(np.round(velocity[:, None] * YEARS + noise(n, 0.33, 0.6, sigma=1.5), 1), **points)
    assert np.median(found["local_velocity_mm_yr"]) == pytest.approx(1.5, abs=0.1)
    assert np.median(found["velocity_to_local_mm_yr"][:60]) == pytest.approx(-7.5, abs=0.2)


def test_the_reference_vocabulary_is_a_view(shapes):
    series = np.concatenate(
        [s + noise(30, 0.33, 0.6, sigma=1.5, seed=i) for i, s in enumerate(SHAPES.values())]
    )
    with Workbench(EPOCHS, np.round(series, 1), points_of(len(series))) as bench:
        bench.run("classes.motion")
        found = bench.run("classes.egmspy")
    names = [max(set(part), key=list(part).count) for part in np.split(found["class_1"], len(SHAPES))]
    assert names == ["stable", "linear", "accel", "decel", "accel", "stable", "variable"]
    assert found["jumpy"][5 * 30 : 6 * 30].mean() > 0.9
