"""The simulated region: one ground, many looks; the same bytes each time; L3 by the producer's recipe."""

import subprocess
import sys

import numpy as np
import pytest
from simulated import File, assert_published, content, digests, truth_of

from egmsql.simulator import bursts, simulate
from egmsql.simulator.terrain import gnss_velocity


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """A whole default region: files by (level, track, burst or component, release)."""
    folder = tmp_path_factory.mktemp("region")
    files = [File(path) for path in simulate(folder, points=12_000, seed=7)]
    return {
        (f.name.level, f.name.track or f.name.tile, f.name.burst or f.name.component, f.name.release): f
        for f in files
    }


def of_level(region, level, release="2020_2024"):
    return [file for file in region.values() if (file.name.level, file.name.release) == (level, release)]


# What a region holds


def test_a_region_is_seen_by_overlapping_bursts_from_both_sides_in_two_releases(region):
    for release in ("2018_2022", "2020_2024"):
        files = of_level(region, "L2b", release)
        assert sum(len(file.rows) for file in files) == 12_000
        ascending = {file.name.track for file in files if file.los[0, 0] < 0}
        descending = {file.name.track for file in files if file.los[0, 0] > 0}
        assert ascending == {117, 44} and descending == {22}
        assert {len([f for f in files if f.name.track == track]) for track in (117, 44, 22)} == {2}
        assert {file.name.component for file in of_level(region, "L3", release)} == {"U", "E"}


def test_header_and_decimals_follow_release_and_producer(region):
    for file in region.values():
        is_new = file.name.release == "2020_2024"
        assert ("rmse_ts" in file.header) == is_new
        is_padded = all(cell[-2] != "." for cell in file["acceleration"])
        assert is_padded == (not is_new or file.name.track == 44)  # made by another facility


def test_the_middle_of_the_island_shows_every_class_and_kind(region):
    truth = truth_of(next(iter(region.values())).path.parent)
    assert set(truth["class"]) == {
        "stable",
        "linear",
        "accelerating",
        "decelerating",
        "velocity_change",
        "step",
    }
    assert set(truth["kind"]) == {"countryside", "town", "village", "bowl", "landslide", "dam"}


# The same bytes


def test_threads_and_time_leave_the_files_unchanged(tmp_path):
    for number, threads in enumerate((1, 3, None)):
        simulate(tmp_path / str(number), points=30_000, missing=0.1, threads=threads, tracks=2)
    assert digests(tmp_path / "0") == digests(tmp_path / "1") == digests(tmp_path / "2")
    assert bursts.BATCH < 30_000 / 4  # or threads had nothing to share


def test_another_seed_gives_another_simulation(tmp_path):
    (first,), (second,) = (
        simulate(tmp_path / str(seed), points=50, seed=seed, products=1) for seed in (1, 2)
    )
    one, two = File(first), File(second)
    assert set(one["pid"]).isdisjoint(two["pid"])
    assert one.epochs != two.epochs


def test_a_file_does_not_depend_on_which_others_are_written(region, tmp_path):
    whole = next(iter(region.values())).path.parent
    simulate(tmp_path, points=12_000, seed=7, levels=("L2a", "L3"), releases="2020_2024", component="U")
    names = {path.name for path in tmp_path.glob("*L3*.zip")}
    assert len(names) == 1
    for name in names:
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes()


# One ground for all


def test_overlapping_bursts_see_the_same_scatterers_under_two_pids(region):
    for track, lower, upper in ((117, 226, 227), (22, 844, 845), (44, 239, 240)):
        one, two = (region["L2b", track, burst, "2020_2024"] for burst in (lower, upper))
        first, second = one.truth, two.truth
        shared = set(first["ground_id"]) & set(second["ground_id"])
        assert 0.05 < len(shared) / len(one.rows) < 0.6
        place = {ground: at for at, ground in enumerate(first["ground_id"])}
        at_two = np.array([at for at, ground in enumerate(second["ground_id"]) if ground in shared])
        at_one = np.array([place[ground] for ground in second["ground_id"][at_two]])
        assert (first["pid"][at_one] != second["pid"][at_two]).all()
        assert (second["duplicate_of"][at_two] == first["pid"][at_one]).all()
        lines = one.numbers("line")[at_one] - two.numbers("line")[at_two]
        assert set(lines) == {1_350} and (one.numbers("pixel")[at_one] == two.numbers("pixel")[at_two]).all()
        apart = [one.numbers(axis)[at_one] - two.numbers(axis)[at_two] for axis in ("easting", "northing")]
        assert 0 < np.hypot(*apart).max() < 2
        for name in ("kind", "area_id", "noise_sigma_mm", "unwrapping_multiple"):
            equal = first[name][at_one] == second[name][at_two]
            assert (equal | (first[name][at_one] != first[name][at_one])).all(), name
        # Looks and epochs differ a little: what is at the limit of a class may be on either side.
        assert (first["class"][at_one] == second["class"][at_two]).mean() > 0.98
        assert_nearly_the_same_series(one, two, at_one, at_two)
        alone = np.setdiff1d(np.arange(len(two.rows)), at_two)
        assert not [twin for twin in second["duplicate_of"][alone] if isinstance(twin, str)]


def assert_nearly_the_same_series(one, two, at_one, at_two):
    common, in_one, in_two = np.intersect1d(one.epochs, two.epochs, return_indices=True)
    assert len(common) > 0.9 * len(one.epochs)
    left = one.series[at_one][:, in_one]
    rest = left - two.series[at_two][:, in_two]
    rest -= rest.mean(axis=1, keepdims=True)
    left -= left.mean(axis=1, keepdims=True)
    assert 0.05 < np.median(rest.std(axis=1) / left.std(axis=1)) < 0.5


def test_releases_agree_on_common_dates_up_to_a_constant(region):
    for track, burst in ((117, 226), (22, 845)):
        old, new = (region["L2b", track, burst, release] for release in ("2018_2022", "2020_2024"))
        assert sorted(old["pid"]) == sorted(new["pid"])
        common, in_old, in_new = np.intersect1d(old.epochs, new.epochs, return_indices=True)
        assert len(common) > 100
        order = np.argsort(old["pid"]), np.argsort(new["pid"])
        for name in ("line", "pixel", "easting", "northing", "height_ortho", "los_up"):
            assert (old.numbers(name)[order[0]] == new.numbers(name)[order[1]]).all()
        apart = new.series[order[1]][:, in_new] - old.series[order[0]][:, in_old]
        assert (np.ptp(apart, axis=1) < 0.21).all()  # the rounding of both
        assert np.abs(np.median(apart, axis=1)).max() > 3  # but each has its own reference


def test_a_release_misses_the_same_acquisitions_as_another(region):
    old, new = (region["L2b", 117, 226, release] for release in ("2018_2022", "2020_2024"))
    inside = [epoch for epoch in old.epochs if new.epochs[0] < epoch < old.epochs[-1]]
    assert inside == [epoch for epoch in new.epochs if new.epochs[0] < epoch < old.epochs[-1]]


def test_the_ground_moves_once_whoever_looks(region):
    """Along each look lies the projection of one motion in east, north and up."""
    for file in of_level(region, "L2b"):
        truth = file.truth
        motion = np.stack([truth[f"{axis}_mm_yr"] for axis in ("east", "north", "up")], axis=1)
        seen = (motion * file.los).sum(axis=1)
        # Written vectors have three decimals.
        assert np.abs(seen - truth["motion_mm_yr"]).max() < 0.001 * np.abs(motion).sum(axis=1).max() + 0.01
        assert np.ptp(seen) > 5


# L3 by the recipe


def put_on(dates, wanted, series):
    """The nearest acquisition, the mean of both on a tie."""
    found = []
    for date in wanted:
        apart = np.abs((dates - date).astype(int))
        found.append(series[:, apart == apart.min()].mean(axis=1))
    return np.stack(found, axis=1)


def derive(files, dates):
    """East and up of every cell that both geometries see, from the csv files alone."""
    los, series, easting, northing, height = [], [], [], [], []
    for file in files:
        los.append(file.los)
        series.append(put_on(file.dates, dates, file.series))
        for name, found in (("easting", easting), ("northing", northing), ("height_ortho", height)):
            found.append(file.numbers(name))
    los, series, height = np.concatenate(los), np.concatenate(series), np.concatenate(height)
    cells = np.stack([np.concatenate(northing) // 100, np.concatenate(easting) // 100], axis=1).astype(int)
    derived = {}
    for cell in np.unique(cells, axis=0):
        inside = (cells == cell).all(axis=1)
        design = los[inside][:, [0, 2]]
        if (design[:, 0] < 0).any() and (design[:, 0] > 0).any():
            solved = np.linalg.lstsq(design, series[inside], rcond=None)[0]
            derived[tuple((cell * 100 + 50).tolist())] = (solved, height[inside].mean())
    return derived


@pytest.mark.parametrize("release", ["2018_2022", "2020_2024"])
def test_tiles_are_the_recipe_applied_to_the_bursts(region, release):
    tiles = {file.name.component: file for file in of_level(region, "L3", release)}
    dates = tiles["E"].dates
    derived = derive(of_level(region, "L2b", release), dates)
    assert len(derived) > 300
    t = (dates - dates[0]).astype(int) / 365
    wave = (np.cos(2 * np.pi * t), np.sin(2 * np.pi * t))
    basis = np.stack([np.ones_like(t), t, t**2, t**3, *wave], axis=1)
    at_first = basis[0] @ np.linalg.pinv(basis)
    for axis, component in enumerate("EU"):
        tile = tiles[component]
        assert [*zip(map(int, tile["northing"]), map(int, tile["easting"]), strict=True)] == sorted(derived)
        expected = np.stack([derived[cell][0][axis] for cell in sorted(derived)])
        expected -= (expected @ at_first)[:, None]
        apart = np.abs(expected - tile.series)
        # Cells with one point of each geometry magnify the rounding of both.
        assert (apart < 0.1).mean() > 0.98 and apart.max() < 0.25
        heights = np.array([derived[cell][1] for cell in sorted(derived)])
        assert np.abs(heights - tile.numbers("height_ortho")).max() < 0.0501
        assert_published(tile, ["mean_velocity", "acceleration", "seasonality", "rmse_ts", "seasonality_std"])


def test_dates_of_a_tile_come_every_six_days_while_all_bursts_last(region):
    files = of_level(region, "L2b")
    for tile in of_level(region, "L3"):
        assert set(np.diff(tile.days)) == {6} and len(tile.epochs) in range(299, 306)
        assert tile.epochs[0] == max(file.epochs[0] for file in files)
        assert tile.epochs[-1] <= min(file.epochs[-1] for file in files)


def test_the_truth_of_a_tile_is_east_and_up_of_the_ground(region):
    for tile in of_level(region, "L3"):
        truth = tile.truth
        assert list(truth["pid"]) == tile["pid"] == sorted(tile["pid"])
        error = tile.numbers("mean_velocity") - truth["velocity_mm_yr"]
        assert abs(np.median(error)) < 0.1 and np.median(np.abs(error)) < 0.5
        plate = gnss_velocity(truth["easting"], truth["northing"])[1 if tile.name.component == "E" else 2]
        still = (truth["class"] == "stable") & np.isnan(truth["area_id"])
        # North of the ground is not left out: the least squares put some of it into up.
        assert np.abs(truth["velocity_mm_yr"] - plate)[still].max() < 3
        assert tile.numbers("rmse_ts").mean() < 3.3  # means of several points


def test_a_tile_needs_both_geometries(tmp_path):
    paths = simulate(tmp_path, points=2_000, tracks=1)
    assert {path.name[:8] for path in paths} == {"EGMS_L2b"}


# Sizes


@pytest.mark.parametrize(
    ("arguments", "n_rows"),
    [
        ({"points": 1}, 1),
        ({"points": 999, "products": 1}, 999),
        ({"points": 1_001, "products": 2}, 1_001),
        ({"points": 10, "products": 3}, 10),
        ({"points": 7, "products": 3, "tracks": 2}, 7),
        ({"points": 33, "products": 5, "tracks": 1}, 33),
        ({"points": 5_000, "products": 14}, 5_000),
        ({"points": 7_777, "levels": "L2a", "releases": "2019_2023", "tracks": 4}, 7_777),
        ({"points": 300_000, "products": 1}, 300_000),
    ],
)
def test_points_are_spread_over_the_bursts(tmp_path, arguments, n_rows):
    paths = [path for path in simulate(tmp_path, compression=False, **arguments) if "L3" not in path.name]
    assert paths == sorted(paths)
    per_release = {}
    for path in paths:
        release = path.stem[-11:-2]
        per_release[release] = per_release.get(release, 0) + content(path).count(b"\n") - 1
    assert set(per_release.values()) == {n_rows}
    assert "products" not in arguments or len(paths) == arguments["products"]


PEAK = """
import sys, tempfile
from pathlib import Path
from egmsql.simulator import simulate
with tempfile.TemporaryDirectory() as folder:
    simulate(Path(folder) / "out", points=int(sys.argv[1]), releases="2020_2024", threads=2)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_ten_times_the_points_hardly_take_more_memory():
    few, many = (
        int(
            subprocess.run(
                [sys.executable, "-c", PEAK, str(n)], capture_output=True, text=True, check=True
            ).stdout
        )
        for n in (40_000, 400_000)
    )
    assert many < few + 150 * 1024  # kB
