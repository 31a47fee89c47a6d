"""Simulated series: published columns by the official definitions, truth that can be found, noise like real noise."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from simulated import (
    NEW,
    SLACK,
    File,
    assert_published,
    autocorrelation,
    explicit,
    refit,
    residuals,
    smooth_gnss_velocity,
    truth_of,
)

from egmsql.simulator import noise, observer, series, simulate, statistics
from egmsql.simulator.randomness import NORMALS, SHOCKS


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """An ascending and a descending burst of L2b."""
    folder = tmp_path_factory.mktemp("pair")
    return [File(path) for path in simulate(folder, points=6_000, seed=5, products=2)]


@pytest.fixture(scope="module")
def tile(tmp_path_factory):
    """Both components of one L3 tile."""
    folder = tmp_path_factory.mktemp("tile")
    return [File(path) for path in simulate(folder, points=3_000, seed=5, levels="L3", releases="2020_2024")]


@pytest.fixture(scope="module")
def quiet_region(tmp_path_factory):
    """A region without noise, air, outliers and unwrapping errors."""
    folder = tmp_path_factory.mktemp("silent")

    def calm(*arguments):
        found = noise.traits_of(*arguments)
        nothing, none = np.zeros_like(found.sigma), np.zeros_like(found.multiple)
        return replace(found, sigma=nothing, wander=nothing, outlier_share=nothing, multiple=none)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observer, "traits_of", calm)
        patch.setattr(observer, "atmosphere", lambda *arguments: 0 * noise.atmosphere(*arguments))
        return [File(path) for path in simulate(folder, points=6_000, seed=5, releases=NEW, tracks=2)]


@pytest.fixture(scope="module")
def silent(quiet_region):
    return [file for file in quiet_region if file.name.level == "L2b"]


@pytest.fixture(scope="module")
def silent_tile(quiet_region):
    return [file for file in quiet_region if file.name.level == "L3"]


# Epochs


def steps(file, before=None, since=None):
    names = [e for e in file.epochs if (before is None or e < before) and (since is None or e >= since)]
    dates = np.array([f"{e[:4]}-{e[4:6]}-{e[6:]}" for e in names], dtype="datetime64[D]")
    return Counter(np.diff(dates).astype(int).tolist())


def test_epochs_come_every_six_days_until_the_loss_of_sentinel_1b(pair):
    for file in pair:
        early, late = steps(file, before="20211223"), steps(file, since="20220101")
        assert set(early) <= {6, 12, 18, 24} and early[6] > 0.8 * early.total()
        assert set(late) <= {12, 24, 36} and late[12] > 0.8 * late.total()
        assert 195 <= len(file.epochs) <= 213  # 207 and 210 on the real bursts
        assert file.epochs[0] < "20200113" and file.epochs[-1] > "20241219"
    assert pair[0].epochs != pair[1].epochs
    assert sum((steps(file) for file in pair), Counter())[24] > 0


def test_the_first_release_starts_with_sentinel_1a_alone(tmp_path):
    (path,) = simulate(tmp_path, points=5, products=1, releases="2015_2021", suffix=False)
    early, late = steps(File(path), before="20161001"), steps(File(path), since="20161012")
    assert set(early) <= {12, 24, 36} and early[12] > 30
    assert late[6] > 0.8 * late.total()


# Published columns


def test_published_columns_follow_the_official_definitions(pair, tile):
    for file in (*pair, *tile):
        assert_published(file, [name for name in SLACK if name in file.header])


def test_series_and_published_velocity_differ_by_a_plane_and_a_rounding(pair):
    """As on the real bursts: what lets a report account for the rounded `gnss_velocity`."""
    for file in pair:
        rounded, smooth = file.numbers("gnss_velocity"), smooth_gnss_velocity(file)
        assert 0 < np.abs(rounded - smooth).max() < 0.0515  # the vectors, too, are rounded
        place = [np.ones(len(smooth)), *(file.numbers(name) / 1e5 for name in ("easting", "northing"))]
        plane = np.stack(place, axis=1)
        rest = smooth - plane @ np.linalg.lstsq(plane, smooth, rcond=None)[0]
        assert np.abs(rest).max() < 0.01


def test_published_velocity_is_raw_where_no_gnss_velocity_is_delivered(tmp_path):
    for path in simulate(tmp_path, points=1_000, header="old", products=2):
        file = File(path)
        assert np.abs(file.numbers("mean_velocity")[::10] - refit(file)["mean_velocity"]).max() < 0.057


def test_statistics_of_unrounded_series_equal_explicit_least_squares(pair):
    days = pair[0].days
    some = np.random.default_rng(1).normal(0, 5, (20, len(days))).astype(np.float32) + np.float32(0.02) * days
    some = some.astype(np.float32)
    published = statistics.publish(some, statistics.Fits.at(days))
    for row, y in enumerate(some.astype(float)):
        for name, expected in explicit(y, days).items():
            assert published[name][row] == pytest.approx(expected, rel=1e-4, abs=1e-5), name


def test_the_model_is_zero_at_the_first_epoch(pair, tile):
    for file in (*pair, *tile):
        offsets = refit(file)["offset"]
        assert np.abs(offsets).max() < 0.1
        assert np.abs(file.series[:, 0]).max() > 1  # the first value itself is not zero


# Truth


def still(truth):
    """Which points lie on ground that neither moves nor steps, and are unwrapped rightly."""
    return (truth["motion_mm_yr"] == 0) & (truth["step_mm"] == 0) & (truth["unwrapping_multiple"] == 0)


def test_a_series_without_noise_returns_the_truth(silent):
    for file in silent:
        truth = file.truth
        assert list(truth["pid"]) == file["pid"]
        refitted = refit(file)
        for name, column, slack in (
            ("mean_velocity", "velocity_mm_yr", 0.007),
            ("acceleration", "acceleration_mm_yr2", 0.015),
        ):
            assert np.abs(refitted[name] - truth[column][::10]).max() < slack, name
        # What is no polynomial leaves something for the wave.
        smooth = still(truth)[::10]
        assert smooth.sum() > 20
        wave = refitted["seasonality"] - truth["seasonality_mm"][::10]
        assert np.abs(wave[smooth]).max() < 0.03 and np.abs(wave).max() < 3
        assert refitted["rmse_ts"][smooth].max() < 0.035  # the rounding to 0.1 mm alone
        assert np.ptp(truth["velocity_mm_yr"]) > 5


def test_a_tile_without_noise_returns_the_truth(silent_tile):
    for file in silent_tile:
        truth = file.truth
        assert list(truth["pid"]) == file["pid"] and len(truth["pid"]) > 300
        # Beside the rounding, what the nearest acquisition is early or late.
        assert np.abs(file.numbers("mean_velocity") - truth["velocity_mm_yr"]).max() < 0.05 + 0.04
        assert np.abs(file.numbers("acceleration") - truth["acceleration_mm_yr2"]).max() < 0.005 + 0.08
        quiet = truth["class"] == "stable"
        assert np.median(np.abs(file.numbers("seasonality") - truth["seasonality_mm"])[quiet]) < 0.06


def test_the_wave_of_a_series_without_noise_peaks_on_the_true_day(silent):
    file = silent[0]
    truth = file.truth
    strong = np.flatnonzero((truth["seasonality_mm"] > 1.5) & still(truth))
    since = (file.dates[0] - np.datetime64("2020-01-01")).astype(int)
    t = (file.days + since) / 365
    design = np.stack([t**3, t**2, t, np.ones_like(t), np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], axis=1)
    cubic = np.linalg.lstsq(design, file.series[strong].T, rcond=None)[0]
    day = np.arctan2(cubic[5], cubic[4]) / (2 * np.pi) * 365
    late = (day - truth["season_day"][strong] + 182.5) % 365 - 182.5
    assert len(strong) > 20 and np.abs(late).max() < 2


def test_shapes_of_series_without_noise_are_what_the_truth_says(silent):
    """A second look at the classes: by halves of the series, wave removed."""
    seen = Counter()
    for file in silent:
        truth = file.truth
        t = file.days / 365
        half = t < t[-1] / 2
        design = np.stack([np.ones_like(t), t, np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], axis=1)
        moving = np.flatnonzero((truth["step_mm"] == 0) & (np.abs(truth["motion_mm_yr"]) > 2))
        plate = truth["velocity_mm_yr"] - truth["motion_mm_yr"]
        for at in moving:
            early, late = (
                abs(np.linalg.lstsq(design[part], file.series[at][part], rcond=None)[0][1] - plate[at])
                for part in (half, ~half)
            )
            shape = truth["class"][at]
            seen[shape] += 1
            if shape == "linear":
                assert abs(late - early) < 0.3
            elif shape == "accelerating":
                assert late > early
            elif shape == "decelerating":
                assert late < early
            else:
                assert shape == "velocity_change" and abs(late - early) > 0.3
    assert min(seen[shape] for shape in ("linear", "accelerating", "decelerating", "velocity_change")) > 3


def test_a_step_of_a_series_without_noise_is_the_true_one(silent):
    for file in silent:
        truth = file.truth
        steps = np.flatnonzero((truth["class"] == "step") & (truth["motion_mm_yr"] == 0))
        after = file.dates >= np.datetime64(truth["step_date"][0])
        for at in steps[:50]:
            t = file.days / 365
            terms = [np.ones_like(t), t, np.cos(2 * np.pi * t), np.sin(2 * np.pi * t), after.astype(float)]
            found = np.linalg.lstsq(np.stack(terms, axis=1), file.series[at], rcond=None)[0]
            assert found[4] == pytest.approx(truth["step_mm"][at], abs=0.7)
            assert abs(found[4]) > 4.3
    assert any((file.truth["class"] == "step").any() for file in silent)


# Noise


def test_noise_has_the_true_size_and_correlation(pair):
    for file in pair:
        truth, rest = file.truth, residuals(file)
        plain = np.isin(truth["class"], ("stable", "linear")) & (truth["unwrapping_multiple"] == 0)
        plain &= truth["n_outliers"] == 0
        sigma = rest.std(axis=1)[plain]
        assert 0.88 < np.median(sigma / truth["noise_sigma_mm"][plain]) < 1.02
        assert np.corrcoef(sigma, truth["noise_sigma_mm"][plain])[0, 1] > 0.93
        correlation = autocorrelation(rest, 1)[plain]
        # A fit takes some of the slow noise with it.
        assert 0 < np.median(truth["noise_correlation"][plain] - correlation) < 0.12
        # What is noisy is incoherent.
        assert np.corrcoef(sigma, file.numbers("temporal_coherence")[plain])[0, 1] < -0.8
        assert np.corrcoef(truth["coherence"][plain], file.numbers("temporal_coherence")[plain])[0, 1] > 0.8


def test_noise_statistics_are_near_those_of_the_real_bursts(pair):
    """The medians of Ustica, both looks: rmse 3.25, coherence 0.755, correlation 0.33 and 0.17."""
    for file in pair:
        quiet = still(file.truth)
        rest = residuals(file)[quiet]
        assert abs(np.median(file.numbers("rmse_ts")[quiet]) - 3.25) < 0.35
        assert abs(np.median(file.numbers("temporal_coherence")[quiet]) - 0.755) < 0.06
        assert abs(np.median(autocorrelation(rest, 1)) - 0.33) < 0.05
        assert abs(np.median(autocorrelation(rest, 2)) - 0.17) < 0.04
        scaled = rest / rest.std(axis=1, keepdims=True)
        assert 3.8 < np.median((scaled**4).mean(axis=1)) < 5.5  # 4.9; normal noise has 3
        spread = np.subtract(*np.percentile(file.numbers("mean_velocity")[quiet], (75, 25))) / 1.349
        assert 0.4 < spread < 0.9  # 0.67


def test_noise_is_larger_in_late_autumn_most_of_all_in_fields(pair):
    for file in pair:
        rest, truth = residuals(file), file.truth
        month = file.dates.astype("datetime64[M]").astype(int) % 12
        autumn, spring = np.isin(month, (9, 10, 11)), np.isin(month, (3, 4, 5))
        fields = truth["kind"] == "countryside"
        ratios = [
            np.sqrt((rest[some][:, autumn] ** 2).mean() / (rest[some][:, spring] ** 2).mean())
            for some in (fields, ~fields)
        ]
        assert ratios[0] > 1.05 and ratios[0] > ratios[1]


def test_neighbours_share_noise_and_the_air_is_common_over_kilometres(pair):
    file = pair[0]
    quiet = still(file.truth)
    rest = residuals(file)[quiet]
    unit = rest / np.linalg.norm(rest, axis=1, keepdims=True)
    x, y = file.numbers("easting")[quiet], file.numbers("northing")[quiet]
    near, far = [], []
    for at in range(0, len(x), 2):
        apart = np.hypot(x - x[at], y - y[at])
        near += list(unit[(apart > 0) & (apart < 8)] @ unit[at])
        far += list(unit[(apart > 200) & (apart < 600)][:40] @ unit[at])
    assert 0.2 < np.mean(near) < 0.6
    assert 0.005 < np.mean(far) < 0.06


def test_the_air_is_smooth_over_kilometres_and_new_each_pass():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 60_000, (2, 4_000))
    air = noise.atmosphere(np.uint64(5), np.arange(400, 500), x, y)
    assert air.std() == pytest.approx(noise.ATMOSPHERE, rel=0.1)
    beside = noise.atmosphere(np.uint64(5), np.arange(400, 500), x + 150, y)
    away = noise.atmosphere(np.uint64(5), np.arange(400, 500), x + 9_000, y)
    assert np.corrcoef(air.ravel(), beside.ravel())[0, 1] > 0.97
    assert abs(np.corrcoef(air.ravel(), away.ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(air[:, :-1].ravel(), air[:, 1:].ravel())[0, 1]) < 0.05


def test_normal_numbers_are_normal_and_shocks_have_long_tails():
    for numbers, low, high in ((NORMALS, 2.9, 3.1), (SHOCKS, 6, 12)):
        assert numbers.mean() == pytest.approx(0, abs=1e-3) and numbers.std() == pytest.approx(1, abs=1e-3)
        assert low < (numbers.astype(float) ** 4).mean() < high


def test_unit_noise_has_unit_variance_and_its_correlation_from_the_first_epoch_on():
    moving, innovation = series.filter_of(np.array([0.35]))
    found = np.empty((20_000, 8))
    passes = np.arange(41, 49)
    for key in range(len(found)):
        series._draw_noise(
            found[key], passes, np.uint64(7 * key + 1), np.uint64(11**9 * key), moving[0], innovation[0]
        )
    assert np.abs(found.std(axis=0) - 1).max() < 0.03
    correlation = np.corrcoef(found, rowvar=False)
    for first in range(6):
        assert correlation[first, first + 1] == pytest.approx(0.35, abs=0.04)
        assert correlation[first, first + 2] == pytest.approx(0.35 * noise.FADING, abs=0.04)


def test_unwrapping_errors_are_jumps_by_multiples_of_half_a_wave(tmp_path):
    files = [File(path) for path in simulate(tmp_path, points=30_000, products=2, compression=False)]
    n_errors = 0
    for file in files:
        truth, series_of = file.truth, file.series
        wrong = np.flatnonzero(truth["unwrapping_multiple"])
        n_errors += len(wrong)
        assert set(truth["unwrapping_multiple"]) <= {-2, -1, 0, 1, 2}
        sizes = []
        for at in wrong:
            begin = np.searchsorted(file.dates, np.datetime64(truth["unwrapping_date"][at]))
            before, after = series_of[at, max(begin - 8, 0) : begin], series_of[at, begin : begin + 8]
            sizes.append((np.median(after) - np.median(before)) / truth["unwrapping_multiple"][at])
        assert np.median(sizes) == pytest.approx(27.73, abs=0.6)
        assert (np.abs(np.array(sizes) - 27.73) < 12).mean() > 0.95
    assert 0.004 < n_errors / 30_000 < 0.03


def test_unwrapping_errors_come_alone_and_in_patches(tmp_path):
    simulate(tmp_path, points=300_000, products=1, compression=False)
    truth = truth_of(tmp_path)
    wrong = truth["unwrapping_multiple"] != 0
    places = np.stack([truth["easting"] // 300, truth["northing"] // 300], axis=1)[wrong]
    counts = Counter(
        zip(*places.T.tolist(), [str(date) for date in truth["unwrapping_date"][wrong]], strict=True)
    )
    assert sum(n == 1 for n in counts.values()) > 100 and sum(n > 5 for n in counts.values()) > 3


def test_outliers_lie_off_at_single_epochs(pair):
    for file in pair:
        truth, rest = file.truth, residuals(file)
        assert 0.1 < (truth["n_outliers"] > 0).mean() < 0.3
        quiet = (truth["noise_sigma_mm"] < 2) & np.isin(truth["class"], ("stable", "linear"))
        quiet &= truth["unwrapping_multiple"] == 0
        found = (np.abs(rest) > 8).sum(axis=1)[quiet]
        assert np.corrcoef(found, truth["n_outliers"][quiet])[0, 1] > 0.8


def test_published_velocities_scatter_around_the_truth(pair):
    for file in pair:
        truth = file.truth
        error = (file.numbers("mean_velocity") - truth["velocity_mm_yr"])[truth["unwrapping_multiple"] == 0]
        assert np.abs(np.median(error)) < 0.06 and np.abs(error).max() < 12
        assert 0.3 < error.std() < 1.0  # the wander of many years, above all


def test_truth_has_one_row_for_each_row_of_the_files(pair):
    folder = pair[0].path.parent
    truth = truth_of(folder)
    rows = {(name, pid) for name, pid in zip(truth["product"], truth["pid"], strict=True)}
    assert rows == {(file.path.stem, pid) for file in pair for pid in file["pid"]}
    assert len(truth["pid"]) == 6_000
