"""Plain statistics: truth first, then numpy's word, then laws and the defects that they avoid."""

import numpy as np
import pytest
from egmsql.udfs.kernels.calendars import calendar_of
from egmsql.udfs.kernels.series import FIELDS, quantile
from egmsql.udfs.shape import shape

import egmsql

# Half the epochs fall into the first third of the time.
DAYS = np.cumsum([0] + [6] * 120 + [12] * 119)
EPOCHS = np.datetime64("2020-01-03") + DAYS.astype("timedelta64[D]")
YEARS = DAYS / 365
WAVE = 3 * np.cos(2 * np.pi * YEARS - 1) + np.sin(4 * np.pi * YEARS)


def tried(series, epochs=EPOCHS, missing=None):
    values = np.round(np.atleast_2d(series) * 10).astype(np.int16)
    mask = np.ma.nomask if missing is None else np.broadcast_to(missing, values.shape)
    found = shape(np.ma.MaskedArray(values, mask=mask), calendar_of(epochs), 0.1, 5.0, 4.0)
    return {
        name: column if isinstance(column, np.ndarray) else column.to_numpy(zero_copy_only=False)
        for name, column in found.items()
    }


def one(series, **options):
    return {name: column[0] for name, column in tried(series, **options).items()}


def noise(sigma=1.0, seed=1):
    return sigma * np.random.default_rng(seed).normal(size=DAYS.size)


def test_the_eighteen_are_there_in_order():
    assert len(FIELDS) == 18
    assert tuple(tried(WAVE)) == FIELDS


def test_a_made_line_and_wave_are_found():
    found = one(5 * YEARS + WAVE)
    for name in ("v_robust_mm_yr", "v_first_half_mm_yr", "v_second_half_mm_yr"):
        assert found[name] == pytest.approx(5, abs=0.05)
    assert found["seasonal_amp_mm"] == pytest.approx(3, abs=0.01)
    assert found["seasonal_r2"] > 0.99
    assert found["rmse_deseason_mm"] < 0.05
    assert found["rmse_detrended_mm"] == pytest.approx(np.std(WAVE), abs=0.05)
    assert found["velocity_r2"] > 0.9


def test_a_made_acceleration_is_twice_the_coefficient():
    found = one(2 * YEARS**2 / 2 + WAVE)
    assert found["quad_coeff_mm_yr2"] == pytest.approx(1, abs=0.02)
    assert 0 < found["quad_r2"] < 1 / 16 + 0.02


def test_halves_are_halves_of_the_time_and_not_of_the_epochs():
    middle = YEARS[-1] / 2
    found = one(3 * YEARS - 9 * np.maximum(YEARS - middle, 0) + WAVE)
    assert found["v_first_half_mm_yr"] == pytest.approx(3, abs=0.1)
    assert found["v_second_half_mm_yr"] == pytest.approx(-6, abs=0.1)
    assert found["v_diff_mm_yr"] == pytest.approx(-9, abs=0.2)


def test_a_fifth_of_wrong_values_leaves_the_robust_velocity():
    y = 5 * YEARS + noise(0.5)
    y[np.random.default_rng(2).choice(DAYS.size // 2, 24, replace=False)] += 60
    found = one(y)
    assert found["v_robust_mm_yr"] == pytest.approx(5, abs=1)
    assert abs(np.polyfit(YEARS, y, 1)[0] - 5) > 1.5


def test_a_made_step_is_one_jump_of_its_size():
    found = one(5 * YEARS + WAVE + noise() + 15 * (np.arange(DAYS.size) >= 100))
    assert found["n_jumps_nonseas"] == 1
    assert found["jump_max_mm"] == pytest.approx(15, abs=3)


def test_one_outlier_is_no_jump():
    y = 5 * YEARS + WAVE + noise()
    y[77] += 40
    assert one(y)["n_jumps_nonseas"] == 0


def test_a_jump_is_a_size_whatever_the_days_between():
    days = np.arange(DAYS.size)
    y = noise(0.5) + 8 * (days >= 150)
    for spacing in (6, 12, 24):
        epochs = np.datetime64("2016-01-03") + (spacing * days).astype("timedelta64[D]")
        assert one(y, epochs=epochs)["n_jumps_nonseas"] == 1


def test_neither_wave_nor_line_counts_as_correlation_or_run():
    plain, moving = one(noise(2)), one(noise(2) + 8 * YEARS + 3 * WAVE)
    assert moving["acf_lag1"] == pytest.approx(plain["acf_lag1"], abs=0.01)
    assert moving["cusum_score"] == pytest.approx(plain["cusum_score"], abs=0.02)
    assert abs(plain["acf_lag1"]) < 0.2


def test_spreads_are_numpy_s():
    y = np.round(noise(3), 1)
    found = one(y)
    assert found["range_mm"] == pytest.approx(np.ptp(y))
    assert found["noise_p90_mm"] == pytest.approx(np.quantile(np.abs(np.diff(y)), 0.9))


@pytest.mark.parametrize("n", [1, 2, 3, 10, 101])
@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.9, 1])
def test_a_quantile_is_numpy_s(n, share):
    values = np.random.default_rng(n).integers(0, 20, size=n).astype(float)
    assert quantile(values.copy(), share) == pytest.approx(np.quantile(values, share))


def test_missing_epochs_are_as_if_they_had_never_been():
    y = noise(2) + 4 * YEARS
    missing = np.zeros(DAYS.size, dtype=bool)
    missing[[5, 6, 50, 200]] = True
    found, without = (
        one(np.where(missing, 3000, y), missing=missing),
        one(y[~missing], epochs=EPOCHS[~missing]),
    )
    assert found.pop("n_valid_frac") == pytest.approx(1 - 4 / DAYS.size)
    assert without.pop("n_valid_frac") == 1
    for name in found:
        assert found[name] == pytest.approx(without[name]), name


def test_adding_a_constant_changes_nothing():
    y = noise(2) + 4 * YEARS
    assert one(y) == one(y + 1000)


def test_splitting_and_permuting_rows_leaves_every_bit():
    rng = np.random.default_rng(4)
    values = np.ma.MaskedArray((30 * rng.normal(size=(500, DAYS.size))).astype(np.int16), mask=False)
    values.mask[:100] = rng.random((100, DAYS.size)) < 0.02
    order = rng.permutation(500)
    whole, mixed = (
        shape(values, calendar_of(EPOCHS), 0.1, 5.0, 4.0),
        shape(values[order], calendar_of(EPOCHS), 0.1, 5.0, 4.0),
    )
    for name in FIELDS:
        assert np.array_equal(np.asarray(whole[name])[order], np.asarray(mixed[name]), equal_nan=True), name
    for i in range(0, 500, 50):
        alone = shape(values[i : i + 1], calendar_of(EPOCHS), 0.1, 5.0, 4.0)
        for name in FIELDS:
            assert np.array_equal(np.asarray(whole[name])[i : i + 1], np.asarray(alone[name]), equal_nan=True)


def test_a_constant_series_has_no_shares_and_no_jumps():
    found = one(np.full(DAYS.size, 4.2))
    assert (found["n_jumps_nonseas"], found["range_mm"], found["cusum_score"]) == (0, 0, 0)
    assert all(np.isnan(found[name]) for name in ("seasonal_r2", "velocity_r2", "quad_r2", "acf_lag1"))


@pytest.mark.parametrize("n", [1, 5, 11])
def test_too_few_epochs_have_only_their_share(n):
    found = one(np.arange(n, dtype=float), epochs=EPOCHS[:n])
    assert found.pop("n_valid_frac") == 1
    assert all(np.isnan(value) for value in found.values())


def test_displacements_that_do_not_fit_the_epochs_are_refused():
    with pytest.raises(ValueError, match="239 displacements but 240 epochs"):
        shape(np.ma.MaskedArray(np.zeros((1, 239), np.int16)), calendar_of(EPOCHS), 0.1, 5.0, 4.0)


def test_the_model_agrees_with_the_fits(real_lake):
    with egmsql.connect(real_lake) as connection:
        n, quadratic, halves = connection.execute(
            """
            select count(*), max(abs(2 * quad_coeff_mm_yr2 - acceleration_mm_yr2)),
                max(abs(v_second_half_mm_yr - v_first_half_mm_yr - v_diff_mm_yr))
            from features.shape inner join features.fits using (pid, product)
            """
        ).fetchone()
    assert n > 23_000
    assert quadratic < 1e-4
    assert halves < 1e-3
