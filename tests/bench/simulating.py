"""How fast and in how much memory files are simulated."""

from measuring import measured

_GOAL = 100  # MB/s of csv, zipped, L2


def compare_simulation(results, points, threads):
    """Print how fast L2b and L3 files are simulated, and the peak memory at two sizes."""
    print(f"\n{'simulating one release, zipped':32}{'points':>12}{'MB/s of csv':>13}{'peak MiB':>10}   goal")
    for label, name, goal in (
        ("L2b", "simulate_bursts", _GOAL),
        ("L3 (made of as many points)", "simulate_tiles", None),
    ):
        for n in (points // 10, points):
            seconds, peak = measured(name, [n], threads)
            rate = 1_000 / seconds
            figure = results.add("simulate", label, f"{n:,} points", rate, "MB/s of csv", goal=goal)
            verdict = f"{goal} {figure.verdict}" if goal else ""
            print(f"{label:32}{n:12,}{rate:13.0f}{peak / 2**20:10.0f}   {verdict}")
