"""Releases joined by pid: offsets as they were made, their errors, what does not match, chains of three."""

import datetime

import forge
import numpy as np
import pytest
from countryside import Burst, Countryside

import egmsql

DAYS = 6 * np.arange(400)
FIRST = np.datetime64("2018-01-06")


def release(name, days, offset, n=40, seed=0, correlation=0.0, sigma=0.7, drift=0.0, pixels=None):
    """Return a burst of one release: the same motion, its own zero, noise and drift of its processing."""
    rng = np.random.default_rng(seed)
    truth = np.random.default_rng(77).normal(0, 5, (n, 1)) * DAYS / 365 + 3 * np.sin(2 * np.pi * DAYS / 365)
    noise = rng.standard_normal((n, len(DAYS)))
    for k in range(1, len(DAYS)):
        noise[:, k] = correlation * noise[:, k - 1] + np.sqrt(1 - correlation**2) * noise[:, k]
    series = truth + np.reshape(offset, (-1, 1)) + sigma * noise + drift * DAYS / 365
    pixels = np.arange(n) if pixels is None else pixels
    places = np.array([4_510_000.0, 1_710_000.0]) + np.stack([pixels * 20.0, pixels * 0.0], 1)
    return Burst(places, series[pixels % n][:, days], release=name, epochs=FIRST + DAYS[days], pixels=pixels)


OLD, MIDDLE, NEW = slice(0, 200), slice(100, 300), slice(200, 400)


def test_offsets_are_recovered_within_their_errors():
    offsets = np.random.default_rng(1).uniform(-20, 20, 1500)
    for correlation in (0.0, 0.4):
        old = release("2018_2022", OLD, -offsets, 1500, 1, correlation)
        new = release("2019_2023", MIDDLE, 0.0, 1500, 2, correlation)
        with Countryside(old, new) as ground:
            found = ground.run("geometry.releases", "pid")
        order = np.argsort(old.pids)
        z = (found["offset_mm"] - offsets[order]) / found["offset_sigma_mm"]
        assert found["n_common"].tolist() == [100] * 1500 and found["is_joined"].all()
        assert 0.62 < np.mean(np.abs(z) < 1) < 0.76
        assert 0.92 < np.mean(np.abs(z) < 1.96) < 0.98
        drift = found["drift_mm_yr"] / found["drift_sigma_mm_yr"]
        assert 0.92 < np.mean(np.abs(drift) < 1.96) < 0.98


def test_a_drift_between_releases_is_found():
    old, new = release("2018_2022", OLD, 0.0), release("2019_2023", MIDDLE, 0.0, drift=2.0, seed=3)
    with Countryside(old, new) as ground:
        found = ground.run("geometry.releases")
    assert found["drift_mm_yr"] == pytest.approx(2.0, abs=0.7)
    assert (found["drift_mm_yr"] > 3 * found["drift_sigma_mm_yr"]).all()


def test_releases_without_noise_join_exactly():
    """Old lifted by its offset, new as it is: the truth, at every epoch of both."""
    old = release("2018_2022", OLD, 12.3, sigma=0.0)
    new = release("2019_2023", MIDDLE, 0.0, sigma=0.0)
    with Countryside(old, new) as ground:
        found = ground.run("geometry.joined", "pid")
    whole = release("whole", slice(0, 300), 0.0, sigma=0.0)
    order = np.argsort(whole.pids)
    assert found["offset_mm"] == pytest.approx(-12.3, abs=0.05)
    for row, truth in zip(found["displacements"], whole.series[order], strict=True):
        assert np.abs(np.array(row, dtype=float) / 10 - truth).max() < 0.16
    assert all(
        np.array_equal(np.array(epochs, dtype="datetime64[D]"), whole.epochs) for epochs in found["epochs"]
    )
    assert set(found["product"]) == {new.product}


def test_three_releases_chain_and_their_errors_add():
    bursts = [
        release("2018_2022", OLD, 5.0, seed=1),
        release("2019_2023", MIDDLE, -3.0, seed=2),
        release("2020_2024", NEW, 0.0, seed=3),
    ]
    with Countryside(*bursts) as ground:
        found = ground.run("geometry.joined", "pid")
        links = ground.query(
            "select pid, sum(offset_mm) as o, sqrt(sum(offset_sigma_mm ** 2)) as s, count(*) as n"
            " from geometry.releases group by pid order by pid"
        )
    assert found["n_releases"].tolist() == [3] * 40 and links["n"].tolist() == [2] * 40
    assert found["offset_mm"] == pytest.approx(links["o"], abs=1e-9)
    assert found["offset_sigma_mm"] == pytest.approx(links["s"], abs=1e-9)
    assert found["offset_mm"] == pytest.approx(-5.0, abs=1.0)
    for epochs, row in zip(found["epochs"], found["displacements"], strict=True):
        assert len(epochs) == len(row) == 400 and sorted(set(epochs)) == list(epochs)


def test_a_release_that_lacks_a_point_ends_its_chain():
    lacking = np.delete(np.arange(40), 7)
    bursts = [
        release("2018_2022", OLD, 5.0, seed=1),
        release("2019_2023", MIDDLE, -3.0, seed=2, pixels=lacking),
        release("2020_2024", NEW, 0.0, seed=3),
    ]
    with Countryside(*bursts) as ground:
        found = ground.run("geometry.joined")
        matches = ground.run("geometry.release_matches", "product")
    assert bursts[0].pids[7] not in found["pid"] and len(found["pid"]) == 39
    assert matches["n_only_older"].tolist() == [1, 0]
    assert matches["n_only_newer"].tolist() == [0, 1]
    assert matches["n_joined"].tolist() == [39, 39]


def test_too_few_common_epochs_join_nothing_and_are_counted():
    old, new = release("2018_2022", slice(0, 109), 5.0), release("2019_2023", MIDDLE, 0.0, seed=2)
    apart = release("2020_2024", slice(300, 400), 0.0, seed=3)
    with Countryside(old, new, apart) as ground:
        assert len(ground.run("geometry.joined")["pid"]) == 0
        matches = ground.run("geometry.release_matches", "product")
        found = ground.query("from geometry.releases order by product")
    assert matches["n_too_short"].tolist() == [40, 40] and matches["n_joined"].tolist() == [0, 0]
    assert found["n_common"].tolist() == [9] * 40 + [0] * 40
    assert np.ma.getmaskarray(found["offset_mm"])[40:].all()  # never an offset of 0 without a word


def test_missing_epochs_do_not_count():
    old, new = release("2018_2022", OLD, 5.0), release("2019_2023", MIDDLE, 0.0, seed=2)
    new.series[0, ::2] = np.nan
    old.series[1, 100:195] = np.nan
    with Countryside(old, new) as ground:
        found = ground.run("geometry.releases", "pid")
    counts = dict(zip(found["pid"], found["n_common"].tolist(), strict=True))
    assert (counts[old.pids[0]], counts[old.pids[1]], counts[old.pids[2]]) == (50, 5, 100)
    assert not dict(zip(found["pid"], found["is_joined"], strict=True))[old.pids[1]]


def test_another_pixel_under_the_same_pid_is_not_joined():
    old, new = release("2018_2022", OLD, 5.0), release("2019_2023", MIDDLE, 0.0, seed=2)
    with Countryside(old, new) as ground:
        ground.bench.connection.execute(
            f"update observed.points set line = 99 where product = '{old.product}' and pid = '{old.pids[3]}'"
        )
        joined = ground.run("geometry.joined")
        matches = ground.run("geometry.release_matches")
    assert old.pids[3] not in joined["pid"] and len(joined["pid"]) == 39
    assert matches["n_moved"].tolist() == [1]


def test_releases_join_through_files_and_only_what_is_needed_is_built(tmp_path):
    """Header generations differ between releases; L2a stays out; what does not match is said."""
    dates = [
        forge.epochs(datetime.date(2018, 1, 6), 40, 48),
        forge.epochs(datetime.date(2020, 1, 20), 30, 48),
    ]
    common = set(dates[0]) & set(dates[1])
    for level in ("L2b", "L2a"):
        forge.product(level, "old", n_points=8, dates=dates[0], release="2018_2022").write_zip(tmp_path)
        forge.product(level, "new", n_points=6, dates=dates[1]).write_zip(tmp_path)
    lake = tmp_path / "lake"
    assert not egmsql.ingest(lake, sorted(tmp_path.glob("*.zip"))).errors
    done = egmsql.build(lake, ["geometry.joined", "geometry.release_matches"])
    with egmsql.connect(lake) as connection:
        matches = connection.execute("from geometry.release_matches").fetchall()
        (n_joined,) = connection.execute("select count(*) from geometry.joined").fetchone()
        pairs = connection.execute("select distinct product from geometry.releases").fetchall()
    assert len(pairs) == 1 and "L2b" in pairs[0][0]
    enough = len(common) >= 10
    assert matches[0][2:] == (2, 0, 0, 0 if enough else 6, 6 if enough else 0)
    assert n_joined == (6 if enough else 0)
    assert bool(done.warnings) == (not enough)
    assert egmsql.build(lake, ["geometry.joined"]).runs == []
