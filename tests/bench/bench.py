"""What egmsql costs beside what it is compared with, in one run: `make bench`.

Every contender runs in a process of its own, so that its peak memory is its own; contenders take turns and
the best of each counts, because machines are noisy. The absolute times prove nothing, the ratios do.

    make bench ARGS="--only models --points 200000"
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
        compare(Path(name), options, options.only or PARTS)
    print(f"\n{time.perf_counter() - started:.0f} s in all")


def arguments():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=PARTS, action="append", help="this part alone; may be repeated")
    parser.add_argument("--points", type=int, default=1_000_000, help="simulated, in two files")
    parser.add_argument("--rounds", type=int, default=3, help="turns of ingest; models take two at most")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--data", type=Path, default=os.environ.get("EGMSQL_DATA", "../shared/data"))
    return parser.parse_args()


def compare(folder, options, parts):
    """Print the parts asked for, on files in a folder that is thrown away afterwards."""
    if "simulate" in parts:
        compare_simulation(options.points, options.threads)
    if not {*parts} - {"simulate"}:
        return
    zips = simulated(folder / "zip", options.points, seed=1, products=2)
    if "ingest" in parts:
        compare_ingest(zips, unpacked(zips, folder / "csv"), options.threads, options.rounds)
        compare_memory(folder, options.threads)
    if "size" in parts:
        compare_size(ingested(folder / "simulated", zips))
        compare_size(ingested(folder / "real", sorted(Path(options.data).rglob("EGMS_*.zip"))))
    if "models" in parts:
        lake = ingested(folder / "lake", region(folder / "region", options.points, seed=1))
        compare_models(lake, folder, options.threads, rounds=1)


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
