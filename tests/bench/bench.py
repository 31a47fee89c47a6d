"""What egmsql costs beside what it is compared with, in one run: `make bench`.

Every contender runs in a process of its own, so that its peak memory is its own; contenders take turns and
the best of each counts, because machines are noisy. The absolute times prove nothing, the ratios do.

    make bench ARGS="--only models --points 200000"

The figures are added to tests/bench/results.csv. A whole run also writes docs/performance/figures.md and its plots.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

from contenders import CONTENDERS, contend
from deliveries import region, simulated, unpacked
from ingesting import compare_ingest, compare_memory
from modelling import compare_models
from page import write_page
from results import RESULTS, Results
from simulating import compare_simulation
from sizes import compare_size

PARTS = ("simulate", "ingest", "models", "size")


def main():
    """Run the comparisons asked for, or be one contender."""
    options = arguments()
    if options.contender:
        contend(options.contender, options.paths, options.threads)
        return
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="egmsql-bench-") as name:
        results = Results()
        compare(results, Path(name), options, options.only or PARTS)
    results.write()
    seconds = time.perf_counter() - started
    print(f"\n{seconds:.0f} s in all; figures added to {RESULTS}")
    if not options.only:
        write_page(results, f"{options.threads} threads, {options.points:,} points, {seconds:.0f} s in all")


def arguments():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=PARTS, action="append", help="this part alone; may be repeated")
    parser.add_argument("--points", type=int, default=200_000, help="simulated, in two files")
    parser.add_argument("--rounds", type=int, default=3, help="turns of ingest; models take two at most")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--data", type=Path, default=os.environ.get("EGMSQL_DATA", "../shared/data"))
    return parser.parse_args()


def compare(results, folder, options, parts):
    """Print the parts asked for, on files in a folder that is thrown away afterwards."""
    if "simulate" in parts:
        compare_simulation(results, options.points, options.threads)
    if not {*parts} - {"simulate"}:
        return
    zips = simulated(folder / "zip", options.points, seed=1, products=2)
    if "ingest" in parts:
        compare_ingest(results, zips, unpacked(zips, folder / "csv"), options.threads, options.rounds)
        compare_memory(results, folder, options.threads, (10_000, options.points))
    if "size" in parts:
        compare_size(results, ingested(folder / "simulated", zips))
        compare_size(results, ingested(folder / "real", sorted(Path(options.data).rglob("EGMS_*.zip"))))
    if "models" in parts:
        lake = ingested(folder / "lake", region(folder / "region", options.points, seed=1))
        compare_models(results, lake, folder, options.threads, rounds=1)


def ingested(lake, zips):
    """Return the path of a new lake that holds the zips."""
    import egmsql

    if zips:
        done = egmsql.ingest(lake, zips)
        if done.errors:
            raise done.errors[0]
    return lake


if __name__ == "__main__":
    main()
