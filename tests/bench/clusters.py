"""The clustering kernel beside scikit-learn's trees and scipy's, on the same points and cores, in one run.

python tests/bench/clusters.py [--points 100000 1000000] [--threads 2] [--contenders grid kd_tree]

Each contender runs in a process of its own: seconds of the clustering alone, peak memory of the process, labels compared
with those of the kernel. A contender whose neighbour lists would not fit into memory is left out, and that is said.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from egmsql.udfs.kernels.dbscan import find_clusters
from measuring import forget_inherited_peak, peak_memory
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree, cKDTree

SETTINGS = ((100.0, 5), (25.0, 10))  # eps m, min_points
EPS_VELOCITY = 3.0
GOAL = 5.0  # times scikit-learn's best tree at GOAL_POINTS
GOAL_POINTS = 1_000_000
TREES = ("kd_tree", "ball_tree")  # scikit-learn's
CONTENDERS = ("grid", *TREES, "cKDTree")
REPEATED = 2_000_000  # points: of fewer the best of two runs counts


def towns(n, seed=0):
    """Return places (m) and velocities (mm/yr) of towns, each with a motion of its own, and country between."""
    rng = np.random.default_rng(seed)
    n_towns = max(1, n // 4000)
    side = np.sqrt(n / 1500) * 1000
    town = rng.integers(0, n_towns, n)
    middle = rng.uniform(0, side, (2, n_towns))
    size = rng.lognormal(np.log(600), 0.6, n_towns)
    x, y = middle[:, town] + rng.normal(0, 1, (2, n)) * size[town]
    country = rng.random(n) < 0.35
    x[country], y[country] = rng.uniform(0, side, (2, country.sum()))
    v = rng.choice([-6, -4, -3, 3, 5], n_towns)[town] + rng.normal(0, 1.5, n)
    return x.round(2) + 4e6, y.round(2) + 2e6, v.round(1)


def weighted(points, eps):
    """Return the points in the metric of the clustering, m, shape (n, 3)."""
    x, y, v = points
    return np.column_stack([x, y, v * (eps / EPS_VELOCITY)])


def by_grid(points, eps, min_points, threads):
    """Return (is_core, cluster as the place of its first core) by egmsql's kernel."""
    found = find_clusters(*points, eps, EPS_VELOCITY, min_points, threads=threads)
    return found.is_core, found.cluster


def by_sklearn(algorithm):
    """Return the same by one of scikit-learn's trees."""

    def clustered(points, eps, min_points, threads):
        from sklearn.cluster import DBSCAN

        table = weighted(points, eps)
        found = DBSCAN(eps=eps, min_samples=min_points, algorithm=algorithm, n_jobs=threads).fit(table)
        is_core = np.zeros(len(table), dtype=bool)
        is_core[found.core_sample_indices_] = True
        return is_core, named(found.labels_, is_core)

    return clustered


def by_ckdtree(points, eps, min_points, threads):
    """Return the same from scipy's tree: counts, then pairs of cores as a graph, then borders."""
    table = weighted(points, eps)
    tree = cKDTree(table)
    is_core = tree.query_ball_point(table, eps, workers=threads, return_length=True) >= min_points
    cores = np.flatnonzero(is_core)
    core_tree = cKDTree(table[cores])
    pairs = core_tree.query_pairs(eps, output_type="ndarray")
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(cores), len(cores)))
    _, component = connected_components(graph, directed=False)
    cluster = np.full(len(table), -1)
    cluster[cores] = first_of(component, cores)[component]
    others = np.flatnonzero(~is_core)
    for point, near in zip(
        others, core_tree.query_ball_point(table[others], eps, workers=threads), strict=True
    ):
        if near:
            cluster[point] = cluster[cores[near]].min()
    return is_core, cluster


def first_of(labels, places):
    """Return label -> the first place that has it."""
    first = np.full(labels.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, labels, places)
    return first


def named(labels, is_core):
    """Return each point's cluster as the place of its first core, -1 for noise."""
    first = first_of(labels[is_core], np.flatnonzero(is_core))
    return np.where(labels >= 0, first[labels] if len(first) else -1, -1)


WAYS = {"grid": by_grid, "cKDTree": by_ckdtree, **{name: by_sklearn(name) for name in TREES}}


def alone(contender, n, setting, threads, labels):
    """Cluster in this process; print its seconds and peak memory, and keep the labels in a file."""
    points = towns(n)
    WAYS[contender](towns(2000), *SETTINGS[setting], threads)  # compiles, imports
    forget_inherited_peak()
    before, best = peak_memory(), (math.inf, math.inf)
    for _ in range(2 if n < REPEATED else 1):
        wall, processor = time.perf_counter(), time.process_time()
        found = WAYS[contender](points, *SETTINGS[setting], threads)
        best = min(best, (time.perf_counter() - wall, time.process_time() - processor))
    np.savez(labels, is_core=found[0], cluster=found[1])
    print(json.dumps({"wall": best[0], "processor": best[1], "peak": peak_memory(), "before": before}))


def measured(contender, n, setting, threads, folder):
    """Return what `alone` printed, run in a process of its own, after comparing its labels with the kernel's."""
    labels = folder / f"{contender}.npz"
    arguments = ["--alone", contender, "--points", n, "--setting", setting, "--threads", threads]
    command = [sys.executable, __file__, *map(str, arguments), "--labels", str(labels)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{contender} failed:\n{done.stderr}")
    with np.load(labels) as found, np.load(folder / "grid.npz") as expected:
        for name in ("is_core", "cluster"):
            if not np.array_equal(found[name], expected[name]):
                sys.exit(f"{contender}: {name} differs from the kernel's at {n:,} points")
    return json.loads(done.stdout)


def neighbour_bytes(n, setting):
    """Return the bytes of all neighbour lists of n points, by a sample."""
    eps, _ = SETTINGS[setting]
    table = weighted(towns(n), eps)
    sample = np.random.default_rng(1).integers(0, n, 2000)
    counts = KDTree(table).query_ball_point(table[sample], eps, return_length=True)
    return int(counts.mean() * n * 8)


def available_bytes():
    """Return the memory that the system could give to a process now."""
    text = Path("/proc/meminfo").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("MemAvailable"))
    return int(line.split()[1]) * 1024


def compare(sizes, contenders, threads, wanted):
    """Print a row for each setting, size and contender; return the ratio to scikit-learn's best at the goal's size."""
    ratios = {}
    for setting, (eps, min_points) in enumerate(SETTINGS):
        if eps not in wanted:
            continue
        print(f"\neps {eps:g} m, {min_points} neighbours, {threads} cores\n", flush=True)
        print("| points | contender | s | x | processor s | growth | peak MiB | of it clustering |")
        print("|---:|---|---:|---:|---:|---:|---:|---:|", flush=True)
        before = {}
        for n in sizes:
            found = {}
            with tempfile.TemporaryDirectory() as folder:
                for contender in contenders:
                    needed = 0 if contender == "grid" else 2 * neighbour_bytes(n, setting)
                    if needed > available_bytes():
                        print(
                            f"| {n:,} | {contender} | needs {needed / 2**30:.0f} GiB for neighbour lists | | | | | |"
                        )
                        continue
                    found[contender] = measured(contender, n, setting, threads, Path(folder))
                    print(row(n, contender, found, before), flush=True)
            trees = [found[name]["wall"] for name in TREES if name in found]
            if trees and n == GOAL_POINTS:
                ratios[setting] = min(trees) / found["grid"]["wall"]
            before = {name: (n, values["wall"]) for name, values in found.items()}
    return ratios


def row(n, contender, found, before):
    """Return a line of the table; growth is the exponent from the size before."""
    values = found[contender]
    growth = ""
    if contender in before:
        n_before, wall = before[contender]
        growth = f"{math.log(values['wall'] / wall) / math.log(n / n_before):.2f}"
    ratio = values["wall"] / found["grid"]["wall"]
    peak, own = values["peak"] / 2**20, (values["peak"] - values["before"]) / 2**20
    return (
        f"| {n:,} | {contender} | {values['wall']:.2f} | {ratio:.1f} | {values['processor']:.2f} | {growth}"
        f" | {peak:,.0f} | {own:,.0f} |"
    )


def main():
    """Compare, and say whether the goal was met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=CONTENDERS)
    every = [eps for eps, _ in SETTINGS]
    parser.add_argument("--eps", type=float, nargs="+", choices=every, default=every)
    parser.add_argument("--alone", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--setting", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--labels", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        alone(given.alone, given.points[0], given.setting, given.threads, given.labels)
        return
    if given.contenders[0] != "grid":
        parser.error("the first contender is grid: the others are compared with it")
    for setting, ratio in compare(given.points, given.contenders, given.threads, given.eps).items():
        word = "met" if ratio >= GOAL else "MISSED"
        eps, _ = SETTINGS[setting]
        print(
            f"\n{ratio:.1f} x scikit-learn's best tree at {GOAL_POINTS:,} points, eps {eps:g} m"
            f" (goal {GOAL:g} x): {word}"
        )
    print("\nall labels equal")


if __name__ == "__main__":
    main()
