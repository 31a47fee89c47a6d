"""Fits: truth first, then laws, then the published numbers of the real products."""

import datetime

import numpy as np
import pytest
from egmsql.udfs.fit_weights import fit_weights
from egmsql.udfs.kernels.fits import fit_matrix

import egmsql

EPOCHS = np.array([np.datetime64("2020-01-03") + np.timedelta64(6 * i, "D") for i in range(200)])
YEARS = (EPOCHS - EPOCHS[0]).astype(float) / 365.0
STATISTICS = ("velocity", "acceleration", "season_cosine", "season_sine")


def series(velocity=0.0, acceleration=0.0, cosine=0.0, sine=0.0, constant=0.0):
    wave = 2 * np.pi * YEARS
    return (
        constant
        + velocity * YEARS
        + acceleration * YEARS**2 / 2
        + cosine * np.cos(wave)
        + sine * np.sin(wave)
    )


def fitted(values, missing=()):
    weights = fit_weights(EPOCHS, np.asarray(missing, dtype=int))
    return {name: None if weights[name] is None else float(weights[name] @ values) for name in STATISTICS}


def test_a_made_velocity_is_found():
    assert fitted(series(velocity=-7.25, cosine=3.0, sine=-2.0, constant=11.0))["velocity"] == pytest.approx(
        -7.25
    )


def test_a_made_acceleration_is_found():
    found = fitted(series(velocity=4.0, acceleration=1.5, cosine=3.0, sine=-2.0))
    assert found["acceleration"] == pytest.approx(1.5)


def test_a_made_season_is_found():
    found = fitted(series(velocity=4.0, acceleration=1.5, cosine=3.0, sine=-4.0))
    assert np.hypot(found["season_cosine"], found["season_sine"]) == pytest.approx(5.0)
    assert (found["season_cosine"], found["season_sine"]) == pytest.approx((3.0, -4.0))


def test_adding_a_constant_leaves_velocity_unchanged():
    noisy = series(velocity=2.0) + np.random.default_rng(5).normal(0, 3, YEARS.size)
    assert fitted(noisy + 1000.0)["velocity"] == pytest.approx(fitted(noisy)["velocity"])


def test_missing_epochs_are_fitted_as_if_they_had_never_been():
    noisy = series(velocity=2.0, sine=1.0) + np.random.default_rng(6).normal(0, 3, YEARS.size)
    missing = [1, 7, 8, 9, 150, 200]
    present = np.setdiff1d(np.arange(YEARS.size), np.array(missing) - 1)
    design = fit_matrix(YEARS[present], "t 1 cos sin")
    expected = np.linalg.lstsq(design, noisy[present], rcond=None)[0][0]
    spoiled = noisy.copy()
    spoiled[np.array(missing) - 1] = 1e6
    assert fitted(spoiled, missing)["velocity"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("present", "determined"),
    [
        (0, []),
        (3, []),
        (4, ["velocity"]),
        (5, ["velocity", "acceleration"]),
        (6, ["velocity", "acceleration", "season"]),
    ],
)
def test_too_few_epochs_leave_a_fit_undetermined(present, determined):
    spread = np.linspace(1, 200, present, dtype=int)
    found = fitted(series(velocity=1.0), np.setdiff1d(np.arange(1, 201), spread))
    known = sorted({name.split("_")[0] for name, value in found.items() if value is not None})
    assert known == sorted(determined)


@pytest.mark.parametrize(
    ("product", "velocity_rmse", "equal_acceleration", "equal_seasonality"),
    [
        ("EGMS_L2b_022_0845_IW2_VV_2020_2024_1", 0.0407, 0.945, 0.9947),
        ("EGMS_L2b_117_0227_IW2_VV_2020_2024_1", 0.0497, 0.904, 0.985),
        ("EGMS_L3_E45N17_100km_E_2020_2024_1", 0.0288, 0.850, 0.977),
    ],
)
def test_real_products_agree_with_what_egms_published(
    real_lake, product, velocity_rmse, equal_acceleration, equal_seasonality
):
    with egmsql.connect(real_lake) as connection:
        rmse, acceleration, seasonality = connection.execute(
            """
            select
                sqrt(avg((velocity_mm_yr - mean_velocity) ** 2)),
                avg((round(acceleration_mm_yr2, 2) = acceleration)::integer),
                avg((round(seasonality_mm, 1) = seasonality)::integer)
            from features.fits inner join observed.points using (pid, product) where product = ?
            """,
            [product],
        ).fetchone()
    assert rmse <= velocity_rmse
    assert acceleration >= equal_acceleration
    assert seasonality >= equal_seasonality


def test_the_sql_model_gives_what_the_weights_give(real_lake):
    with egmsql.connect(real_lake) as connection:
        rows = connection.execute(
            """
            select displacements, epochs, velocity_mm_yr, acceleration_mm_yr2, season_cosine_mm, season_sine_mm
            from features.fits inner join series.displacement using (pid, product)
            inner join observed.products using (product) order by hash(pid) limit 200
            """
        ).fetchall()
    for displacements, epochs, *values in rows:
        assert isinstance(epochs[0], datetime.date)
        weights = fit_weights(np.array(epochs, dtype="datetime64[D]"), np.array([], dtype=int))
        expected = [float(weights[name] @ (np.array(displacements) / 10)) for name in STATISTICS]
        assert values == pytest.approx(expected, rel=1e-9, abs=1e-9)
