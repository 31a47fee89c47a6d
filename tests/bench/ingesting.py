"""How fast and in how much memory files come into a lake, beside bare parsing."""

import shutil

from deliveries import simulated
from measuring import best, measured

_PARSE = "DuckDB bare parse of the csv"
_GOALS = {"egmsql ingest from zip": 0.85, "egmsql ingest from csv": 1.2}  # times DuckDB's bare parse
_MOST_MEMORY = 2048  # MiB, whatever the size of a file


def compare_ingest(results, zips, csvs, threads, rounds):
    """Print ingest throughput beside bare parsing, all in turns."""
    n_bytes = sum(p.stat().st_size for p in csvs)
    turns = {
        _PARSE: ("parse_with_duckdb", csvs),
        "pandas read_csv": ("read_with_pandas", csvs),
        "egmsql ingest from zip": ("ingest", zips),
        "egmsql ingest from csv": ("ingest", csvs),
        "egmsql ingest from one zip": ("ingest", zips[:1]),
    }
    runs = {label: [] for label in turns}
    for _ in range(rounds):
        for label, (name, paths) in turns.items():
            if label != "pandas read_csv" or not runs[label]:  # slow: once is enough
                runs[label].append(measured(name, paths, threads))
    parse, _ = best(runs[_PARSE])
    measured_on = f"{n_bytes / 1e6:.0f} MB of csv in {len(csvs)} files"
    print(f"\n{measured_on}, {threads} threads, best of {rounds}")
    print(f"{'':32}{'s':>8}{'MB/s':>8}{'x DuckDB':>10}{'peak MiB':>10}   goal")
    for label, (_, paths) in turns.items():
        seconds, peak = best(runs[label])
        size = n_bytes if len(paths) == len(csvs) else csvs[0].stat().st_size
        ratio = size / seconds / (n_bytes / parse)
        rate, goal = size / seconds / 1e6, _GOALS.get(label)
        figure = results.add("ingest", label, measured_on, rate, "MB/s of csv", _PARSE, ratio, goal)
        verdict = f"{goal} {figure.verdict}" if goal else ""
        print(f"{label:32}{seconds:8.2f}{rate:8.0f}{ratio:10.2f}{peak / 2**20:10.0f}   {verdict}")


def compare_memory(results, folder, threads, sizes):
    """Print the peak memory of ingesting a small and a large file."""
    told = []
    for points in sizes:
        out = folder / f"memory{points}"
        (path,) = simulated(out, points, seed=2, products=1)
        _, peak = measured("ingest", [path], threads)
        shutil.rmtree(out)
        size = f"{points:,} points in one zip"
        figure = results.add(
            "ingest", "peak memory", size, peak / 2**20, "MiB", goal=_MOST_MEMORY, at_most=True
        )
        told.append(f"{points:,} points {figure.value:.0f} MiB ({figure.verdict})")
    print(
        f"\npeak memory of ingesting one zip: {', '.join(told)}; goal: at most {_MOST_MEMORY} MiB for any size"
    )
