"""The simulator: what it writes is EGMS-shaped, and its truth is the truth."""

import csv
import datetime
import hashlib
import importlib.resources
import io
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from egmsql import pids
from egmsql.errors import SettingError
from egmsql.products import parse_name
from egmsql.simulator import batches, places, series, simulate, statistics, text
from egmsql.simulator.delivery import ZippedDelivery, pack
from egmsql.simulator.epochs import absolute_orbit
from egmsql.simulator.ground import Ground, gnss_velocity
from egmsql.simulator.projection import to_degrees
from egmsql.sources import open_source

WAVELENGTH = 55.46576  # mm

STATISTICS = [
    *("mean_velocity", "mean_velocity_std", "acceleration", "acceleration_std"),
    *("seasonality", "seasonality_std"),
]
L2A_OLD = [
    *("pid", "cluster_label", "mp_type", "latitude", "longitude", "easting", "northing"),
    *("height", "height_wgs84", "line", "pixel", "rmse", "temporal_coherence", "amplitude_dispersion"),
    *("incidence_angle", "track_angle", "los_east", "los_north", "los_up", *STATISTICS),
]
L2B_OLD = [name for name in L2A_OLD if name != "cluster_label"]
RENAMED = {"height": "height_ortho", "height_wgs84": "height_ellipse", "rmse": "rmse_ts"}
L3_OLD = ["pid", "easting", "northing", "height", "rmse", *STATISTICS]
HEADERS = {
    ("L2a", "old"): L2A_OLD,
    ("L2a", "new"): [RENAMED.get(name, name) for name in L2A_OLD],
    ("L2b", "old"): L2B_OLD,
    ("L2b", "new"): [*(RENAMED.get(name, name) for name in L2B_OLD), "gnss_velocity"],
    ("L3", "old"): L3_OLD,
    ("L3", "new"): [
        *(RENAMED.get(name, name) for name in L3_OLD),
        *("gnss_velocity_n", "gnss_velocity_e", "gnss_velocity_u"),
    ],
}


class File:
    """One product as it was delivered: cells as text, by name."""

    def __init__(self, path):
        self.path, self.name = path, parse_name(path.stem)
        self.text = content(path).decode("ascii")
        self.header, *self.rows = csv.reader(io.StringIO(self.text))
        self.epochs = [name for name in self.header if name.isdigit()]
        dates = np.array([f"{e[:4]}-{e[4:6]}-{e[6:]}" for e in self.epochs], dtype="datetime64[D]")
        self.days = (dates - dates[0]).astype(int)

    def __getitem__(self, name):
        """The cells of a column as text."""
        at = self.header.index(name)
        return [row[at] for row in self.rows]

    def numbers(self, name):
        return np.array(self[name], dtype=float)

    @property
    def series(self):
        """Displacements (mm), shape (points, epochs); NaN where the cell is empty."""
        cells = [row[len(row) - len(self.epochs) :] for row in self.rows]
        return np.array([[float(cell) if cell else np.nan for cell in row] for row in cells])


def content(path):
    if path.suffix == ".csv":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return archive.read(f"{path.stem}.csv")


def truth_of(folder, product=None):
    table = pq.read_table(folder / "truth.parquet").to_pydict()
    mine = np.array([product in (None, name) for name in table["product"]])
    return {name: np.array(values)[mine] for name, values in table.items()}


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """An ascending and a descending burst of L2b."""
    folder = tmp_path_factory.mktemp("pair")
    return folder, [File(path) for path in simulate(folder, points=2_000, seed=5)]


@pytest.fixture(scope="module")
def tile(tmp_path_factory):
    """Both components of one L3 tile."""
    folder = tmp_path_factory.mktemp("tile")
    return folder, [File(path) for path in simulate(folder, points=1_000, seed=5, level="L3")]


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    """The pair without noise."""
    folder = tmp_path_factory.mktemp("silent")

    def compose_silently(motions, *rest):
        return series.compose(replace(motions, noise_sigma=np.zeros_like(motions.noise_sigma)), *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "compose", compose_silently)
        return folder, [File(path) for path in simulate(folder, points=1_000, seed=5)]


# The same bytes


def test_threads_and_time_leave_the_files_unchanged(tmp_path):
    for number, threads in enumerate((1, 3, None)):
        simulate(tmp_path / str(number), points=9_000, products=1, missing=0.1, threads=threads)
    assert digests(tmp_path / "0") == digests(tmp_path / "1") == digests(tmp_path / "2")
    assert batches.BATCH < 9_000  # or threads had nothing to share


def test_more_points_leave_the_earlier_rows_unchanged(tmp_path):
    n = batches.BATCH + 100  # so the second batch is cut where it is not in the larger file
    (few,), (many,) = (
        simulate(tmp_path / str(points), points=points, products=1, missing=0.1) for points in (n, n + 1_000)
    )
    lines, more = content(few).splitlines(), content(many).splitlines()
    assert len(lines) == n + 1 and len(more) == n + 1_001
    assert lines == more[: n + 1]


def test_the_ground_does_not_depend_on_who_asks_first():
    rng = np.random.default_rng(4)
    eastings, northings = 4_650_000 + rng.uniform(0, 60_000, 500), 1_990_000 + rng.uniform(0, 60_000, 500)
    together = Ground(5).motion(eastings, northings)
    ground, order = Ground(5), rng.permutation(500)
    for part in np.array_split(order, 7):
        apart = ground.motion(eastings[part], northings[part])
        for name, values in vars(apart).items():
            assert np.array_equal(values, getattr(together, name)[part]), name
    assert len(np.unique(together.shape)) > 1


def test_another_seed_gives_another_simulation(tmp_path):
    (first,), (second,) = (simulate(tmp_path / str(seed), points=50, seed=seed) for seed in (1, 2))
    one, two = File(first), File(second)
    assert set(one["pid"]).isdisjoint(two["pid"])
    assert one.epochs != two.epochs


def test_a_release_leaves_the_points_unchanged(tmp_path):
    """As in EGMS, whose pids stay across releases."""
    (first,), (second,) = (
        simulate(tmp_path / release, points=300, release=release) for release in ("2018_2022", "2020_2024")
    )
    one, two = File(first), File(second)
    for name in ("pid", "easting", "northing", "height_ortho", "los_up"):
        assert one[name] == two[name]
    assert one.epochs[0].startswith("2018") and two.epochs[0].startswith("2020")


def test_another_release_sees_the_same_motion_at_its_own_time(tmp_path):
    (early,), (late,) = (
        simulate(tmp_path / release, points=300, release=release) for release in ("2015_2021", "2020_2024")
    )
    one, two = truth_of(early.parent), truth_of(late.parent)
    acceleration = one["acceleration_mm_yr2"]
    assert np.allclose(acceleration, two["acceleration_mm_yr2"]) and np.abs(acceleration).max() > 0.5
    spans = [np.array([file.epochs[0], file.epochs[-1]]) for file in (File(early), File(late))]
    spans = [np.array([f"{e[:4]}-{e[4:6]}-{e[6:]}" for e in span], "datetime64[D]") for span in spans]
    (start_one, end_one), (start_two, end_two) = (span.astype(int) for span in spans)
    years = (start_two + end_two - start_one - end_one) / 2 / 365
    gained = two["velocity_mm_yr"] - one["velocity_mm_yr"] - acceleration * years
    # The slope of an uneven list of epochs is that of another day than the middle one.
    assert (np.abs(gained) <= 0.6 * np.abs(acceleration) + 1e-9).all()
    late_by = (start_two + two["season_day"] - start_one - one["season_day"] + 182.5) % 365 - 182.5
    assert np.abs(late_by).max() < 1e-6


# Names, pids, places


@pytest.mark.parametrize("level", ["L2a", "L2b"])
@pytest.mark.parametrize("suffix", [True, False])
def test_every_pid_decodes_to_the_name_and_the_cell(tmp_path, level, suffix):
    for path in simulate(tmp_path, points=1_000, level=level, suffix=suffix):
        file = File(path)
        assert file.name.level == level
        assert (file.name.release, file.name.version) == (("2020_2024", 1) if suffix else (None, None))
        expected = {name: getattr(file.name, name) for name in ("track", "burst", "swath", "polarisation")}
        for pid, line, pixel in zip(file["pid"], file["line"], file["pixel"], strict=True):
            decoded = pids.decode_l2(pid)
            assert decoded == {"facility": 1, **expected, "line": int(line), "pixel": int(pixel)}


def test_every_pid_of_a_tile_decodes_to_its_cell(tile):
    for file in tile[1]:
        east, north = (int(part) * 100_000 for part in re.findall(r"\d+", file.name.tile))
        for pid, easting, northing in zip(file["pid"], file["easting"], file["northing"], strict=True):
            corner = {"easting": int(easting) - 50, "northing": int(northing) - 50}
            assert pids.decode_l3(pid) == {"facility": 1, **corner}
            assert east < int(easting) < east + 100_000 and north < int(northing) < north + 100_000


def test_east_and_up_of_a_tile_describe_the_same_cells(tile):
    east, up = tile[1]
    assert (east.name.component, up.name.component) == ("E", "U")
    for name in ("pid", "easting", "northing", "height_ortho", "gnss_velocity_n", "gnss_velocity_u"):
        assert east[name] == up[name]
    assert east["pid"] == sorted(east["pid"])
    assert east.epochs == up.epochs
    assert east["mean_velocity"] != up["mean_velocity"]


def test_a_component_alone_is_the_file_it_is_beside_the_other(tile, tmp_path):
    for file in tile[1]:
        n_points, component = len(file.rows), file.name.component
        (alone,) = simulate(tmp_path / component, points=n_points, seed=5, level="L3", component=component)
        assert alone.read_bytes() == file.path.read_bytes()


def test_pids_are_unique_and_inside_the_burst(pair):
    for file in pair[1]:
        assert len(set(file["pid"])) == len(file.rows) == 1_000
        assert file.numbers("line").min() >= 0 and file.numbers("line").max() < 1_470
        assert file.numbers("pixel").min() >= 0 and file.numbers("pixel").max() < 24_400


@pytest.mark.parametrize("n", [1, 2, 3, 7, 1_000, 65_536, 65_537])
def test_permuting_reaches_every_number_once(n):
    salts = np.random.default_rng(3).integers(0, 2**62, 4)
    found = places.permute(np.arange(n), n, salts)
    assert np.array_equal(np.sort(found), np.arange(n))
    assert n < 1_000 or not np.array_equal(found, np.arange(n))


@pytest.mark.parametrize("n_dense", [0, 1, 340, 699, 999, 1_000])
def test_points_spread_over_every_cell_once(n_dense):
    salts = np.random.default_rng(3).integers(0, 2**62, 8)
    found = places.spread(np.arange(1_000), n_dense, 1_000, salts)
    assert np.array_equal(np.sort(found), np.arange(1_000))


def test_points_crowd_where_the_ground_is_built_on(pair):
    kinds = Counter(truth_of(pair[0])["kind"])
    assert 0.5 < 1 - kinds["countryside"] / kinds.total() < 0.9
    assert min(kinds[kind] for kind in ("town", "bowl", "slope")) > 0


def test_coordinates_agree_with_duckdb_spatial(pair):
    file = pair[1][0]
    eastings = np.append(file.numbers("easting"), [4_321_000, 2_700_000, 5_900_000])
    northings = np.append(file.numbers("northing"), [3_210_000, 1_500_000, 5_200_000])
    extension = importlib.resources.files("duckdb_extension_spatial") / "extensions"
    path = extension / f"v{duckdb.__version__}" / "spatial.duckdb_extension"
    with duckdb.connect() as connection:
        connection.execute(f"load '{path}'")
        connection.register("points", {"x": eastings, "y": northings})
        expected = connection.execute(
            """
            with reprojected as (
                select st_transform(st_point(x, y), 'EPSG:3035', 'EPSG:4326', always_xy := true) as point
                from points
            )
            select st_y(point) as latitude, st_x(point) as longitude from reprojected
            """
        ).fetchnumpy()
    latitudes, longitudes = to_degrees(eastings, northings)
    assert np.abs(latitudes - expected["latitude"]).max() < 1e-7
    assert np.abs(longitudes - expected["longitude"]).max() < 1e-7
    written = len(file.rows)
    assert np.abs(file.numbers("latitude") - expected["latitude"][:written]).max() < 6e-7
    assert np.abs(file.numbers("longitude") - expected["longitude"][:written]).max() < 6e-7


# Line of sight and ground


def test_lines_of_sight_have_unit_length_and_follow_the_angles(pair):
    for file in pair[1]:
        east, north, up = (file.numbers(f"los_{axis}") for axis in ("east", "north", "up"))
        incidence, track = (np.radians(file.numbers(f"{which}_angle")) for which in ("incidence", "track"))
        assert np.abs(east**2 + north**2 + up**2 - 1).max() < 0.0018  # three times the rounding of 3 decimals
        assert np.abs(east + np.cos(track) * np.sin(incidence)).max() < 0.0008
        assert np.abs(north - np.sin(track) * np.sin(incidence)).max() < 0.0008
        assert np.abs(up - np.cos(incidence)).max() < 0.0008


def test_a_pair_looks_at_one_patch_from_both_sides(pair):
    descending, ascending = pair[1]
    assert np.allclose(descending.numbers("track_angle"), 191.42)
    assert np.allclose(ascending.numbers("track_angle"), -8.94)
    assert descending.numbers("los_east").min() > 0 > ascending.numbers("los_east").max()
    for axis in ("easting", "northing"):
        low, high = ascending.numbers(axis).min(), ascending.numbers(axis).max()
        inside = (descending.numbers(axis) > low) & (descending.numbers(axis) < high)
        assert inside.mean() > 0.9


def test_every_geometry_sees_the_same_ground(pair, tile):
    """Truth along a look direction is the ground's motion, projected, plus the plate's."""
    ground = Ground(5)
    for folder, files in (pair, tile):
        for file in files:
            truth = truth_of(folder, file.path.stem)
            assert list(truth["pid"]) == file["pid"]
            eastings, northings = file.numbers("easting"), file.numbers("northing")
            motion = ground.motion(eastings, northings)
            _, plate_east, plate_up = gnss_velocity(eastings, northings)
            if file.name.level == "L3":
                east, up = float(file.name.component == "E"), float(file.name.component == "U")
            else:
                east, up = file.numbers("los_east"), file.numbers("los_up")
            expected = east * (motion.east_velocity + plate_east) + up * (motion.up_velocity + plate_up)
            acceleration = east * motion.east_acceleration + up * motion.up_acceleration
            expected += acceleration * (file.days[-1] / 365) / 2  # velocity in the middle of the period
            # Written vectors have 3 decimals, the ground moves at most some 40 mm/yr; the official slope of
            # an uneven list of epochs is not exactly that of its middle.
            slack = 0.05 + 0.25 * np.abs(acceleration)
            assert (np.abs(truth["velocity_mm_yr"] - expected) < slack).all()
            assert np.abs(truth["acceleration_mm_yr2"] - acceleration).max() < 0.005
            assert np.abs(truth["seasonality_mm"] - np.abs(up * motion.season)).max() < 0.005
            assert np.ptp(expected) > 5  # something moves


def test_l2a_is_relative_and_l2b_carries_the_plate(tmp_path):
    truths = {}
    for level in ("L2a", "L2b"):
        simulate(tmp_path / level, points=300, level=level)
        truths[level] = truth_of(tmp_path / level)
    assert np.array_equal(truths["L2a"]["pid"], truths["L2b"]["pid"])
    plate = truths["L2b"]["velocity_mm_yr"] - truths["L2a"]["velocity_mm_yr"]
    assert np.abs(plate).min() > 0.3 and np.ptp(plate) < 0.5
    quiet = truths["L2a"]["shape"] == "stable"
    assert quiet.any() and np.abs(truths["L2a"]["velocity_mm_yr"][quiet]).max() < 1.3  # 1 in 2020


# Epochs


def steps(file, before=None, since=None):
    names = [e for e in file.epochs if (before is None or e < before) and (since is None or e >= since)]
    dates = np.array([f"{e[:4]}-{e[4:6]}-{e[6:]}" for e in names], dtype="datetime64[D]")
    return Counter(np.diff(dates).astype(int).tolist())


def test_epochs_come_every_six_days_until_the_loss_of_sentinel_1b(pair):
    for file in pair[1]:
        early, late = steps(file, before="20211223"), steps(file, since="20220101")
        assert set(early) <= {6, 12, 18, 24} and early[6] > 0.8 * early.total()
        assert set(late) <= {12, 24, 36} and late[12] > 0.8 * late.total()
        assert 195 <= len(file.epochs) <= 213  # 207 and 210 on the real bursts
        assert file.epochs[0] < "20200113" and file.epochs[-1] > "20241219"
    assert pair[1][0].epochs != pair[1][1].epochs
    assert sum((steps(file) for file in pair[1]), Counter())[24] > 0


def test_the_first_release_starts_with_sentinel_1a_alone(tmp_path):
    (path,) = simulate(tmp_path, points=5, release="2015_2021", suffix=False)
    early, late = steps(File(path), before="20161001"), steps(File(path), since="20161012")
    assert set(early) <= {12, 24, 36} and early[12] > 30
    assert late[6] > 0.8 * late.total()


def test_a_tile_has_a_value_every_sixth_day(tile):
    assert set(steps(tile[1][0])) == {6}
    assert len(tile[1][0].epochs) in range(302, 306)


# Published columns


def explicit(y, days):
    """The published columns by their definitions, one explicit least-squares problem each."""
    t = days / 365
    one, c, s = np.ones_like(t), np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)

    def fit(*columns):
        design = np.stack(columns, axis=1)
        coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
        return coefficients, y - design @ coefficients, np.linalg.inv(design.T @ design)

    linear, linear_rest, linear_inverse = fit(t, one, c, s)
    square, square_rest, square_inverse = fit(t**2 / 2, t, one, c, s)
    cubic, rest, inverse = fit(t**3, t**2, t, one, c, s)
    rmse = np.sqrt((rest**2).mean())
    phase = 4 * np.pi / WAVELENGTH * (y - linear[0] * t)
    return {
        "mean_velocity": linear[0],
        "mean_velocity_std": np.sqrt(linear_inverse[0, 0]) * linear_rest.std(ddof=1),
        "acceleration": square[0],
        "acceleration_std": np.sqrt(square_inverse[0, 0]) * square_rest.std(ddof=1),
        "rmse_ts": rmse,
        "seasonality": np.hypot(cubic[4], cubic[5]),
        "seasonality_std": np.sqrt((4 - np.pi) / 2 * (inverse[4, 4] + inverse[5, 5]) / 2) * rmse,
        "temporal_coherence": np.abs(np.exp(1j * phase).mean()),
        "offset": cubic[3] + cubic[4],  # the cubic and seasonal model at the first epoch
    }


# Half a unit of the last decimal, plus five times what the rounding of the series does (egms-format.md, 8).
SLACK = {
    **{"mean_velocity": 0.05 + 0.007, "mean_velocity_std": 0.05 + 0.001, "rmse_ts": 0.05 + 0.015},
    **{"acceleration": 0.005 + 0.015, "acceleration_std": 0.005 + 0.002, "temporal_coherence": 0.005 + 0.002},
    **{"seasonality": 0.05 + 0.02, "seasonality_std": 0.05 + 0.001},
}


def refit(file, sample=slice(None, None, 10)):
    """Published and explicit columns of every tenth row, NaN epochs left out."""
    found = []
    for y in file.series[sample]:
        seen = np.isfinite(y)
        found.append(explicit(y[seen], file.days[seen]))
    return {name: np.array([one[name] for one in found]) for name in found[0]}


def assert_published(file, names):
    refitted = refit(file)
    for name in names:
        published = file.numbers(name)[::10]
        difference = published - refitted[name]
        if name == "mean_velocity" and "gnss_velocity" in file.header:
            # The column carries the rounded GNSS rate, the series the smooth one.
            difference += (smooth_gnss_velocity(file) - file.numbers("gnss_velocity"))[::10]
        assert np.abs(difference).max() < SLACK[name], name


def smooth_gnss_velocity(file):
    """The plate's velocity along the line of sight, without its north component (mm/yr)."""
    _, east, up = gnss_velocity(file.numbers("easting"), file.numbers("northing"))
    return file.numbers("los_east") * east + file.numbers("los_up") * up


def test_published_columns_follow_the_official_definitions(pair, tile):
    for file in (*pair[1], *tile[1]):
        assert_published(file, [name for name in SLACK if name in file.header])


def test_series_and_published_velocity_differ_by_a_plane_and_a_rounding(pair):
    """As on the real bursts: what lets a report account for the rounded `gnss_velocity`."""
    for file in pair[1]:
        rounded, smooth = file.numbers("gnss_velocity"), smooth_gnss_velocity(file)
        assert 0.045 < np.abs(rounded - smooth).max() < 0.0515  # the vectors, too, are rounded
        place = [np.ones(len(smooth)), *(file.numbers(name) / 1e5 for name in ("easting", "northing"))]
        plane = np.stack(place, axis=1)
        rest = smooth - plane @ np.linalg.lstsq(plane, smooth, rcond=None)[0]
        assert np.abs(rest).max() < 0.01


def test_published_velocity_is_raw_where_no_gnss_velocity_is_delivered(tmp_path):
    for path in simulate(tmp_path, points=1_000, header="old", level="L2b"):
        file = File(path)
        assert np.abs(file.numbers("mean_velocity")[::10] - refit(file)["mean_velocity"]).max() < 0.057


def test_statistics_of_unrounded_series_equal_explicit_least_squares(pair):
    days = pair[1][0].days
    some = np.random.default_rng(1).normal(0, 5, (20, len(days))).astype(np.float32) + np.float32(0.02) * days
    some = some.astype(np.float32)
    published = statistics.publish(some, statistics.Fits.at(days))
    for row, y in enumerate(some.astype(float)):
        for name, expected in explicit(y, days).items():
            assert published[name][row] == pytest.approx(expected, rel=1e-4, abs=1e-5), name


def test_the_model_is_zero_at_the_first_epoch(pair, tile):
    for file in (*pair[1], *tile[1]):
        offsets = refit(file)["offset"]
        assert np.abs(offsets).max() < 0.1
        assert np.abs(file.series[:, 0]).max() > 1  # the first value itself is not zero


# Truth


def test_a_series_without_noise_returns_the_truth(silent):
    folder, files = silent
    for file in files:
        truth = truth_of(folder, file.path.stem)
        refitted = refit(file)
        for name, column, slack in (
            ("mean_velocity", "velocity_mm_yr", 0.007),
            ("acceleration", "acceleration_mm_yr2", 0.015),
            ("seasonality", "seasonality_mm", 0.03),
        ):
            assert np.abs(refitted[name] - truth[column][::10]).max() < slack, name
        assert refitted["rmse_ts"].max() < 0.035  # the rounding to 0.1 mm alone
        assert set(file["rmse_ts"]) == {"0.0"} and np.ptp(truth["velocity_mm_yr"]) > 5


def test_the_wave_of_a_series_without_noise_peaks_on_the_true_day(silent):
    folder, (file, _) = silent
    truth = truth_of(folder, file.path.stem)
    strong = np.flatnonzero(truth["seasonality_mm"] > 1.5)
    t = file.days / 365
    design = np.stack([t**3, t**2, t, np.ones_like(t), np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], axis=1)
    cubic = np.linalg.lstsq(design, file.series[strong].T, rcond=None)[0]
    day = np.arctan2(cubic[5], cubic[4]) / (2 * np.pi) * 365
    late = (day - truth["season_day"][strong] + 182.5) % 365 - 182.5
    assert len(strong) > 20 and np.abs(late).max() < 2


def test_noise_has_the_true_size_and_correlation(pair):
    for file in pair[1]:
        truth = truth_of(pair[0], file.path.stem)
        t = file.days / 365
        wave = (np.cos(2 * np.pi * t), np.sin(2 * np.pi * t))
        basis = np.linalg.qr(np.stack([np.ones_like(t), t, t**2, *wave], axis=1))[0]
        rest = file.series - file.series @ basis @ basis.T
        sigma = rest.std(axis=1)
        assert 0.92 < np.median(sigma / truth["noise_sigma_mm"]) < 1.01
        assert np.corrcoef(sigma, truth["noise_sigma_mm"])[0, 1] > 0.95
        correlation = (rest[:, 1:] * rest[:, :-1]).sum(axis=1) / (rest**2).sum(axis=1)
        # A fit takes some of the slow noise with it.
        assert 0 < np.median(truth["noise_correlation"] - correlation) < 0.08
        assert 0.2 < np.median(correlation) < 0.4  # 0.33 on the real bursts
        # What is noisy is incoherent.
        assert np.corrcoef(sigma, file.numbers("temporal_coherence"))[0, 1] < -0.8


def test_noise_is_as_large_and_correlated_at_the_first_epoch_as_at_any_other():
    nothing, n = np.zeros(20_000), 20_000
    motions = series.Motions(nothing, nothing, nothing, nothing, np.full(n, 2.0), np.full(n, 0.35))
    noise = series.compose(motions, range(0, 36, 6), np.random.default_rng(1), 0.6)
    assert np.abs(noise.std(axis=0) - 2).max() < 0.05
    correlation = np.corrcoef(noise, rowvar=False)
    for first in range(4):
        assert correlation[first, first + 1] == pytest.approx(0.35, abs=0.03)
        assert correlation[first, first + 2] == pytest.approx(0.35 * 0.6, abs=0.03)


def test_published_velocities_scatter_around_the_truth(pair):
    for file in pair[1]:
        error = file.numbers("mean_velocity") - truth_of(pair[0], file.path.stem)["velocity_mm_yr"]
        assert np.abs(np.median(error)) < 0.06 and np.abs(error).max() < 2
        assert 0.08 < error.std() < 0.4


def test_truth_has_one_row_for_each_row_of_the_files(pair):
    truth = truth_of(pair[0])
    rows = {(name, pid) for name, pid in zip(truth["product"], truth["pid"], strict=True)}
    assert rows == {(file.path.stem, pid) for file in pair[1] for pid in file["pid"]}
    assert len(truth["pid"]) == 2_000


# Files


@pytest.mark.parametrize(("level", "header"), HEADERS)
def test_each_header_generation_has_exactly_its_columns(tmp_path, level, header):
    for path in simulate(tmp_path, points=4, level=level, header=header):
        file = File(path)
        n_columns = len(file.header) - len(file.epochs)
        assert file.header[:n_columns] == HEADERS[level, header]
        assert all(re.fullmatch(r"\d{8}", name) for name in file.header[n_columns:])
        assert {len(row) for row in file.rows} == {len(file.header)}


DECIMALS = {
    **dict.fromkeys(("mp_type", "line", "pixel", "cluster_label"), 0),
    **dict.fromkeys(("latitude", "longitude"), 6),
    **dict.fromkeys(("easting", "northing", "incidence_angle", "track_angle"), 2),
    **dict.fromkeys(("acceleration", "acceleration_std", "temporal_coherence", "amplitude_dispersion"), 2),
    **dict.fromkeys(("los_east", "los_north", "los_up"), 3),
}


@pytest.mark.parametrize("decimals", ["shortest", "padded"])
def test_cells_have_the_decimals_of_their_column(tmp_path, decimals):
    for path in simulate(tmp_path, points=1_000, level="L2a", header="old", decimals=decimals):
        file = File(path)
        for name in file.header[1:]:
            n = DECIMALS.get(name, 1)
            if decimals == "padded":
                pattern = rf"-?\d+\.\d{{{n}}}"
            else:
                pattern = rf"-?\d+\.(?:\d|\d{{2,{max(n, 2)}}}(?<!0))"
            pattern = r"\d+" if n == 0 else pattern
            wrong = [cell for cell in file[name] if not re.fullmatch(pattern, cell)]
            assert not wrong, (name, wrong[:3])
        assert "\r" not in file.text and file.text.endswith("\n") and '"' not in file.text


def test_what_rounds_to_zero_from_below_keeps_its_sign(pair):
    cells = Counter(cell for file in pair[1] for row in file.rows for cell in row[-len(file.epochs) :])
    assert cells["-0.0"] > 100 and cells["0.0"] > 100


@pytest.mark.parametrize("padded", [True, False])
def test_numbers_become_the_text_that_python_writes(padded):
    rng = np.random.default_rng(2)
    exact = [0.0, 9.5, 10.0, 99.9, 100.0, -123.4, 3276.7]
    shown = np.array([exact, *rng.integers(-5_000, 5_000, (50, 7)) / 10]).astype(np.float32)
    values = np.array([[0.1, 3.4, 12345.0, 0.123456], [-0.04, -3.456, 7.0, -38.690708]])
    values = np.tile(values, (26, 1))[: len(shown)]
    decimals = np.array([1, 2, 0, 6])
    pid = np.tile(np.frombuffer(b"10LDTjEkDv", dtype=np.uint8), (len(shown), 1))
    lines = text.format_rows(pid, values, decimals, shown, padded).tobytes().decode().splitlines()
    assert len(lines) == len(shown)
    metadata = ["0.1,3.40,12345,0.123456", "-0.0,-3.46,7,-38.690708"]
    for number, line in enumerate(lines):
        expected = metadata[number % 2] if padded else metadata[number % 2].replace("3.40", "3.4")
        assert line == f"10LDTjEkDv,{expected}," + ",".join(f"{value:.1f}" for value in shown[number])


def test_a_displacement_that_the_lake_cannot_hold_is_never_written():
    pid, nothing = np.full((1, 10), ord("0"), dtype=np.uint8), np.empty((1, 0))
    for value in (3276.8, -3276.8, np.inf):
        with pytest.raises(ValueError, match="larger than"):
            text.format_rows(
                pid, nothing, np.empty(0, dtype=int), np.array([[value]], dtype=np.float32), True
            )


def test_zips_are_flat_whole_and_ageless(pair):
    for file in pair[1]:
        with zipfile.ZipFile(file.path) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == [f"{file.path.stem}.xml", f"{file.path.stem}.csv"]
            for member in archive.infolist():
                assert member.compress_type == zipfile.ZIP_DEFLATED
                assert member.date_time == (1980, 1, 1, 0, 0, 0)
                assert member.compress_size < 0.5 * member.file_size


@pytest.mark.parametrize("is_large", [False, True])
def test_both_kinds_of_zip_are_whole(tmp_path, is_large):
    delivery = ZippedDelivery(tmp_path, "EGMS", b"<BURST/>", is_large)
    for piece in (b"pid,\n", b"1,2\n" * 1_000):
        delivery.write(piece, pack(piece))
    delivery.close()
    for file in delivery.files:
        file.publish()
    if shutil.which("unzip"):
        found = subprocess.run(["unzip", "-t", delivery.path], capture_output=True, text=True, check=False)
        assert found.returncode == 0 and "No errors detected" in found.stdout, found
    assert content(delivery.path) == b"pid,\n" + b"1,2\n" * 1_000


def test_md5_sidecars_are_right(pair):
    for file in pair[1]:
        md5 = hashlib.md5(file.path.read_bytes(), usedforsecurity=False).hexdigest()
        assert file.path.with_suffix(".md5").read_bytes() == f"{md5}  {file.path.name}\n".encode()


def test_bare_files_hold_what_the_zip_holds(tmp_path):
    (zipped,) = simulate(tmp_path / "zip", points=20)
    (bare,) = simulate(tmp_path / "bare", points=20, compression=False)
    assert content(bare) == content(zipped)
    with zipfile.ZipFile(zipped) as archive:
        assert bare.with_suffix(".xml").read_bytes() == archive.read(f"{zipped.stem}.xml")
    assert {path.suffix for path in (tmp_path / "bare").iterdir()} == {".csv", ".xml", ".parquet"}


def test_the_xml_says_what_the_name_and_the_header_say(pair):
    for file in pair[1]:
        with zipfile.ZipFile(file.path) as archive:
            root = ElementTree.fromstring(archive.read(f"{file.path.stem}.xml"))
        assert root.tag == "BURST"
        said = {tag: root.findtext(tag) for tag in ("product_level", "track", "burst_id", "sub_swath")}
        name = file.name
        assert said == {
            "product_level": "L2b",
            "track": f"{name.track:03d}",
            "burst_id": f"{name.burst:04d}",
            "sub_swath": f"{name.swath}",
        }
        scenes = [element.text for element in root.iterfind("dataset/image/product_id")]
        pattern = r"S1[AB]_IW_SLC__1SDV(_\d{8}T\d{6}){2}_\d{6}_[0-9A-F]{6}_[0-9A-F]{4}"
        assert all(re.fullmatch(pattern, scene) for scene in scenes)
        # The real documents leave out the last date.
        assert sorted({scene[17:25] for scene in scenes}) == file.epochs[:-1]


def test_scenes_have_the_orbit_of_their_track_and_date(pair):
    """Every 12 days a satellite comes back; real scenes tell when and with which number."""
    for date, track, orbit in (
        ("2020-01-03", 117, 30_639),  # Sentinel-1A
        ("2020-01-09", 22, 30_719),
        ("2019-07-31", 117, 28_364),
        ("2019-07-31", 22, 17_373),  # Sentinel-1B
        ("2021-12-17", 117, 30_068),
    ):
        assert absolute_orbit(datetime.date.fromisoformat(date), track) == orbit
    for file in pair[1]:
        with zipfile.ZipFile(file.path) as archive:
            root = ElementTree.fromstring(archive.read(f"{file.path.stem}.xml"))
        for element in root.iterfind("dataset/image/product_id"):
            satellite, day, orbit = element.text[2], element.text[17:25], int(element.text[49:55])
            assert (orbit - {"A": 73, "B": 27}[satellite]) % 175 + 1 == file.name.track
            assert satellite == "A" or day < "20211223"


def test_the_xml_of_a_tile_has_the_bytes_of_a_real_one(tile, ustica):
    real = ustica / "EGMS_L3_E45N17_100km_E_2020_2024_1.zip"
    with zipfile.ZipFile(real) as archive:
        expected = archive.read(f"{real.stem}.xml").replace(b"11/11/2025", b"06/11/2025")
    with zipfile.ZipFile(tile[1][0].path) as archive:
        assert archive.read(f"{tile[1][0].path.stem}.xml") == expected


def test_progress_counts_every_byte_of_csv(tmp_path):
    counted = []
    paths = simulate(tmp_path, points=1_200, progress=counted.append)
    assert sum(counted) == sum(len(content(path)) for path in paths)
    assert len(counted) >= 2 * len(paths)


# Missing values


def test_a_tenth_of_the_points_misses_the_share_of_epochs(tmp_path):
    for path in simulate(tmp_path, points=2_000, missing=0.25):
        file = File(path)
        n_missing = np.isnan(file.series).sum(axis=1)
        assert set(n_missing) == {0, round(0.25 * len(file.epochs))}
        assert 0.06 < (n_missing > 0).mean() < 0.14
        assert_published(file, ["rmse_ts", "seasonality", "acceleration_std", "temporal_coherence"])
        assert (n_missing[::10] > 0).any()  # rows of the refit among them


# The reader


@pytest.mark.parametrize(("level", "header"), HEADERS)
@pytest.mark.parametrize("suffix", [True, False])
@pytest.mark.parametrize("decimals", ["shortest", "padded"])
@pytest.mark.parametrize("compression", [True, False])
def test_the_reader_accepts_every_variant(tmp_path, level, header, suffix, decimals, compression):
    arguments = {
        "level": level,
        "header": header,
        "suffix": suffix,
        "decimals": decimals,
        "compression": compression,
    }
    for path in simulate(tmp_path, points=60, missing=0.1, products=2, **arguments):
        source, file = open_source(path), File(path)
        rows = [row for batch in source.batches() for row in batch.to_pylist()]
        notes = [] if suffix else ["no release in the name; by its dates it is 2020_2024"]
        assert (source.product, source.notes) == (path.stem, notes)
        assert (source.md5 is not None) == compression
        assert [row["pid"] for row in rows] == file["pid"]
        cells = [cell for row in file.rows for cell in row[-len(file.epochs) :]]
        tenths = [None if cell == "" else round(float(cell) * 10) for cell in cells]
        assert [value for row in rows for value in row["displacements"]] == tenths
        assert [row["mean_velocity"] for row in rows] == pytest.approx(file.numbers("mean_velocity").tolist())


# Arguments


@pytest.mark.parametrize(
    ("arguments", "n_rows"),
    [
        ({"points": 999}, [999]),
        ({"points": 1_001}, [500, 501]),
        ({"points": 10, "products": 3}, [3, 3, 4]),
        ({"points": 7, "level": "L3"}, [3, 4]),
        ({"points": 7, "level": "L3", "component": "U"}, [7]),
        ({"points": 1, "level": "L3"}, [1]),
    ],
)
def test_points_are_spread_over_the_products(tmp_path, arguments, n_rows):
    paths = simulate(tmp_path, **arguments)
    assert paths == sorted(paths)
    assert sorted(len(File(path).rows) for path in paths) == n_rows
    if "component" in arguments:
        assert {parse_name(path.stem).component for path in paths} == {"U"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"points": 0}, "points 0"),
        ({"points": -5}, "points -5"),
        ({"points": 1.5}, "points 1.5"),
        ({"seed": -1}, "seed -1"),
        ({"level": "L2c"}, "level L2c"),
        ({"header": "newest"}, "header newest"),
        ({"decimals": "many"}, "decimals many"),
        ({"release": "2020-2024"}, "release 2020-2024"),
        ({"release": "2024_2020"}, "release 2024_2020"),
        ({"release": "2010_2012"}, "release 2010_2012"),
        ({"products": 0}, "products 0"),
        ({"points": 2, "products": 3}, "products 3"),
        ({"points": 5_000, "products": 5_000}, "products 5000"),
        ({"component": "U"}, "component U"),
        ({"level": "L3", "component": "N"}, "component N"),
        ({"level": "L3", "points": 1_000_001, "products": 1}, "points 1000001"),
        ({"missing": -0.1}, "missing -0.1"),
        ({"missing": float("nan")}, "missing nan"),
        ({"missing": 0.9}, "missing 0.9"),
        ({"missing": "some"}, "missing some"),
        ({"threads": 0}, "threads 0"),
        ({"threads": "two"}, "threads two"),
    ],
)
def test_impossible_arguments_are_refused_in_one_line(tmp_path, arguments, named):
    with pytest.raises(SettingError) as caught:
        simulate(tmp_path / "out", **arguments)
    assert str(caught.value).startswith(f"{named}: ")
    assert str(caught.value).count(";") == 1 and "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_existing_files_are_never_replaced(tmp_path):
    (path,) = simulate(tmp_path, points=5)
    before = digests(tmp_path)
    with pytest.raises(SettingError, match="exists already"):
        simulate(tmp_path, points=5, seed=2)
    path.unlink()
    with pytest.raises(SettingError, match="exists already"):  # the truth still does
        simulate(tmp_path, points=5, level="L3")
    assert digests(tmp_path).items() < before.items()


def test_a_file_as_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(SettingError):
        simulate(tmp_path / "out", points=5)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_broken_run_leaves_nothing(tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, points=50, progress=stop)
    assert list(tmp_path.iterdir()) == []
