"""The hypothesis bank: truth first, then explicit least squares, then laws, then errors that hold."""

import duckdb
import numpy as np
import pytest
from egmsql.udfs.hypotheses import hypotheses
from egmsql.udfs.kernels.bank import DECAY_YEARS, GROWTH_YEARS, N_SMOOTH, bank_of
from egmsql.udfs.kernels.calendars import calendar_of
from egmsql.udfs.kernels.inflation import FADINGS, inflation_of
from egmsql.udfs.kernels.search import FAMILIES, PARAMETERS

import egmsql

# 6 days, then 12, some gaps: as Sentinel-1 since 2020.
DAYS = np.cumsum([0] + [6] * 30 + [12] + [6] * 89 + [12] * 30 + [24] + [12] * 59)
EPOCHS = np.datetime64("2020-01-03") + DAYS.astype("timedelta64[D]")
YEARS = DAYS / 365
LAST = YEARS[-1]
WAVE = 2 * np.cos(2 * np.pi * (YEARS - 0.2))


def correlated(rng, n, m=DAYS.size, first=0.33, fading=0.6):
    """Return white noise plus an autoregressive part, unit variance, correlation `first` at one epoch."""
    part = np.empty((n, m))
    part[:, 0] = rng.normal(size=n)
    for k in range(1, m):
        part[:, k] = fading * part[:, k - 1] + np.sqrt(1 - fading**2) * rng.normal(size=n)
    share = first / fading
    return np.sqrt(share) * part + np.sqrt(1 - share) * rng.normal(size=(n, m))


def tried(series, epochs=EPOCHS, missing=None):
    """Return the fields of series in mm, shape (rows, epochs), as arrays; NULL is NaN, NaT or None."""
    values = np.round(np.atleast_2d(series) * 10).astype(np.int16)
    mask = np.ma.nomask if missing is None else np.broadcast_to(missing, values.shape)
    found = hypotheses(np.ma.MaskedArray(values, mask=mask), calendar_of(epochs), 0.1)
    return {
        name: column if isinstance(column, np.ndarray) else column.to_numpy(zero_copy_only=False)
        for name, column in found.items()
    }


def one(series, **options):
    first = {name: column[0] for name, column in tried(series, **options).items()}
    return {name: float(v) if isinstance(v, np.floating) else v for name, v in first.items()}


def noisy(series, seed=1, sigma=1.0):
    return series + sigma * correlated(np.random.default_rng(seed), 1)[0]


# Truth first.


def test_a_made_velocity_and_wave_are_found():
    found = one(noisy(-7 * YEARS + WAVE))
    assert found["family"] == "linear"
    assert found["base_velocity_mm_yr"] == pytest.approx(-7, abs=4 * found["base_velocity_sigma_mm_yr"])
    assert found["start_velocity_mm_yr"] == found["end_velocity_mm_yr"] == found["base_velocity_mm_yr"]
    assert found["wave_mm"] == pytest.approx(2, abs=0.4)
    # 2 January is day 2, a fifth of a year later the maximum.
    assert found["wave_day"] == pytest.approx(2 + 0.2 * 365 + 1, abs=12)


def test_noise_alone_is_constant():
    found = one(noisy(WAVE))
    assert found["family"] == "constant"
    assert (found["start_velocity_mm_yr"], found["end_velocity_mm_yr"]) == (0, 0)


def test_a_made_step_is_found_with_epoch_and_size():
    found = one(noisy(3 * YEARS + WAVE + 12 * (YEARS[100] <= YEARS)))
    assert found["family"] == "step"
    assert abs(found["step_date"] - EPOCHS[100]) <= np.timedelta64(12, "D")
    assert found["step_from_date"] <= EPOCHS[100] <= found["step_to_date"]
    assert found["step_mm"] == pytest.approx(12, abs=4 * found["step_sigma_mm"])
    assert found["end_velocity_mm_yr"] == pytest.approx(3, abs=0.7)


def test_a_made_velocity_change_is_found_with_epoch_and_size():
    found = one(noisy(-3 * YEARS + WAVE - 15 * np.maximum(YEARS - YEARS[120], 0)))
    assert found["family"] == "hinge"
    assert found["hinge_from_date"] <= EPOCHS[120] <= found["hinge_to_date"]
    assert found["hinge_mm_yr"] == pytest.approx(-15, abs=4 * found["hinge_sigma_mm_yr"])
    assert found["start_velocity_mm_yr"] == pytest.approx(-3, abs=1)
    assert found["end_velocity_mm_yr"] == pytest.approx(-18, abs=1)
    assert found["speed_change_mm_yr"] == pytest.approx(15, abs=4 * found["speed_change_sigma_mm_yr"])
    assert found["hinge_lead_bic"] > 6


def test_a_made_acceleration_is_found():
    found = one(noisy(2 * YEARS + WAVE + 3 * YEARS**2 / 2))
    assert found["family"] == "quadratic"
    assert found["quadratic_mm_yr2"] == pytest.approx(3, abs=4 * found["quadratic_sigma_mm_yr2"])


def test_a_made_consolidation_is_found_with_its_time_and_what_remains():
    found = one(noisy(WAVE - 60 * (1 - np.exp(-YEARS / 1.5)), sigma=0.5))
    assert found["family"] == "decay"
    assert found["decay_time_yr"] == 1.5
    assert found["decay_mm"] == pytest.approx(-60, abs=4 * found["decay_sigma_mm"])
    assert found["decay_remaining_mm"] == pytest.approx(-60 * np.exp(-LAST / 1.5), rel=0.1)
    assert found["speed_change_mm_yr"] < -10


def test_a_made_run_away_is_found_with_its_time():
    found = one(noisy(WAVE + YEARS + 30 * np.exp((YEARS - LAST) / 0.5), sigma=0.5))
    assert found["family"] == "growth"
    assert found["growth_time_yr"] == 0.5
    assert found["growth_mm"] == pytest.approx(30, abs=4 * found["growth_sigma_mm"])


def test_a_made_step_with_a_velocity_change_is_found():
    late = YEARS[110] <= YEARS
    found = one(noisy(WAVE + 15 * late + 10 * (YEARS - YEARS[110]) * late))
    assert found["family"] == "step_hinge"
    assert abs(found["step_hinge_date"] - EPOCHS[110]) <= np.timedelta64(12, "D")
    assert found["step_hinge_mm"] == pytest.approx(15, abs=4 * found["step_hinge_sigma_mm"])
    assert found["step_hinge_mm_yr"] == pytest.approx(10, abs=4 * found["step_hinge_sigma_mm_yr"])


def test_a_made_twice_yearly_wave_is_found():
    found = one(noisy(2 * YEARS + 3 * np.cos(4 * np.pi * YEARS - 1)))
    assert found["family"] == "semiannual"
    assert found["semiannual_mm"] == pytest.approx(3, abs=4 * found["semiannual_sigma_mm"])


def test_two_made_steps_are_found_in_order_of_time():
    found = one(noisy(WAVE + 12 * (YEARS[60] <= YEARS) - 9 * (YEARS[150] <= YEARS)))
    assert (found["family"], found["first_break"], found["second_break"]) == ("several", "step", "step")
    assert abs(found["first_break_date"] - EPOCHS[60]) <= np.timedelta64(12, "D")
    assert abs(found["second_break_date"] - EPOCHS[150]) <= np.timedelta64(24, "D")
    assert found["first_break_mm"] == pytest.approx(12, abs=3)
    assert found["second_break_mm"] == pytest.approx(-9, abs=3)


def test_a_decay_with_a_step_is_found_as_both():
    found = one(noisy(WAVE - 60 * (1 - np.exp(-YEARS)) + 15 * (YEARS[140] <= YEARS), sigma=0.5))
    assert (found["family"], found["first_break"], found["second_break"]) == ("several", "decay", "step")
    assert np.isnat(found["first_break_date"])
    assert found["second_break_mm"] == pytest.approx(15, abs=2)


def test_a_point_that_lately_moves_otherwise_is_an_anomaly_of_the_last_year():
    found = one(noisy(WAVE + 2 * YEARS - 12 * np.maximum(YEARS - (LAST - 1), 0)))
    assert found["last_year_mm_yr"] == pytest.approx(-12, abs=4)
    assert found["last_year_z"] < -5
    assert abs(one(noisy(WAVE + 2 * YEARS))["last_year_z"]) < 3


# The kernel equals explicit least squares.


def regressors():
    """Return name -> list of (epoch or time constant, column) of each family with one regressor."""
    index = range(FEW.size)
    return {
        "quadratic": [(0, FEW**2 / 2)],
        "hinge": [(k, np.maximum(FEW - FEW[k], 0)) for k in index if k >= 12 and FEW.size - k - 1 >= 12],
        "step": [(k, (FEW[k] <= FEW).astype(float)) for k in index if k >= 6 and FEW.size - k >= 6],
        "decay": [(tau, 1 - np.exp(-FEW / tau)) for tau in DECAY_YEARS],
        "growth": [(tau, np.exp((FEW - FEW[-1]) / tau)) for tau in GROWTH_YEARS],
    }


FEW = YEARS[100:160] - YEARS[100]
FEW_EPOCHS = EPOCHS[100:160]


def fitted(y, *columns, line=True):
    terms = [np.ones_like(FEW), np.cos(2 * np.pi * FEW), np.sin(2 * np.pi * FEW), *([FEW] if line else [])]
    design = np.stack([*columns, *terms], axis=1)
    coefficients, *_ = np.linalg.lstsq(design, y, rcond=None)
    return ((y - design @ coefficients) ** 2).sum(), coefficients


def searched(y):
    """Return name -> (sum of squares, epoch or τ, coefficients) by explicit least squares of every candidate."""
    best = {"constant": (fitted(y, line=False)[0], None, ()), "linear": (fitted(y)[0], None, ())}
    for name, candidates in regressors().items():
        fits = [(*fitted(y, column), place) for place, column in candidates]
        squares, coefficients, place = min(fits, key=lambda fit: fit[0])
        best[name] = (squares, place, coefficients[:1])
    both = dict(regressors()["step"])
    fits = [(*fitted(y, both[k], column), k) for k, column in regressors()["hinge"]]
    squares, coefficients, place = min(fits, key=lambda fit: fit[0])
    best["step_hinge"] = (squares, place, coefficients[:2])
    squares, coefficients = fitted(y, np.cos(4 * np.pi * FEW), np.sin(4 * np.pi * FEW))
    best["semiannual"] = (squares, None, coefficients[:2])
    return best


@pytest.mark.parametrize("seed", range(6))
def test_every_family_equals_explicit_least_squares(seed):
    rng = np.random.default_rng(seed)
    y = np.round(3 * rng.normal(size=FEW.size) + 20 * rng.normal() * FEW + 8 * (FEW > 1), 1)
    found, best = one(y, epochs=FEW_EPOCHS), searched(y)
    for name in ("hinge", "step", "step_hinge"):
        assert found[f"{name}_date"] == FEW_EPOCHS[best[name][1]]
    assert found["step_mm"] == pytest.approx(best["step"][2][0], rel=1e-6)
    assert found["hinge_mm_yr"] == pytest.approx(best["hinge"][2][0], rel=1e-6)
    assert found["quadratic_mm_yr2"] == pytest.approx(best["quadratic"][2][0], rel=1e-6)
    assert (found["decay_time_yr"], found["decay_mm"]) == pytest.approx(
        (best["decay"][1], *best["decay"][2]), rel=1e-6
    )
    assert (found["growth_time_yr"], found["growth_mm"]) == pytest.approx(
        (best["growth"][1], *best["growth"][2]), rel=1e-6
    )
    assert (found["step_hinge_mm"], found["step_hinge_mm_yr"]) == pytest.approx(
        tuple(best["step_hinge"][2]), rel=1e-6
    )
    assert found["semiannual_mm"] == pytest.approx(np.hypot(*best["semiannual"][2]), rel=1e-6)
    # The weights follow from the sums of squares, and from the noise that is reported.
    n = found["n_effective"]
    bic = [
        n * np.log(best[name][0] / FEW.size) + PARAMETERS[i] * np.log(n)
        for i, name in enumerate(FAMILIES)
        if name in best
    ]
    weights = np.array([found[f"{name}_weight"] for name in FAMILIES if name in best])
    expected = np.exp((min(bic) - np.array(bic)) / 2)
    assert weights / weights.max() == pytest.approx(expected, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_a_pair_equals_explicit_least_squares_and_is_no_worse_than_greedy(seed):
    rng = np.random.default_rng(seed)
    y = np.round(rng.normal(size=FEW.size) + 9 * (FEW[20] <= FEW) - 7 * (FEW[41] <= FEW), 1)
    found = one(y, epochs=FEW_EPOCHS)
    columns = regressors()
    breaks = {"step": dict(columns["step"]), "hinge": dict(columns["hinge"])}
    pair = []
    for which in ("first", "second"):
        kind, place = found[f"{which}_break"], np.flatnonzero(found[f"{which}_break_date"] == FEW_EPOCHS)[0]
        pair.append((breaks[kind][place], found[f"{which}_break_{'mm' if kind == 'step' else 'mm_yr'}"]))
    squares, coefficients = fitted(y, pair[0][0], pair[1][0])
    assert [size for _, size in pair] == pytest.approx(list(coefficients[:2]), rel=1e-6)
    first = min((fitted(y, x)[0], k) for k, x in columns["step"])[1]
    greedy = min(fitted(y, breaks["step"][first], x)[0] for k, x in columns["step"] if abs(k - first) >= 6)
    assert squares <= greedy * (1 + 1e-9)


def test_the_inflation_of_each_column_is_that_of_its_correlation_matrix():
    bank = bank_of(EPOCHS, np.ones(EPOCHS.size, dtype=bool))
    q = bank.q[:, : EPOCHS.size]  # the rest is filling
    lags = np.abs(np.subtract.outer(np.arange(EPOCHS.size), np.arange(EPOCHS.size)))
    for fading in FADINGS[1:]:
        correlation = np.where(lags == 0, 1, 0.4 * fading ** (lags - 1.0))
        for k in (20, 77, 150):
            x = (np.arange(EPOCHS.size) >= k).astype(float)
            z = (x - q.T @ (q @ x)) * bank.inverse[N_SMOOTH + k]
            found = inflation_of(bank.inflation, N_SMOOTH + k, 0.4, fading)
            assert found == pytest.approx(z @ correlation @ z, rel=1e-9)


# Laws.


@pytest.fixture(scope="module")
def many():
    """Return series of every shape, at many ratios of signal and noise, some with missing epochs."""
    rng = np.random.default_rng(7)
    n = 2300
    y = correlated(rng, n) * rng.uniform(0.5, 5, size=(n, 1)) + rng.normal(size=(n, 1)) * 5 * YEARS
    place = rng.integers(20, 190, size=n)
    y += 8 * rng.normal(size=(n, 1)) * (np.arange(DAYS.size) >= place[:, None]) * (rng.random((n, 1)) < 0.5)
    values = np.round(y * 10).astype(np.int16)
    missing = np.zeros(values.shape, dtype=bool)
    missing[:200] = rng.random((200, DAYS.size)) < 0.1
    missing[200:260, 30:40] = True
    return np.ma.MaskedArray(values, mask=missing)


def same(a, b):
    for name in a:
        one, two = (
            c if isinstance(c, np.ndarray) else c.to_numpy(zero_copy_only=False) for c in (a[name], b[name])
        )
        if one.dtype.kind == "O":
            assert list(one) == list(two), name
        else:
            assert np.array_equal(one, two, equal_nan=True), name


def rows_of(found, rows):
    return {
        name: (c if isinstance(c, np.ndarray) else c.to_numpy(zero_copy_only=False))[rows]
        for name, c in found.items()
    }


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_splitting_rows_leaves_every_bit_of_every_result(many, size):
    whole = hypotheses(many, calendar_of(EPOCHS), 0.1)
    for start in [*range(0, min(len(many), 12 * size), size), 2299]:
        rows = slice(start, start + size)
        same(rows_of(whole, rows), hypotheses(many[rows], calendar_of(EPOCHS), 0.1))


def test_permuting_rows_permutes_the_results(many):
    order = np.random.default_rng(3).permutation(len(many))
    same(
        rows_of(hypotheses(many, calendar_of(EPOCHS), 0.1), order),
        hypotheses(many[order], calendar_of(EPOCHS), 0.1),
    )


def test_threads_and_calls_of_duckdb_leave_every_bit(many):
    results = []
    for threads, order in ((1, "i"), (4, "hash(i)")):
        with duckdb.connect(config={"threads": threads}) as connection:
            hypotheses.udf.register(connection)
            connection.execute("create table series as select i, d from (select unnest($i) as i, unnest($d) as d)",
                               {"i": list(range(len(many))), "d": many.tolist()})  # fmt: skip
            connection.execute(f"create table shuffled as from series order by {order}")
            connection.execute(
                "create table found as select i, hypotheses(d::smallint[], $calendar, 0.1) as h from shuffled",
                {"calendar": calendar_of(EPOCHS)},
            )
            results.append(connection.execute("select i, h::varchar from found order by i").fetchall())
    assert results[0] == results[1]


def test_adding_a_constant_changes_nothing():
    y = noisy(4 * YEARS + WAVE + 6 * (YEARS > 2))
    same(tried(y), tried(y + 1000))


def test_turning_the_sign_turns_sizes_and_keeps_evidence():
    y = noisy(4 * YEARS + WAVE + 6 * (YEARS > 2))
    plus, minus = one(y), one(-y)
    assert minus["family"] == plus["family"]
    for name in ("step_mm", "hinge_mm_yr", "base_velocity_mm_yr", "last_year_z", "decay_mm"):
        assert minus[name] == pytest.approx(-plus[name], rel=1e-6)
    for name in ("step_sigma_mm", "speed_change_mm_yr", "noise_inflation", "wave_mm", "step_weight"):
        assert minus[name] == pytest.approx(plus[name], rel=1e-6)


def test_weights_sum_to_one_and_the_family_has_the_largest(many):
    found = tried(many.data / 10)
    weights = np.stack([found[f"{name}_weight"] for name in FAMILIES])
    assert weights.sum(axis=0) == pytest.approx(1, abs=1e-6)
    assert [FAMILIES[i] for i in weights.argmax(axis=0)] == list(found["family"])


def test_missing_epochs_are_fitted_as_if_they_had_never_been():
    y = noisy(4 * YEARS + WAVE + 12 * (YEARS[100] <= YEARS))
    missing = np.zeros(DAYS.size, dtype=bool)
    missing[[3, 50, 51, 99, 180]] = True
    spoiled = np.where(missing, 3000, y)
    with_gaps, without = one(spoiled, missing=missing), one(y[~missing], epochs=EPOCHS[~missing])
    assert with_gaps["n_epochs"] == DAYS.size - 5
    for name in ("step_date", "hinge_date", "family"):
        assert with_gaps[name] == without[name]
    for name in (
        "base_velocity_mm_yr",
        "step_mm",
        "hinge_mm_yr",
        "decay_mm",
        "wave_mm",
        "end_velocity_mm_yr",
    ):
        assert with_gaps[name] == pytest.approx(without[name], rel=1e-6)


# Series that have little to say.


@pytest.mark.parametrize("n", [1, 5, 11])
def test_too_few_epochs_have_no_family(n):
    found = one(np.arange(n, dtype=float), epochs=EPOCHS[:n])
    assert found.pop("n_epochs") == n
    assert all(value is None or value != value for value in found.values())


@pytest.mark.parametrize("n", [12, 13, 20, 24, 30])
def test_few_epochs_have_the_families_that_they_allow(n):
    found = one(noisy(WAVE)[:n], epochs=EPOCHS[:n])
    assert found["family"] is not None
    assert np.isnat(found["hinge_date"]) == (n < 25)
    assert np.isnan(found["last_year_z"])


def test_epochs_that_lack_most_values_have_no_family():
    missing = np.ones(DAYS.size, dtype=bool)
    missing[:8] = False
    found = one(WAVE, missing=missing)
    assert (found["n_epochs"], found["family"]) == (8, None)


def test_a_constant_series_is_constant():
    found = one(np.full(DAYS.size, 4.2))
    assert found["family"] == "constant"
    assert found["base_velocity_mm_yr"] == pytest.approx(0, abs=1e-9)
    assert found["step_mm"] is None or np.isnan(found["step_mm"]) or abs(found["step_mm"]) < 1e-9
    assert all(np.isfinite(found[f"{name}_weight"]) for name in FAMILIES)


def test_a_series_without_noise_has_its_shape():
    found = one(np.round(5 * YEARS + 20 * (YEARS[90] <= YEARS), 1))
    assert (found["family"], found["step_date"]) == ("step", EPOCHS[90])
    assert found["step_from_date"] == found["step_to_date"] == EPOCHS[90]


def test_interpolated_series_count_fewer_independent_epochs():
    """L3 repeats a 12-day measurement at 6 days: errors grow with the correlation, if not quite enough."""
    rng = np.random.default_rng(9)
    coarse = correlated(rng, 400, m=152, first=0.33)
    epochs = np.datetime64("2020-01-03") + (6 * np.arange(303)).astype("timedelta64[D]")
    series = np.repeat(3 * coarse, 2, axis=1)[:, :303]
    found = tried(series, epochs=epochs)
    assert np.median(found["residual_correlation_1"]) > 0.5
    assert np.median(found["noise_inflation"]) > 3
    z = found["base_velocity_mm_yr"] / found["base_velocity_sigma_mm_yr"]
    assert np.mean(np.abs(z) < 1.96) > 0.85
    assert np.mean(np.isin(found["family"], ["constant", "linear"])) > 0.85


def test_displacements_that_do_not_fit_the_epochs_are_refused():
    with pytest.raises(ValueError, match="59 displacements but 60 epochs"):
        hypotheses(np.ma.MaskedArray(np.zeros((1, 59), np.int16)), calendar_of(FEW_EPOCHS), 0.1)


# Errors that hold.


@pytest.mark.parametrize(("first", "fading"), [(0.0, 0.6), (0.33, 0.6), (0.33, 0.33), (0.5, 0.6)])
def test_intervals_cover_the_truth_as_often_as_they_say(first, fading):
    """2,500 series with correlated noise at 6, 12 and more days; step, bend, acceleration, line and wave."""
    rng = np.random.default_rng(11)
    noise = 3 * correlated(rng, 2500, first=first, fading=fading) + 4 * YEARS + WAVE

    def holds(z):
        assert 0.63 < np.mean(np.abs(z) < 1) < 0.76
        assert 0.92 < np.mean(np.abs(z) < 1.96) < 0.98

    found = tried(noise)
    holds((found["base_velocity_mm_yr"] - 4) / found["base_velocity_sigma_mm_yr"])
    holds((found["wave_mm"] - 2) / found["wave_sigma_mm"])
    assert np.mean(np.abs(found["last_year_z"]) > 1.96) < 0.08
    found = tried(noise + 15 * (YEARS[120] <= YEARS))
    holds((found["step_mm"] - 15) / found["step_sigma_mm"])
    covered = (found["step_from_date"] <= EPOCHS[120]) & (EPOCHS[120] <= found["step_to_date"])
    assert covered.mean() > 0.94
    found = tried(noise - 12 * np.maximum(YEARS - YEARS[120], 0))
    holds((found["hinge_mm_yr"] + 12) / found["hinge_sigma_mm_yr"])
    covered = (found["hinge_from_date"] <= EPOCHS[120]) & (EPOCHS[120] <= found["hinge_to_date"])
    assert 0.92 < covered.mean() < 0.98
    won = found["family"] == "hinge"
    assert (
        np.mean(np.abs((found["speed_change_mm_yr"] - 4) / found["speed_change_sigma_mm_yr"])[won] < 1.96)
        > 0.90
    )
    found = tried(noise + 2 * YEARS**2 / 2)
    holds((found["quadratic_mm_yr2"] - 2) / found["quadratic_sigma_mm_yr2"])


@pytest.mark.parametrize(("first", "most"), [(0.0, 0.03), (0.33, 0.07)])
def test_noise_alone_is_seldom_more_than_a_line(first, most):
    found = tried(3 * correlated(np.random.default_rng(12), 3000, first=first) + 4 * YEARS + WAVE)
    assert np.mean(found["family"] != "linear") < most
    assert np.mean((found["family"] == "step") | (found["family"] == "several")) < 0.02


# The model.


def test_the_model_holds_what_the_function_gives(real_lake):
    with egmsql.connect(real_lake) as connection:
        n, agreeing, moving = connection.execute(
            """
            select count(*), avg((abs(base_velocity_mm_yr - velocity_mm_yr) < 1e-5)::integer),
                avg((family not in ('constant', 'linear', 'quadratic', 'hinge'))::integer)
            from features.hypotheses inner join features.fits using (pid, product)
            """
        ).fetchone()
        rows = connection.execute(
            """
            select displacements, epochs, family, step_date, step_mm, noise_inflation
            from features.hypotheses inner join series.displacement using (pid, product)
            inner join observed.products using (product) order by hash(pid) limit 50
            """
        ).fetchall()
    assert n > 23_000
    assert agreeing == 1
    assert moving < 0.3
    for displacements, epochs, family, step_date, step_mm, inflation in rows:
        found = one(np.array(displacements) / 10, epochs=np.array(epochs, dtype="datetime64[D]"))
        assert (found["family"], found["step_date"]) == (family, np.datetime64(step_date))
        assert (found["step_mm"], found["noise_inflation"]) == pytest.approx((step_mm, inflation), rel=1e-6)
