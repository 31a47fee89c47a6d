"""The clustering kernel beside scikit-learn's trees, on the same points, cores and settings, in one run.

python tests/bench/clusters.py [--points 1000000] [--threads 2] [--only grid|kd_tree|ball_tree]

Peak memory is that of each contender alone: `--only` in a process of its own.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from egmsql.udfs.kernels.dbscan import find_clusters

SETTINGS = ((100.0, 5), (25.0, 10))  # eps m, min_points
EPS_VELOCITY = 3.0
CONTENDERS = ("grid", "kd_tree", "ball_tree")


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


def cluster(contender, points, eps, min_points, threads):
    """Return (is_core, cluster as the place of its first core), and seconds by wall and by processor."""
    from sklearn.cluster import DBSCAN

    x, y, v = points
    wall, processor = time.perf_counter(), time.process_time()
    if contender == "grid":
        found = find_clusters(x, y, v, eps, EPS_VELOCITY, min_points, threads=threads)
        spent = time.perf_counter() - wall, time.process_time() - processor
        return found.is_core, found.cluster, spent
    table = np.column_stack([x, y, v * (eps / EPS_VELOCITY)])
    found = DBSCAN(eps=eps, min_samples=min_points, algorithm=contender, n_jobs=threads).fit(table)
    spent = time.perf_counter() - wall, time.process_time() - processor
    is_core = np.zeros(len(x), dtype=bool)
    is_core[found.core_sample_indices_] = True
    first = np.full(found.labels_.max() + 1, len(x))
    np.minimum.at(first, found.labels_[is_core], np.flatnonzero(is_core))
    return is_core, np.where(found.labels_ >= 0, first[found.labels_], -1), spent


def compare(n, threads):
    """Print seconds and ratios; fail unless all labels are equal."""
    points = towns(n)
    cluster("grid", towns(2000), *SETTINGS[0], threads)  # compiles
    for eps, min_points in SETTINGS:
        best = {}
        for _ in range(2):
            for contender in CONTENDERS:
                is_core, label, spent = cluster(contender, points, eps, min_points, threads)
                known = best.setdefault(contender, (is_core, label, spent))
                assert (known[0] == best["grid"][0]).all() and (known[1] == best["grid"][1]).all(), contender
                best[contender] = (is_core, label, tuple(map(min, known[2], spent)))
        print(f"eps {eps:g} m, {min_points} neighbours, {n:,} points, labels equal")
        for contender in CONTENDERS:
            wall, processor = best[contender][2]
            ratio = [a / b for a, b in zip(best[contender][2], best["grid"][2], strict=True)]
            print(
                f"  {contender:10} {wall:6.2f} s ({ratio[0]:.1f} x)   processor {processor:6.2f} s ({ratio[1]:.1f} x)"
            )


def peak_mib():
    """Return the most memory that this process held; its parent's, which getrusage may show, is left out."""
    (line,) = (t for t in Path("/proc/self/status").read_text().splitlines() if t.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def main():
    """Compare, then measure each contender's memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=(*CONTENDERS, "nothing"))
    given = parser.parse_args()
    if given.only:
        points = towns(given.points)
        if given.only != "nothing":
            cluster(given.only, points, *SETTINGS[0], given.threads)
        print(peak_mib())
        return
    compare(given.points, given.threads)
    for contender in ("nothing", *CONTENDERS):
        command = [sys.executable, __file__, "--only", contender, "--points", str(given.points)]
        peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        print(f"peak memory of {contender}: {peak} MiB")


if __name__ == "__main__":
    main()
