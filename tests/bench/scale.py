"""A lake of so many million simulated points from files to the web, step by step: `make bench-scale ARGS="1 10 100"`.

Each step runs in a process of its own, so that seconds, processor time and peak memory are its own: simulating, ingesting,
building each group of models, all that is left with serving.duckdb, checking. What is finished is kept in --folder: a stopped
run goes on where it ended (a step that was cut counts from its second start and is marked). Zips are deleted once ingested.
With two sizes or more docs/performance/scale.md and scale.png are written.

--added N: into a lake of N small products goes one more; how long that takes, and what is built for it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import groupby
from pathlib import Path

from measuring import forget_inherited_peak, peak_memory
from scale_page import print_table, write_scale

_POINTS_OF_A_PRODUCT = 2_000  # of the lake that one product is added to


def steps():
    """Return the names of the steps of a lake, in order: groups of models are named as their schemas."""
    import egmsql

    project = egmsql.load_project()
    schemas = dict.fromkeys(
        name.split(".")[0] for name in project.tables if name not in project.source_models
    )
    return ["simulate", "ingest", *(schema for schema in schemas if schema != "serving"), "serving", "check"]


def simulate(folder, points, threads):
    """Write the zips of a region: L2b of two tracks and two releases."""
    from egmsql.simulator import simulate as write

    write(folder / "zip", points=points // 2, seed=1, tracks=2, levels="L2b", threads=threads)


def ingest(folder, points, threads):
    """Ingest the zips and delete them."""
    import egmsql

    done = egmsql.ingest(
        folder / "lake", sorted((folder / "zip").glob("*.zip")), egmsql.Settings(threads=threads)
    )
    if done.errors:
        raise done.errors[0]
    shutil.rmtree(folder / "zip")


def build(folder, schema, threads):
    """Build the models of one schema and whatever they need; everything for `serving`."""
    import egmsql

    models = [m for m in egmsql.load_project().tables if m.split(".")[0] == schema]
    done = egmsql.build(
        folder / "lake", None if schema == "serving" else models, egmsql.Settings(threads=threads)
    )
    return any(run.action == "resumed" for run in done.runs)


def check(folder, points, threads):
    """Read every file of the lake and judge it."""
    import egmsql

    egmsql.check(folder / "lake", settings=egmsql.Settings(threads=threads))


def take(step, folder, points, threads):
    """Be one step: run, print what it took."""
    forget_inherited_peak()
    wall, processor = time.perf_counter(), time.process_time()
    known = {"simulate": simulate, "ingest": ingest, "check": check}
    if step in known:
        resumed = known[step](folder, points, threads)
    else:
        resumed = build(folder, step, threads)
    took = {"seconds": time.perf_counter() - wall, "processor": time.process_time() - processor}
    print(json.dumps({"step": step, **took, "peak": peak_memory(), "resumed": bool(resumed)}))


def measure(folder, points, threads):
    """Take every step that has not been taken; return what all took, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "steps.jsonl"
    found = (
        {row["step"]: row for row in map(json.loads, kept.read_text().splitlines())} if kept.exists() else {}
    )
    for step in steps():
        if step in found:
            continue
        print(f"{points:,} points: {step} ...", end=" ", flush=True)
        command = [
            sys.executable,
            __file__,
            "--step",
            step,
            "--points",
            str(points),
            "--threads",
            str(threads),
        ]
        done = subprocess.run([*command, "--folder", folder], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{step} failed:\n{done.stderr}")
        found[step] = json.loads(done.stdout.strip().splitlines()[-1])
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found[step]) + "\n")
        print(f"{found[step]['seconds']:.1f} s, {found[step]['peak'] / 2**20:.0f} MiB", flush=True)
    return list(found.values())


def sizes(lake):
    """Return (points, {schema: bytes}) of a built lake."""
    import egmsql

    with egmsql.connect(lake) as connection:
        rows = connection.execute(
            "select split_part(model, '.', 1), sum(n_bytes)::bigint from _files group by 1"
        )
        held = dict(rows.fetchall())
        (n,) = connection.execute(
            "select sum(n_rows)::bigint from _files where model = 'observed.points'"
        ).fetchone()
    held["serving"] += (lake / "serving.duckdb").stat().st_size
    return n, held


def add_one(n_products, threads):
    """Print what one more product takes in a lake of so many."""
    import egmsql

    settings = egmsql.Settings(threads=threads)
    with tempfile.TemporaryDirectory(prefix="egmsql-added-") as name:
        folder = Path(name)
        points = (n_products + 1) * _POINTS_OF_A_PRODUCT
        from egmsql.simulator import simulate as write

        zips = write(folder / "zip", points=points, seed=3, products=n_products + 1, threads=threads)
        taken = []
        for some in (zips[:-1], zips[-1:]):
            started = time.perf_counter()
            done = egmsql.ingest(folder / "lake", some, settings)
            if done.errors:
                raise done.errors[0]
            ingested = time.perf_counter()
            runs = egmsql.build(folder / "lake", settings=settings).runs
            taken.append((ingested - started, time.perf_counter() - ingested, runs))
    (first, built, whole), (one, rebuilt, runs) = taken
    print(
        f"\n{len(zips) - 1} products of {_POINTS_OF_A_PRODUCT:,} points: ingested in {first:.1f} s, built in {built:.1f} s, {len(whole)} tasks"
    )
    print(
        f"one more: ingested in {one:.1f} s, built in {rebuilt:.1f} s, {len(runs)} tasks ({rebuilt / built:.2f} of all)"
    )
    for model, done in groupby(sorted(runs, key=lambda run: run.model), key=lambda run: run.model):
        done = list(done)
        print(f"  {model:32}{len(done):5} of its files, {sum(r.seconds for r in done):7.2f} s")


def main():
    """Measure lakes of the sizes asked for, or be one step."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("millions", nargs="*", type=float, help="default 0.1 and 1")
    parser.add_argument("--folder", type=Path, help="keep lakes and finished steps here")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--added", type=int, metavar="N", help="add a product to a lake of N instead")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--points", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        take(given.step, given.folder, given.points, given.threads)
    elif given.added:
        add_one(given.added, given.threads)
    else:
        compare(given.millions or [0.1, 1], given.folder, given.threads)


def compare(millions, folder, threads):
    """Measure each size, print the table, and write the page where there are two."""
    with tempfile.TemporaryDirectory(prefix="egmsql-scale-") as name:
        found = []
        for n in millions:
            place = (folder or Path(name)) / f"{n:g}"
            taken = measure(place, int(n * 1e6), threads)
            found.append((*sizes(place / "lake"), taken))
            print_table(found)
    if len(found) > 1:
        write_scale(found, threads)


if __name__ == "__main__":
    main()
