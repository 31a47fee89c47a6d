"""The curve of a shape: made, and found again; and what the API says of models."""

import datetime

import numpy as np
import pytest
from egmsql.web.curves import curve

FIRST = datetime.date(2020, 1, 5)
EPOCHS = [FIRST + datetime.timedelta(days=12 * i) for i in range(150)]
YEARS = np.arange(150) * 12 / 365
BREAK = EPOCHS[70]
SINCE = YEARS - YEARS[70]
WAVE = 3 * np.cos(2 * np.pi * YEARS)
SHAPES = {
    "constant": ({}, np.full(150, 2.0)),
    "linear": ({}, -4 * YEARS),
    "quadratic": ({}, 2 * YEARS**2),
    "hinge": ({"hinge_date": BREAK}, np.maximum(SINCE, 0) * -9),
    "step": ({"step_date": BREAK}, np.where(SINCE >= 0, 12.0, 0)),
    "decay": ({"decay_time_yr": 0.5}, 20 * (1 - np.exp(-YEARS / 0.5))),
    "growth": ({"growth_time_yr": 1.0}, 20 * np.exp(YEARS - YEARS[-1])),
    "step_hinge": ({"step_hinge_date": BREAK}, np.where(SINCE >= 0, 5 - 7 * SINCE, 0)),
    "semiannual": ({}, 2 * np.sin(4 * np.pi * YEARS)),
    "several": (
        {"first_break": "step", "first_break_date": BREAK, "second_break": "quadratic"},
        np.where(SINCE >= 0, 8.0, 0) + YEARS**2,
    ),
}


@pytest.mark.parametrize("family", SHAPES)
def test_each_shape_without_noise_is_met(family):
    facts, truth = SHAPES[family]
    found = curve(EPOCHS, truth + WAVE, {"family": family, **facts})
    assert np.allclose(found["model_mm"], truth + WAVE, atol=0.02)
    assert np.abs(found["sigma_mm"]).max() < 0.02
    if family not in ("constant", "semiannual"):
        assert np.allclose(found["season_mm"], WAVE, atol=0.02)


def test_missing_epochs_are_bridged_and_noise_widens_the_band():
    rng = np.random.default_rng(1)
    noisy = -4 * YEARS + rng.normal(0, 2, 150)
    noisy[40:60] = np.nan
    found = curve(EPOCHS, noisy, {"family": "linear", "noise_inflation": 1.0})
    inflated = curve(EPOCHS, noisy, {"family": "linear", "noise_inflation": 4.0})
    assert np.isfinite(found["model_mm"]).all()
    assert np.allclose(inflated["sigma_mm"], 2 * found["sigma_mm"], atol=0.02)


def test_without_a_shape_there_is_no_curve():
    assert curve(EPOCHS, np.zeros(150), {"family": None}) is None


def test_the_api_says_what_the_models_say(real_site):
    (found,) = real_site.json("/-/egms/model?pid=166ax4acgq")["models"]
    series = real_site.json("/-/egms/series?pid=166ax4acgq")["series"][0]["displacements_mm"]
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=0.01)
    assert next(iter(found["probabilities"])) == found["class"]
    assert len(found["curve"]["model_mm"]) == len(series)
    (each,) = found["breaks"]
    assert each["kind"] == "hinge" and each["from"] <= each["date"] <= each["to"]
    (point,) = real_site.json("/-/egms/point?pid=166ax4acgq")["points"]
    assert point["class"] == found["class"] and point["family"] == found["family"]
    assert real_site.get("/-/egms/model?pid=0000000000").status_code == 404


def test_points_and_cells_of_a_class_agree(real_site):
    box = "bbox=13.1,38.6,13.3,38.8&class=step&columns=class,n_step"
    points = real_site.json(f"/-/egms/viewport?{box}")["columns"]["class"]
    cells = real_site.json(f"/-/egms/viewport?{box}&kind=cells")["columns"]
    assert set(points) == {"step"} and min(cells["n_step"]) > 0
    assert sum(cells["n_step"]) == len(points)


def test_corrected_series_are_those_under_suspicion(real_site):
    suspects = real_site.sql("select pid, product from points where is_unwrapping_suspect limit 3").json()
    for row in suspects:
        found = real_site.json(f"/-/egms/model?pid={row['pid']}")["models"]
        (found,) = [each for each in found if each["product"] == row["product"]]
        assert found["corrected_mm"] is not None and found["attributes"]["unwrapping_multiple"]


def test_frames_are_the_series_at_their_dates(real_site):
    found = real_site.json("/-/egms/frames?bbox=13.175,38.70,13.18,38.705&frames=7&viewing=ascending")
    columns, dates = found["columns"], found["dates"]
    assert len(dates) == 7 and found["n"] == found["n_in_box"] == len(columns["pid"])
    answer = real_site.json(f"/-/egms/series?pid={columns['pid'][3]}")
    series = answer["series"][0]["displacements_mm"]
    epochs = answer["products"][answer["series"][0]["product"]]["epochs"]
    known = [
        [v for e, v in zip(epochs, series, strict=True) if e <= day and v is not None][-1] for day in dates
    ]
    assert columns["displacement_mm"][3] == pytest.approx([v - known[0] for v in known], abs=0.06)
    few = real_site.json("/-/egms/frames?bbox=13.175,38.70,13.18,38.705&frames=7&limit=10")
    assert few["n"] == 10 < few["n_in_box"]
