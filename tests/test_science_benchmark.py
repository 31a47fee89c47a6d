"""The benchmark of the classification is itself right: its truth, its z, its baselines, its scores."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from bench.science import (
    calibration,
    evaluate,
    ftests,
    generator,
    metrics,
    noise,
    ours,
    plots,
    reference,
    report,
    sets,
    shapes,
    truths,
)
from bench.science.oracle import OTHERS, Oracle
from bench.science.predictions import Prediction, no_epochs, one_hot, sense_of
from conftest import skip_or_fail
from threadpoolctl import threadpool_limits
from workbench import Workbench

EPOCHS = noise.epochs_of("six_twelve")
YEARS = noise.years_of(EPOCHS)
NOWHERE = Path("nowhere")
# Of a fiftieth of the sets. When it changes, so do all published results: make them anew, and say so.
DIGEST = "e6d41c78a1284a66"


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Matrices are small: threads of the linear algebra only wait for each other on a busy machine."""
    with threadpool_limits(1):
        yield


def small(name, family="tuning", scale=0.02):
    (made,) = sets.make_sets(family, NOWHERE, scale, [name])
    return made


def predicted(labels, certainty=1.0, sense="", epochs=None):
    labels = np.array(labels, dtype=object)
    n = len(labels)
    senses = np.full(n, sense, dtype=object) if isinstance(sense, str) else np.array(sense, dtype=object)
    return Prediction(labels, certainty * one_hot(labels), senses, no_epochs(n) if epochs is None else epochs)


def columns(truth, shape=None, z=10.0, sense=""):
    n = len(truth)
    return {
        "truth": np.array(truth, dtype=object),
        "shape": np.array(truth if shape is None else shape, dtype=object),
        "sense": np.full(n, sense, dtype=object),
        "z": np.full(n, z),
        "z_strict": np.full(n, z),
        "break_epoch": no_epochs(n),
    }


def fitted(series, *regressors):
    """Coefficients of line, constant, annual wave and regressors, by explicit least squares."""
    wave = 2 * np.pi * YEARS
    base = [YEARS, np.ones_like(YEARS), np.cos(wave), np.sin(wave)]
    return np.linalg.lstsq(np.stack([*base, *regressors], axis=1), series, rcond=None)[0]


def quiet(name, n=40, seed=5):
    """Series of a shape in noise too small to see, with effects of ordinary size."""
    rng = np.random.default_rng(seed)
    source = generator.Drawn(EPOCHS, "ar1", rng, sigmas=(0.001, 0.002))
    return generator.draw(source, name, n, rng, z_edges=np.array([5e3, 1e4, 2e4, 3e4]))


def test_the_sets_are_frozen():
    digest = hashlib.sha256()
    for made in sets.make_sets("tuning", NOWHERE, scale=0.02):
        digest.update(np.nan_to_num(np.rint(made.series * 10), nan=-32768).astype("<i2").tobytes())
        digest.update("|".join(made.columns["truth"]).encode())
    assert digest.hexdigest()[:16] == DIGEST


def test_families_share_no_series():
    tuning, test, third = (small("inside", family) for family in ("tuning", "test", "calibration"))
    for one, other in ((tuning, test), (tuning, third), (test, third)):
        assert not set(map(bytes, one.series)) & set(map(bytes, other.series))


def test_sets_hold_what_they_say():
    made = {dataset.name: dataset for dataset in sets.make_sets("tuning", NOWHERE, scale=0.02)}
    assert set(made) == {name for name in sets.set_names() if not name.startswith("real")}
    assert set(made["inside"].columns["shape"]) == set(truths.INSIDE)
    assert set(made["outside"].columns["shape"]) >= set(truths.OUTSIDE)
    assert np.isnan(made["missing"].series).any()
    assert len(np.unique(~np.isnan(made["missing"].series), axis=0)) == 5
    assert set(np.diff(EPOCHS).astype(int)) == {6, 12, 24}
    for dataset in made.values():
        assert np.all(np.diff(dataset.epochs).astype(int) > 0)
        assert dataset.series.shape == (len(dataset.columns["truth"]), len(dataset.epochs))


@pytest.mark.parametrize("name", ["stable", "linear"])
def test_points_without_movement_are_off_the_limit(name):
    speed = np.abs([fitted(y)[0] for y in quiet(name).series])
    assert np.all(speed < 1.55) if name == "stable" else np.all(speed > 3.4)


@pytest.mark.parametrize(
    "name", ["quadratic_faster", "growth", "quadratic_slower", "decay", "slow_onset", "failure"]
)
def test_bends_change_speed_as_their_columns_say(name):
    made = quiet(name)
    n = len(YEARS) // 5
    for y, change in zip(made.series, made.columns["change_mm_yr"], strict=True):
        wave = fitted(y, *(YEARS**k for k in range(2, 12)))[2:4]  # the annual wave, whatever else there is
        y = y - wave @ np.stack([np.cos(2 * np.pi * YEARS), np.sin(2 * np.pi * YEARS)])
        first, last = (abs((y[b] - y[a]) / (YEARS[b] - YEARS[a])) for a, b in ((0, n - 1), (-n, -1)))
        gain = last - first if made.columns["sense"][0] == "accelerating" else first - last
        assert gain == pytest.approx(change, rel=0.05, abs=0.4)
        assert change >= truths.LEAST_CHANGE * 0.999


@pytest.mark.parametrize("name", ["hinge_faster", "hinge_slower", "hinge_reversal", "step"])
def test_breaks_are_where_their_columns_say(name):
    made = quiet(name)
    for k, y in enumerate(made.series):
        at = YEARS[made.columns["break_epoch"][k] == EPOCHS][0]
        if name == "step":
            found = fitted(y, shapes.step(YEARS, at))
            assert abs(found[4]) == pytest.approx(made.columns["size_mm"][k], abs=0.1)
            assert abs(found[4]) > truths.LEAST_STEP - 0.1
            continue
        found = fitted(y, shapes.hinge(YEARS, at))
        before, after = found[0], found[0] + found[4]
        assert abs(after - before) == pytest.approx(made.columns["change_mm_yr"][k], abs=0.1)
        assert sense_of(np.array([before]), np.array([after]))[0] == made.columns["sense"][k]


@pytest.mark.parametrize("kind", ["white", *generator.BEYOND, "ar1", "typical"])
def test_z_is_what_simulation_says(kind):
    rng = np.random.default_rng(8)
    covariance = noise.draw_covariance(kind, len(EPOCHS), rng)
    assert np.trace(covariance) / len(EPOCHS) == pytest.approx(1)
    oracle = Oracle(YEARS, covariance)
    # The atmosphere is common to a call: one call a series makes independent ones.
    calls = 1500 if kind == "atmosphere" else 1
    drawn = [noise.draw_noise(kind, covariance, 1500 // calls, rng) for _ in range(calls)]
    series = np.concatenate(drawn)
    for regressor in (YEARS**2, shapes.hinge(YEARS, 2.0), shapes.step(YEARS, 3.1)):
        found = oracle.coefficients(regressor, series + 7.0 + 3 * YEARS + 2 * regressor)
        assert np.mean(found) == pytest.approx(2, abs=0.2 * np.std(found))
        assert np.std(found) * oracle.lengths(regressor[None])[0] == pytest.approx(1, abs=0.08)


def test_velocity_errors_of_the_oracle_are_what_simulation_says():
    rng = np.random.default_rng(9)
    covariance = noise.draw_covariance("typical", len(EPOCHS), rng)
    series = noise.draw_noise("typical", covariance, 2000, rng)
    wave = 2 * np.pi * YEARS
    base = np.stack([YEARS, np.ones_like(YEARS), np.cos(wave), np.sin(wave)], axis=1)
    inverse = np.linalg.inv(covariance)
    velocities = np.linalg.solve(base.T @ inverse @ base, base.T @ inverse @ series.T)[0]
    assert np.std(velocities) == pytest.approx(Oracle(YEARS, covariance).velocity_sigma(), rel=0.06)


def test_the_distance_to_other_classes_is_a_fit_of_all_of_them():
    oracle = Oracle(YEARS, noise.fading_correlation(len(YEARS), 0.3, 0.6))
    curve = YEARS**2
    factor = np.linalg.cholesky(noise.fading_correlation(len(YEARS), 0.3, 0.6))
    wave = 2 * np.pi * YEARS
    base = [YEARS, np.ones_like(YEARS), np.cos(wave), np.sin(wave)]
    n, left = len(YEARS), []
    others = [shapes.hinge(YEARS, YEARS[k]) for k in range(12, n - 12)]
    others += [shapes.step(YEARS, YEARS[k]) for k in range(6, n - 5)]
    for other in others:
        matrix = np.linalg.solve(factor, np.stack([*base, other], axis=1))
        y = np.linalg.solve(factor, curve)
        left.append(np.linalg.norm(y - matrix @ np.linalg.lstsq(matrix, y, rcond=None)[0]))
    assert oracle.lengths_to_others(curve[None], OTHERS["accelerating"])[0] == pytest.approx(min(left))
    assert min(left) < 0.3 * oracle.lengths(curve[None])[0]


def test_reference_rules_do_what_was_measured_of_them():
    """Monotone parabolas pass for lines, and a wave for noise."""
    made = quiet("quadratic_faster")
    assert np.mean(reference.classify(made).label == "linear") > 0.9
    wave = 8 * np.cos(2 * np.pi * YEARS + np.arange(30)[:, None])
    seasonal = generator.Dataset("", EPOCHS, np.round(wave, 1), {})
    assert np.all(reference.classify(seasonal).label == "noisy")
    assert np.all(reference.classify(quiet("linear")).label == "linear")
    consolidating = 60 * shapes.decay(YEARS, 0.6) + np.random.default_rng(1).normal(0, 1, (30, len(YEARS)))
    found = reference.classify(generator.Dataset("", EPOCHS, np.round(consolidating, 1), {}))
    assert np.all(found.label == "decelerating")


def test_the_reference_mixture_names_components_by_index_and_every_file_alone():
    made = small("inside", scale=0.1)
    found = reference.classify(made)
    shares = found.probability.max(1)
    assert np.any(shares < 1)  # of the mixture; the rules are always sure
    assert set(found.label) <= {*reference.COMPONENTS, "unclassified"}


def test_f_tests_find_shapes_and_raise_alarms_in_correlated_noise():
    for name in ("linear", "quadratic_faster", "quadratic_slower", "hinge_reversal", "step"):
        made = quiet(name)
        found = ftests.classify(made)
        assert np.mean(found.label == made.columns["truth"]) > 0.9, name
        if name in ("step", "hinge_reversal"):
            assert np.all(found.break_epoch == made.columns["break_epoch"])
    white, correlated = (
        metrics.false_alarms(made.columns, ftests.classify(made))["mean"]
        for made in (small("white", scale=0.5), small("long_memory", scale=0.5))
    )
    assert white < 0.2 < 0.5 < correlated


def test_scores_of_a_hand_made_example():
    truth = ["stable"] * 4 + ["linear"] * 2 + ["step"] * 2
    found = ["stable", "stable", "stable", "linear", "linear", "linear", "step", "stable"]
    weights = metrics.weights_of(np.array(truth, dtype=object), "equal")
    counts = metrics.confusion(truth, found, weights)
    recall, precision, f1 = (
        dict(zip(truths.CLASSES, values, strict=True)) for values in metrics.scores(counts)
    )
    assert recall["stable"] == pytest.approx(3 / 4)
    assert recall["step"] == pytest.approx(1 / 2)
    assert precision["stable"] == pytest.approx(0.75 / (0.75 + 0.5))
    assert precision["linear"] == pytest.approx(1 / 1.25)
    assert np.isnan(f1["noisy"])
    expected = np.mean([2 * 0.75 / 2.25, 2 / 2.25, 2 * 0.5 / 1.5])
    value, low, high = metrics.score(columns(truth), predicted(found))
    assert value == pytest.approx(expected)
    assert low <= value <= high


def test_the_realistic_mix_is_mostly_stable_and_linear():
    shares = metrics.MIXES["realistic"]
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["stable"] + shares["linear"] >= 0.95
    weights = metrics.weights_of(np.array(["stable"] * 3 + ["step"], dtype=object), "realistic")
    assert weights[:3].sum() / weights[3] == pytest.approx(shares["stable"] / shares["step"])


def test_senses_merge_and_reversals_do_not():
    faster = columns(["velocity_change"], ["hinge_faster"], sense="accelerating")
    for found, sense, right in (
        ("accelerating", "", {"merged"}),
        ("velocity_change", "accelerating", {"strict", "merged"}),
        ("velocity_change", "decelerating", {"strict"}),
        ("decelerating", "", set()),
    ):
        for vocabulary in ("strict", "merged"):
            truth, label, _ = metrics.labels(faster, predicted([found], sense=sense), vocabulary)
            assert (truth[0] == label[0]) == (vocabulary in right), (found, sense, vocabulary)
    assert list(sense_of(np.array([3.0, 3.0, 3.0, 0.2]), np.array([9.0, 1.0, -4.0, -6.0]))) == [
        "accelerating",
        "decelerating",
        "",
        "accelerating",
    ]


def test_outside_shapes_accept_what_makes_sense_of_them():
    onset = columns(["accelerating"], ["slow_onset"], sense="accelerating")
    for found, sense, right in (
        ("accelerating", "", True),
        ("velocity_change", "accelerating", True),
        ("velocity_change", "decelerating", False),
        ("step", "", False),
    ):
        truth, label, _ = metrics.labels(onset, predicted([found], sense=sense), "strict")
        assert (truth[0] == label[0]) == right, (found, sense)


def test_the_reference_vocabulary_leaves_out_what_it_has_no_word_for():
    made = columns(["step", "velocity_change", "linear"], ["step", "hinge_reversal", "linear"])
    assert list(metrics.labels(made, predicted(["linear"] * 3), "reference")[2]) == [False, False, True]


def test_false_alarms_count_undisturbed_series_alone():
    made = columns(
        ["stable"] * 4 + ["linear"] * 2 + ["stable"],
        ["stable"] * 4 + ["linear"] * 2 + ["growing_wave_stable"],
    )
    found = predicted(["step", "stable", "stable", "linear", "linear", "complex", "step"])
    assert metrics.false_alarms(made, found) == {"stable": 0.25, "linear": 0.5, "mean": 0.375}


def test_break_errors_are_days():
    made = columns(["step"] * 3, ["step"] * 3)
    made["break_epoch"] = EPOCHS[[50, 60, 70]]
    found = predicted(["step", "step", "linear"], epochs=EPOCHS[[51, 60, 10]])
    assert metrics.break_errors(made, found, "step") == (3.0, pytest.approx(5.4), 2)


def test_calibration_error_of_hand_made_probabilities():
    stated = np.repeat([0.6, 0.9], 500)
    right = np.r_[np.arange(500) < 300, np.arange(500) < 350]
    weights = np.full(1000, 1e-3)
    for equal_count in (True, False):
        assert metrics.calibration_error(stated, right, weights, equal_count) == pytest.approx(0.1)
    fixed = metrics.reliability(stated, right, weights, equal_count=False)
    assert [list(np.round(part, 6)) for part in fixed] == [[0.6, 0.9], [0.6, 0.7], [0.5, 0.5]]


def test_a_fitted_map_makes_the_overconfident_right_and_keeps_their_order():
    rng = np.random.default_rng(3)
    stated = rng.uniform(0.4, 1.0, 40_000)
    right = rng.random(40_000) < 0.2 + 0.7 * stated**2
    weights = np.full(40_000, 1 / 40_000)
    knots = calibration.fit_map(stated[:20_000], right[:20_000], weights[:20_000])
    mapped = calibration.apply_map(knots, stated)
    assert np.all(np.diff(knots, axis=0) >= 0)
    assert np.all(np.diff(mapped[np.argsort(stated)]) >= 0)
    before, after = (
        metrics.calibration_error(p[20_000:], right[20_000:], weights[20_000:]) for p in (stated, mapped)
    )
    assert after < 0.03 < before
    given = np.where(rng.random(40_000) < 0.5, "stable", "step")
    maps = calibration.fit_maps(stated, right & (given == "stable"), given, weights)
    mapped = calibration.apply_maps(maps, stated, given)
    assert mapped[given == "step"].max() == 0 and mapped[given == "stable"].min() > 0.2
    assert calibration.as_values(maps).count("(") == sum(map(len, maps.values()))


class StandIn(Workbench):
    """Calls points stable or linear by their velocity, as a model of ours would."""

    def run(self, name):
        if name != ours.MODEL:
            return super().run(name)
        speed = np.abs(super().run("features.kinematics")["velocity_mm_yr"])
        moves = 1 / (1 + np.exp(-(speed - 2.5) * 4))
        label = np.where(speed >= 2.5, "linear", "stable").astype(object)
        nothing = np.ma.masked_all(len(speed), dtype="datetime64[us]")
        return {
            **{"class": label, "probability_linear": moves, "probability_stable": 1 - moves},
            "step_epoch": nothing,
        }


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(ours, "Workbench", StandIn)


def test_our_models_are_asked_through_the_workbench(stand_in):
    for name in ("inside", "missing", "short"):
        made = small(name)
        found = ours.classify(made)
        calm = np.isin(made.columns["shape"], ["stable", "linear"])
        assert np.mean(found.label[calm] == made.columns["truth"][calm]) > 0.95
        assert found.probability.shape == (len(made), len(truths.CLASSES))
        assert np.all(np.isnat(found.break_epoch))


def test_columns_of_ours_become_a_prediction():
    rows = {
        "class": np.ma.array(["step", "velocity_change", None], mask=[False, False, True], dtype=object),
        "step_probability": np.array([0.9, 0.2, 0.1]),
        "step_date": np.ma.array(EPOCHS[[5, 6, 7]].astype("datetime64[us]"), mask=[False, False, True]),
        "hinge_date": EPOCHS[[8, 9, 10]].astype("datetime64[us]"),
        "start_velocity_mm_yr": np.array([0.0, 2.0, 0.0]),
        "end_velocity_mm_yr": np.array([0.0, 9.0, 0.0]),
    }
    found = ours.as_prediction(rows)
    assert list(found.label) == ["step", "velocity_change", "unclassified"]
    assert list(found.break_epoch[:2]) == [EPOCHS[5], EPOCHS[9]]
    assert np.isnat(found.break_epoch[2])
    assert found.sense[1] == "accelerating"
    assert found.probability[0, truths.CLASSES.index("step")] == 0.9


def test_a_seam_shows_methods_that_look_at_the_company():
    made = small("seam", scale=0.1)
    alone = evaluate.evaluate([made], {"alone": lambda d: predicted(["stable"] * len(d))})
    assert alone.seams == {"alone": 0.0}

    def by_company(dataset):
        return predicted(["stable" if len(dataset) % 2 else "linear"] * len(dataset))

    n = {side: int(np.isin(made.columns["noise"], ["shared", side]).sum()) for side in ("first", "second")}
    different = float(n["first"] % 2 != n["second"] % 2)
    assert evaluate.evaluate([made], {"company": by_company}).seams == {"company": different}


def test_the_report_and_its_pictures(stand_in, tmp_path):
    methods = {"F-tests": ftests.classify, "ours": ours.classify}
    names = ["inside", "outside", "white", "recall", "seam"]
    run = evaluate.evaluate(sets.make_sets("tuning", NOWHERE, 0.03, names), methods)
    text = report.full(run, {"command": "a test"})
    for title in ("Goals", "False alarms", "Calibration", "Confusion"):
        assert f"## {title}" in text
    assert "MISSED" in text
    made = plots.all_pictures(run, tmp_path)
    assert len(made) == 4
    assert all(path.stat().st_size < 200_000 for path in made)


def test_signals_are_injected_into_real_noise(ustica):
    names = [name for name in sets.set_names() if name.startswith("real")]
    made = list(sets.make_sets("tuning", ustica.parent, 0.1, names))
    if len(made) < 2:
        skip_or_fail("no L2b files")
    for dataset in made:
        assert set(dataset.columns["noise"]) == {"real"}
        still = dataset.columns["shape"] == "stable"
        sigma = dataset.columns["sigma_mm"][still]
        assert np.all((sigma >= 0.7) & (sigma <= 3.2))
        assert np.all(dataset.series[still].std(1) > 0.6)


def test_real_sets_are_left_out_without_files():
    assert list(sets.make_sets("tuning", NOWHERE, 0.1, ["real_022", "real_117"])) == []
