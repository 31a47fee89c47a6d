"""Overlapping bursts: each scatterer once, whatever the order, the tiles and the number of bursts."""

import itertools

import forge
import numpy as np
import pytest
from countryside import ASCENDING, Burst, Countryside

import egmsql

RADIUS, MOST_STEPS = 10.0, 3
CORNER = np.array([4_599_950.0, 1_740_000.0])  # where two tiles meet


def bursts_over(scatterers, n_bursts, seed, scatter=2.0, share=0.8):
    """Return bursts that each see most of the scatterers, a few metres off, and which they saw."""
    rng = np.random.default_rng(seed)
    bursts, truth = [], []
    for number in range(n_bursts):
        ids = np.flatnonzero(rng.random(len(scatterers)) < share)
        places = scatterers[ids] + rng.normal(0, scatter, (len(ids), 2))
        coherence = np.round(rng.uniform(0.5, 1, len(ids)), 2)
        series = np.zeros((len(ids), 12))
        bursts.append(Burst(places, series, number=845 + number, coherence=coherence, epochs=epochs(12)))
        truth.append(ids)
    return bursts, truth


def epochs(n):
    return np.datetime64("2020-01-03") + 12 * np.arange(n)


def removed(*bursts):
    with Countryside(*bursts) as ground:
        found = ground.run("neighbourhood.duplicates")
    return {
        (pid, product): better
        for pid, product, better in zip(found["pid"], found["product"], found["better_pid"], strict=True)
    }


def reference(bursts):
    """Return the same by plain loops: mutual nearest neighbours, then ways of up to three steps."""
    points = [
        (b.track, b.release, b.product, pid, tuple(place), (coherence, -1.0, -rank(pid)))
        for b in bursts
        for pid, place, coherence in zip(b.pids, b.places, b.coherence, strict=True)
    ]
    nearest = {}
    for one, other in itertools.permutations(points, 2):
        if one[:2] != other[:2] or one[2] == other[2]:
            continue
        distance = np.sqrt((one[4][0] - other[4][0]) ** 2 + (one[4][1] - other[4][1]) ** 2)
        if distance <= RADIUS:
            key = one[3], other[2]
            nearest[key] = min(nearest.get(key, (np.inf, "")), (distance, other[3]))
    by_pid = {p[3]: p for p in points}
    edges = {}
    for (pid, product), (_, other) in nearest.items():
        if nearest.get((other, by_pid[pid][2]), (0, ""))[1] == pid:
            edges.setdefault(pid, []).append(other)
            assert by_pid[other][2] == product
    found = {}
    for pid in edges:
        ways, reached = [[pid]], set()
        for _ in range(MOST_STEPS):
            ways = [
                [*way, other]
                for way in ways
                for other in edges[way[-1]]
                if by_pid[other][2] not in {by_pid[p][2] for p in way}
            ]
            reached |= {way[-1] for way in ways}
        better = [p for p in reached if by_pid[p][5] > by_pid[pid][5]]
        if better:
            found[pid, by_pid[pid][2]] = max(better, key=lambda p: by_pid[p][5])
    return found


def rank(pid):
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    value = 0
    for digit in pid[1:]:
        value = value * 62 + digits.index(digit)
    return value


@pytest.mark.parametrize("n_bursts", [2, 3, 4])
def test_the_model_finds_what_plain_loops_find(n_bursts):
    rng = np.random.default_rng(n_bursts)
    scatterers = CORNER + rng.uniform(0, 160, (90, 2))  # dense: neighbours closer than the radius, two tiles
    bursts, _ = bursts_over(scatterers, n_bursts, seed=n_bursts)
    expected = reference(bursts)
    assert len(expected) > 20
    assert removed(*bursts) == expected


def test_order_of_files_and_points_changes_nothing():
    scatterers = CORNER + np.random.default_rng(5).uniform(0, 300, (200, 2))
    bursts, _ = bursts_over(scatterers, 3, seed=5)
    before = removed(*bursts)
    shuffled = []
    for burst in reversed(bursts):
        order = np.random.default_rng(6).permutation(len(burst.places))
        shuffled.append(
            Burst(
                burst.places[order],
                burst.series[order],
                burst.number,
                coherence=burst.coherence[order],
                pixels=order,
                epochs=burst.epochs,
            )
        )
    assert before and removed(*shuffled) == before


@pytest.mark.parametrize("n_bursts", [2, 3, 4])
def test_well_separated_scatterers_are_counted_exactly_once(n_bursts):
    """Truth by identity: 50 m apart, so what bursts see of one scatterer is found, and nothing else."""
    grid = np.stack(np.meshgrid(np.arange(12), np.arange(12)), -1).reshape(-1, 2) * 50.0
    bursts, truth = bursts_over(CORNER + grid, n_bursts, seed=n_bursts, scatter=1.5)
    gone = removed(*bursts)
    kept = [
        scatterer
        for burst, ids in zip(bursts, truth, strict=True)
        for pid, scatterer in zip(burst.pids, ids, strict=True)
        if (pid, burst.product) not in gone
    ]
    assert sorted(kept) == sorted(set(np.concatenate(truth).tolist()))


def test_the_best_of_each_scatterer_stays():
    place = np.array([CORNER + 10.0])
    bursts = [
        Burst(
            place + np.array([[i, 0.0]]),
            np.zeros((1, 12)),
            845 + i,
            coherence=np.array([c]),
            epochs=epochs(12),
        )
        for i, c in enumerate([0.7, 0.9, 0.8])
    ]
    best = bursts[1].pids[0]
    assert removed(*bursts) == {(bursts[i].pids[0], bursts[i].product): best for i in (0, 2)}


def test_a_worse_middle_one_cannot_keep_two_apart():
    """A, B, C in a row, 8 m apart: A and C meet only by way of B, and still count once."""
    bursts = [
        Burst(
            CORNER + np.array([[8.0 * i, 10.0]]),
            np.zeros((1, 12)),
            845 + i,
            coherence=np.array([c]),
            epochs=epochs(12),
        )
        for i, c in enumerate([0.9, 0.5, 0.8])
    ]
    assert set(removed(*bursts)) == {(b.pids[0], b.product) for b in bursts[1:]}


def test_points_of_one_burst_other_tracks_and_other_releases_stay():
    places = np.array([CORNER + 10.0] * 2)
    still = np.zeros((2, 12))
    one = Burst(places, still, epochs=epochs(12))
    other = Burst(places, still, track=117, look=ASCENDING, epochs=epochs(12))
    later = Burst(places, still, release="2019_2023", number=846, epochs=epochs(12))
    relative = Burst(places, still, level="L2a", number=847, epochs=epochs(12))
    assert removed(one, other, later, relative) == {}


def test_a_build_by_tiles_gives_the_rows_of_one_run_over_everything(tmp_path):
    """Two bursts across the edge of two tiles, through files, planner and partitions."""
    rng = np.random.default_rng(8)
    scatterers = np.array([4_599_900.0, 1_740_000.0]) + rng.uniform(0, 200, (60, 2))
    for number in (845, 846):
        product = forge.product(burst=number, n_points=60, seed=number)
        for row, place in enumerate(scatterers + rng.normal(0, 2, scatterers.shape), 1):
            product["easting", row], product["northing", row] = (f"{c:.2f}" for c in place)
            product["temporal_coherence", row] = f"{rng.uniform(0.5, 1):.2f}"
        product.write_zip(tmp_path)
    lake = tmp_path / "lake"
    assert not egmsql.ingest(lake, sorted(tmp_path.glob("*.zip"))).errors
    egmsql.build(lake, ["neighbourhood.duplicates"])
    assert egmsql.plan(lake, project=None) is not None
    with egmsql.connect(lake) as connection:
        tiles = connection.execute(
            "select partition, n_rows from _files where model = 'neighbourhood.duplicates' order by 1"
        ).fetchall()
        stored = connection.execute("from neighbourhood.duplicates order by all").fetchall()
        query = egmsql.load_project().models["neighbourhood.duplicates"].query
        assert connection.execute(f"from ({query}) order by all").fetchall() == stored
    assert [name for name, _ in tiles] == ["E45N17_2020_2024", "E46N17_2020_2024"]
    assert min(n for _, n in tiles) > 5 and len(stored) > 30


def test_another_product_far_away_rebuilds_no_tile_of_these(tmp_path):
    first = forge.product(burst=845)
    lake = tmp_path / "lake"
    egmsql.ingest(lake, [first.write_zip(tmp_path)])
    egmsql.build(lake, ["neighbourhood.duplicates"])
    far = forge.product(burst=846, seed=3)
    for row in range(1, 6):
        far["easting", row] = f"{3_912_345.0 + row:.1f}"
    egmsql.ingest(lake, [far.write_zip(tmp_path)])
    done = egmsql.build(lake, ["neighbourhood.duplicates"])
    assert {run.partition for run in done.runs if run.model == "neighbourhood.duplicates"} == {
        "E39N17_2020_2024"
    }
