"""EGMS's statistics of every point: truth first, then laws, coverage of the errors, agreement with EGMS."""

import numpy as np
import pytest
from egmsql.udfs.kernels.fits import fit_matrix
from workbench import Workbench

import egmsql

DAYS = np.r_[np.arange(0, 720, 6), np.arange(720, 1825, 12)]  # 6-day steps, then 12, as after Sentinel-1B
EPOCHS = np.datetime64("2020-01-03") + DAYS
YEARS = DAYS / 365.0
WAVELENGTH = 55.46576

# Shares that the facts of the three real products state, in per cent; temporal_coherence is not on L3.
STATED = {
    "EGMS_L2b_022_0845_IW2_VV_2020_2024_1": (99.8, 94.5, 94.0, 98.5, 99.5, 99.9, 98.4),
    "EGMS_L2b_117_0227_IW2_VV_2020_2024_1": (99.8, 90.5, 94.0, 98.7, 98.5, 99.9, 98.4),
    "EGMS_L3_E45N17_100km_E_2020_2024_1": (99.6, 85.1, 98.1, 98.1, 97.7, 100.0, None),
}
FIELDS = (
    "mean_velocity_std",
    "acceleration",
    "acceleration_std",
    "rmse_ts",
    "seasonality",
    "seasonality_std",
)


def made(velocity=0.0, acceleration=0.0, cosine=0.0, sine=0.0, constant=0.0, years=YEARS):
    """Return series (mm) by the specification's generator."""
    parts = [np.reshape(np.asarray(p, dtype=float), (-1, 1)) for p in (velocity, acceleration, cosine, sine)]
    wave = 2 * np.pi * years
    terms = (years, years**2 / 2, np.cos(wave), np.sin(wave))
    return constant + sum(part * term for part, term in zip(parts, terms, strict=True))


def kinematics(series, epochs=EPOCHS):
    with Workbench(epochs, series) as bench:
        return bench.run("features.kinematics")


def noise(n, correlation, fading, sigma=3.0, seed=1):
    """Return autoregressive noise under white noise: neighbours correlate, and it fades by the epoch."""
    rng = np.random.default_rng(seed)
    share = correlation / fading
    slow = rng.standard_normal((n, len(DAYS)))
    for k in range(1, len(DAYS)):
        slow[:, k] = fading * slow[:, k - 1] + np.sqrt(1 - fading**2) * slow[:, k]
    return sigma * (np.sqrt(share) * slow + np.sqrt(1 - share) * rng.standard_normal(slow.shape))


def test_a_refit_of_noise_free_series_returns_their_parameters():
    """Series as EGMS's specification generates them, but for the noise; the files' 0.1 mm are the only error."""
    rng = np.random.default_rng(3)
    n = 300
    velocity, acceleration = rng.normal(0, 5, n), rng.normal(0, 2, n)
    amplitude, phase = rng.uniform(0, 10, n), rng.uniform(0, 1, n)
    wave = {"cosine": amplitude * np.cos(2 * np.pi * phase), "sine": amplitude * np.sin(2 * np.pi * phase)}
    found = kinematics(made(velocity, acceleration, **wave))
    # A parabola adds to the slope of a fit that has none: what the official definition finds of it.
    weights = np.linalg.lstsq(fit_matrix(YEARS, "t 1 cos sin"), YEARS**2 / 2, rcond=None)[0][0]
    rounding = 0.1 / np.sqrt(12)
    error = np.linalg.norm(np.linalg.pinv(fit_matrix(YEARS, "t 1 cos sin"))[0]) * rounding
    assert np.abs(found["velocity_mm_yr"] - velocity - acceleration * weights).max() < 5 * error
    assert np.abs(found["acceleration_mm_yr2"] - acceleration).max() < 0.01
    assert np.abs(found["seasonality_mm"] - amplitude).max() < 0.02
    assert np.abs(found["rmse_mm"] - rounding).max() < 0.01
    clear = amplitude > 1
    day = (2 + 365 * phase) % 365 + 1  # the first epoch is the third day of the year
    apart = np.abs(found["season_day"] - day)[clear]
    assert np.minimum(apart, 365 - apart).max() < 1
    assert np.nanmax(found["velocity_std_mm_yr"][np.abs(acceleration) < 0.01], initial=0) < 0.02


def test_every_statistic_is_an_explicit_least_squares_fit():
    series = np.round(made(np.linspace(-20, 20, 40), 1.5, 2.0, -3.0, 7.0) + noise(40, 0.3, 0.6), 1)
    found = kinematics(series)
    for row, y in enumerate(series):
        for name, terms in (("velocity", "t 1 cos sin"), ("acceleration", "t²/2 t 1 cos sin")):
            matrix = fit_matrix(YEARS, terms)
            coefficients = np.linalg.lstsq(matrix, y, rcond=None)[0]
            spread = np.std(y - matrix @ coefficients, ddof=1)
            unit = {"velocity": "mm_yr", "acceleration": "mm_yr2"}[name]
            assert found[f"{name}_{unit}"][row] == pytest.approx(coefficients[0], abs=1e-9)
            error = np.sqrt(np.linalg.inv(matrix.T @ matrix)[0, 0]) * spread
            assert found[f"{name}_std_{unit}"][row] == pytest.approx(error, rel=1e-9)
        matrix = fit_matrix(YEARS, "t³ t² t 1 cos sin")
        coefficients = np.linalg.lstsq(matrix, y, rcond=None)[0]
        rmse = np.sqrt(np.mean((y - matrix @ coefficients) ** 2))
        inverse = np.linalg.inv(matrix.T @ matrix)
        assert found["rmse_mm"][row] == pytest.approx(rmse, rel=1e-9)
        assert found["seasonality_mm"][row] == pytest.approx(np.hypot(*coefficients[4:]), rel=1e-9)
        error = np.sqrt((4 - np.pi) / 2 * (inverse[4, 4] + inverse[5, 5]) / 2) * rmse
        assert found["seasonality_std_mm"][row] == pytest.approx(error, rel=1e-9)
        line = np.polyfit(YEARS, y, 1)[0]
        assert found["ols_velocity_mm_yr"][row] == pytest.approx(line, abs=1e-9)
        velocity = np.linalg.lstsq(fit_matrix(YEARS, "t 1 cos sin"), y, rcond=None)[0][0]
        phase = 4 * np.pi / WAVELENGTH * (y - velocity * YEARS)
        assert found["temporal_coherence"][row] == pytest.approx(abs(np.mean(np.exp(1j * phase))), abs=1e-12)


@pytest.mark.parametrize(
    ("correlation", "fading"),
    [(0.0, 0.6), (0.33, 0.6), (0.33, 0.33), (0.55, 0.7)],
    ids=["white", "as in real L2b files", "autoregressive", "as in real L3 files"],
)
def test_standard_errors_cover_in_correlated_noise(correlation, fading):
    n = 6000
    found = kinematics(made(velocity=np.full(n, 4.0), cosine=5.0) + noise(n, correlation, fading))
    for error in (
        (found["velocity_mm_yr"] - 4.0) / found["velocity_sigma_mm_yr"],
        found["acceleration_mm_yr2"] / found["acceleration_sigma_mm_yr2"],
        (found["seasonality_mm"] - 5.0) / found["seasonality_sigma_mm"],
    ):
        inside = np.mean(np.abs(error) < 1), np.mean(np.abs(error) < 1.96)
        assert 0.64 < inside[0] < 0.75
        assert 0.925 < inside[1] < 0.975
    naive = (found["velocity_mm_yr"] - 4.0) / found["velocity_std_mm_yr"]
    if correlation > 0.3:  # or the test could not tell the difference
        assert np.mean(np.abs(naive) < 1.96) < 0.87


@pytest.mark.parametrize(("correlation", "fading"), [(0.33, 0.6), (0.33, 0.33), (0.55, 0.7)])
def test_the_noise_is_found_as_it_was_made(correlation, fading):
    found = kinematics(noise(3000, correlation, fading))
    assert np.mean(found["residual_correlation_1"]) == pytest.approx(correlation, abs=0.02)
    assert np.mean(found["residual_correlation_2"]) == pytest.approx(correlation * fading, abs=0.04)
    assert np.mean(found["noise_std_mm"]) == pytest.approx(3.0, abs=0.05)


def test_adding_a_constant_changes_nothing():
    series = np.round(made(3.0, cosine=2.0) + noise(5, 0.3, 0.6), 1)
    before, after = kinematics(series), kinematics(series + 1000.0)
    for name in before:
        if name not in ("pid", "product"):
            assert after[name] == pytest.approx(before[name], rel=1e-6, abs=1e-8), name


def test_missing_epochs_are_fitted_as_if_they_had_never_been():
    series = np.round(made(np.linspace(-5, 5, 6), 1.0, 2.0) + noise(6, 0.3, 0.6), 1)
    gappy = series.copy()
    gappy[:3, ::9] = np.nan
    gappy[3, 5:40] = np.nan
    found, complete = kinematics(gappy), kinematics(series)
    for row in range(6):
        present = ~np.isnan(gappy[row])
        matrix = fit_matrix(YEARS[present], "t 1 cos sin")
        y = gappy[row, present]
        coefficients = np.linalg.lstsq(matrix, y, rcond=None)[0]
        assert found["n_epochs"][row] == present.sum()
        assert found["velocity_mm_yr"][row] == pytest.approx(coefficients[0], abs=1e-9)
        phase = 4 * np.pi / WAVELENGTH * (y - coefficients[0] * YEARS[present])
        assert found["temporal_coherence"][row] == pytest.approx(abs(np.mean(np.exp(1j * phase))), abs=1e-9)
    # Every ninth epoch less makes the noise no less and no more correlated.
    assert found["noise_std_mm"][:3] == pytest.approx(complete["noise_std_mm"][:3], rel=0.1)
    assert found["residual_correlation_1"][:3] == pytest.approx(
        complete["residual_correlation_1"][:3], abs=0.1
    )


@pytest.mark.parametrize(
    ("n_present", "known"),
    [
        (0, set()),
        (1, set()),
        (2, {"ols_velocity_mm_yr"}),
        (4, {"ols_velocity_mm_yr", "velocity_mm_yr", "temporal_coherence"}),
        (5, {"velocity_mm_yr", "velocity_std_mm_yr", "acceleration_mm_yr2"}),
        (6, {"acceleration_std_mm_yr2", "seasonality_mm", "season_day"}),
        (7, {"rmse_mm", "seasonality_std_mm"}),
        (30, {"noise_std_mm", "velocity_sigma_mm_yr", "residual_correlation_1"}),
    ],
)
def test_short_series_have_what_their_epochs_determine(n_present, known):
    series = np.full((1, len(DAYS)), np.nan)
    places = np.linspace(0, len(DAYS) - 1, n_present, dtype=int) if n_present < 30 else np.arange(60, 90)
    series[0, places] = np.round(np.random.default_rng(2).normal(0, 3, n_present), 1)
    found = kinematics(series)
    values = {name: value[0] for name, value in found.items() if name not in ("pid", "product", "n_epochs")}
    missing = {
        name for name, value in values.items() if value is None or np.ma.is_masked(value) or np.isnan(value)
    }
    assert not known & missing
    if n_present < 2:
        assert missing == set(values)
    if n_present <= 7:
        assert {"noise_std_mm", "velocity_sigma_mm_yr", "residual_correlation_1"} <= missing
    if n_present <= 4:
        assert {"velocity_std_mm_yr", "acceleration_mm_yr2", "rmse_mm"} <= missing


def test_a_constant_series_stands_still_for_certain():
    found = {name: values[0] for name, values in kinematics(np.full((1, len(DAYS)), 12.3)).items()}
    for name in (
        "velocity_mm_yr",
        "velocity_std_mm_yr",
        "velocity_sigma_mm_yr",
        "acceleration_mm_yr2",
        "rmse_mm",
    ):
        assert found[name] == pytest.approx(0, abs=1e-6), name
    assert found["temporal_coherence"] == pytest.approx(1)
    for name in ("season_day", "season_day_sigma", "residual_correlation_1", "residual_correlation_2"):
        assert np.ma.is_masked(found[name]) or np.isnan(found[name]), name


def test_rows_do_not_depend_on_their_company():
    """Split, permuted, alone: every bit of every value is the same."""
    series = np.round(made(np.linspace(-5, 5, 5000)) + noise(5000, 0.3, 0.6), 1)
    series[::50, 7] = np.nan
    everyone = kinematics(series)
    order = np.random.default_rng(4).permutation(len(series))
    permuted, few = kinematics(series[order]), kinematics(series[:7])
    for name in everyone:
        if name not in ("pid", "product"):
            assert np.array_equal(
                np.ma.filled(everyone[name][order], -1), np.ma.filled(permuted[name], -1)
            ), name
            assert np.array_equal(np.ma.filled(everyone[name][:7], -1), np.ma.filled(few[name], -1)), name


@pytest.mark.parametrize("product", STATED)
def test_real_products_agree_with_egms_as_the_facts_state(real_lake, product):
    with egmsql.connect(real_lake) as connection:
        rows = connection.execute(
            "select field, is_gnss_corrected, root_mean_square_difference, share_equal from report.agreement"
            " where product = ?",
            [product],
        ).fetchall()
    shares = {field: 100 * share for field, corrected, _, share in rows if not corrected}
    velocity = {corrected: rmse for field, corrected, rmse, _ in rows if field == "mean_velocity"}
    assert velocity[max(velocity)] <= 0.030
    assert set(velocity) == ({False} if "L3" in product else {False, True})
    for field, stated in zip((*FIELDS, "temporal_coherence"), STATED[product], strict=True):
        if stated is not None:
            assert round(shares[field], 1) >= stated, field


def test_the_gnss_plane_cannot_hide_a_wrong_velocity(real_lake):
    """A velocity without the annual wave, or one that is off by more than a plane, stays wrong."""
    with egmsql.connect(real_lake) as connection:
        query = egmsql.load_project().models["report.agreement"].query
        for wrong in ("ols_velocity_mm_yr", "kinematics.velocity_mm_yr + 0.1 * sin(easting / 300)"):
            spoiled = query.replace("kinematics.velocity_mm_yr,", f"{wrong} as velocity_mm_yr,")
            spoiled = spoiled.replace("kinematics.velocity_mm_yr -", f"{wrong} -")
            assert spoiled != query
            found = connection.execute(
                f"select root_mean_square_difference from ({spoiled}) where field = 'mean_velocity'"
                " and is_gnss_corrected"
            ).fetchall()
            assert len(found) == 2
            assert min(rmse for (rmse,) in found) > 0.05


def test_disagreement_is_a_warning_and_agreement_is_silent(real_lake):
    with egmsql.connect(real_lake) as connection:
        found = connection.execute(
            "select severity, n_rows from _audits where audit = 'statistics_agree_with_egms'"
        ).fetchall()
    assert found == [("warning", 0)] * 3
