"""What egmsql costs beside what it is compared with, in one run: `make bench`.

Every contender runs in a process of its own, so that its peak memory is its own; contenders take turns and
the best of each counts, because machines are noisy. The absolute times prove nothing, the ratios do.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq

HERE = Path(__file__).resolve()


def parse_with_duckdb(paths, threads):
    """Parse csv files into nothing: the sum of every column, explicit FLOAT, no sniffing."""
    with duckdb.connect(config={"threads": threads}) as connection:
        for path in paths:
            with Path(path).open() as file:
                names = file.readline().strip().split(",")
            types = {name: "VARCHAR" if name == "pid" else "FLOAT" for name in names}
            sums = ", ".join(f'sum("{name}")' for name in names if name != "pid")
            connection.execute(
                f"select {sums} from read_csv(?, auto_detect = false, header = true, delim = ',', columns = {types})",
                [str(path)],
            ).fetchall()


def read_with_pandas(paths, threads):
    """Read csv files as a script would: pandas with its own guesses."""
    import pandas as pd

    for path in paths:
        pd.read_csv(path)


def ingest(paths, threads):
    """Ingest files into a new lake."""
    import egmsql

    with tempfile.TemporaryDirectory(dir=Path(paths[0]).parent) as folder:
        done = egmsql.ingest(Path(folder) / "lake", paths, egmsql.Settings(threads=threads))
        if done.errors:
            raise done.errors[0]


def fit_with_egmsql(paths, threads):
    """Build features.fits anew in a lake that has everything below it."""
    import egmsql

    egmsql.build(paths[0], ["features.fits"], egmsql.Settings(threads=threads))


def combine_with_egmsql(paths, threads):
    """Build duplicates, cells, their series and hot spots in a lake that has everything below them."""
    import egmsql

    models = ["geometry.cells", "geometry.displacement", "geometry.hotspots"]
    egmsql.build(paths[0], models, egmsql.Settings(threads=threads))


def fit_with_numpy(paths, threads):
    """The ceiling: the same four dot products by numpy, the series in memory already."""
    from egmsql.udfs.fit_weights import fit_weights

    values = np.load(paths[0])
    epochs = np.datetime64("2020-01-03") + 6 * np.arange(values.shape[1])
    weights = np.stack(list(fit_weights(epochs, np.array([], dtype=int)).values())) * 0.1
    started = time.perf_counter()
    for start in range(0, len(values), 4096):
        values[start : start + 4096].astype(float) @ weights.T
    return time.perf_counter() - started


CONTENDERS = {
    f.__name__: f
    for f in (
        parse_with_duckdb,
        read_with_pandas,
        ingest,
        fit_with_egmsql,
        combine_with_egmsql,
        fit_with_numpy,
    )
}


def measured(name, paths, threads):
    """Run one contender in a new process; return (seconds, peak memory in bytes)."""
    command = [sys.executable, HERE, "--contender", name, "--threads", str(threads), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    return result["seconds"], result["peak"]


def contend(name, paths, threads):
    """Be one contender: warm up imports, run, print seconds and peak memory."""
    if name in ("ingest", "fit_with_egmsql"):
        pass
    forget_inherited_peak()
    started = time.perf_counter()
    own_clock = CONTENDERS[name](paths, threads)  # for one that has to prepare something first
    seconds = own_clock or time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak": peak_memory()}))


def forget_inherited_peak():
    """Start counting this process's peak memory anew: a child begins with its parent's."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def peak_memory():
    """Return the peak resident memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (text for text in status.read_text().splitlines() if text.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def best(runs):
    """Return the least seconds and the greatest peak of several runs."""
    return min(seconds for seconds, _ in runs), max(peak for _, peak in runs)


def compare_ingest(zips, csvs, threads, rounds):
    """Print ingest throughput beside bare parsing, all in turns."""
    n_bytes = sum(p.stat().st_size for p in csvs)
    turns = {
        "DuckDB bare parse of the csv": ("parse_with_duckdb", csvs),
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
    parse, _ = best(runs["DuckDB bare parse of the csv"])
    print(f"\n{n_bytes / 1e6:.0f} MB of csv in {len(csvs)} files, {threads} threads, best of {rounds}")
    print(f"{'':32}{'s':>8}{'MB/s':>8}{'x DuckDB':>10}{'peak MiB':>10}   goal")
    goals = {"egmsql ingest from zip": 0.85, "egmsql ingest from csv": 1.2}
    for label, (_, paths) in turns.items():
        seconds, peak = best(runs[label])
        size = n_bytes if len(paths) == len(csvs) else csvs[0].stat().st_size
        ratio = size / seconds / (n_bytes / parse)
        goal = goals.get(label)
        verdict = f"{goal} {'met' if ratio >= goal else 'MISSED'}" if goal else ""
        print(
            f"{label:32}{seconds:8.2f}{size / seconds / 1e6:8.0f}{ratio:10.2f}{peak / 2**20:10.0f}   {verdict}"
        )


def compare_memory(folder, threads):
    """Print the peak memory of ingesting a small and a large file."""
    from egmsql.simulator import simulate

    peaks = {}
    for points in (10_000, 1_000_000):
        out = folder / f"memory{points}"
        (path,) = simulate(out, points=points, seed=2, products=1)
        _, peaks[points] = measured("ingest", [path], threads)
        shutil.rmtree(out)
    print(
        "\npeak memory of ingesting one zip: "
        + ", ".join(f"{n:,} points {p / 2**20:.0f} MiB" for n, p in peaks.items())
    )
    verdict = "met" if peaks[1_000_000] <= 2 * 2**30 else "MISSED"
    print(f"goal: at most 2048 MiB for any size: {verdict}")


def compare_size(lake):
    """Print bytes per point of the series beside the order-0 entropy of a simple model's residual."""
    import egmsql

    with egmsql.connect(lake) as connection:
        rows = connection.execute(
            "select partition, path, n_rows, n_bytes from _files where model = 'series.displacement' order by 1"
        ).fetchall()
    print(f"\n{'series on disk':42}{'epochs':>8}{'B/point':>9}{'entropy':>9}{'ratio':>7}   goal 1.2")
    for product, path, n_rows, n_bytes in rows:
        values = series_of(Path(lake) / path)
        floor = residual_entropy(values)
        ratio = n_bytes / n_rows / floor
        verdict = "met" if ratio <= 1.2 else "MISSED"
        print(f"{product:42}{values.shape[1]:8}{n_bytes / n_rows:9.1f}{floor:9.1f}{ratio:7.2f}   {verdict}")


def series_of(path, n_rows=50_000):
    """Return the first series of a file, shape (rows, epochs), in 0.1 mm."""
    batch = next(pq.ParquetFile(path).iter_batches(batch_size=n_rows, columns=["displacements"]))
    lists = batch.column(0)
    return lists.flatten().to_numpy().reshape(len(lists), -1)


def residual_entropy(values):
    """Return bytes per series by the order-0 entropy of the residual of line, parabola and annual wave."""
    from egmsql.udfs.kernels.fits import fit_matrix

    years = np.arange(values.shape[1]) * 5 / values.shape[1]
    design = np.linalg.qr(fit_matrix(years, "1 t t² cos sin"))[0]
    residual = np.rint(values - (values @ design) @ design.T).astype(int).ravel()
    counts = np.bincount(residual - residual.min())
    shares = counts[counts > 0] / residual.size
    return float(-(shares * np.log2(shares)).sum() * values.shape[1] / 8)


def compare_fits(lake, folder, threads):
    """Print the rate of features.fits, Parquet to Parquet, beside numpy in memory."""
    import egmsql

    egmsql.build(lake)
    with egmsql.connect(lake) as connection:
        rows = connection.execute(
            "select path, n_rows from _files where model = 'series.displacement' order by n_rows desc"
        ).fetchall()
    n_points = sum(n for _, n in rows)
    np.save(folder / "series.npy", series_of(Path(lake) / rows[0][0]))
    shutil.rmtree(Path(lake) / "features" / "fits")  # lost files are made again
    seconds, peak = measured("fit_with_egmsql", [lake], threads)
    ceiling, _ = measured("fit_with_numpy", [folder / "series.npy"], 1)
    rate, top = n_points / seconds, len(np.load(folder / "series.npy", mmap_mode="r")) / ceiling
    print(
        f"\nfeatures.fits, Parquet to Parquet, audited and published: {rate:,.0f} points/s on {threads} threads,"
    )
    print(
        f"peak {peak / 2**20:.0f} MiB; numpy's dot products alone, in memory: {top:,.0f} points/s ({rate / top:.2f} of it)"
    )


def compare_geometry(folder, threads):
    """Print the rate and peak memory of putting two directions together, for two sizes of one tile."""
    import egmsql
    from egmsql.simulator import simulate

    print("\nduplicates, cells, series and hot spots from two bursts of both directions, Parquet to Parquet")
    for points in (100_000, 400_000):
        zips = simulate(folder / f"ground{points}", points=points, seed=3, products=2)
        lake = folder / f"ground{points}-lake"
        egmsql.ingest(lake, zips)
        egmsql.build(lake, ["features.kinematics"])
        seconds, peak = measured("combine_with_egmsql", [lake], threads)
        with egmsql.connect(lake) as connection:
            (n_cells,) = connection.execute("select count(*) from geometry.cells").fetchone()
            (n_members,) = connection.execute(
                "select sum(n_ascending + n_descending) from geometry.cells"
            ).fetchone()
        print(
            f"{points:>9,} points, {n_members or 0:,} of them in {n_cells:,} cells of both directions:"
            f" {points / seconds:,.0f} points/s, peak {peak / 2**20:.0f} MiB"
        )


def main():
    """Run all comparisons, or be one contender."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--contender", choices=CONTENDERS)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--data", type=Path, default=os.environ.get("EGMSQL_DATA", "../shared/data"))
    options = parser.parse_args()
    if options.contender:
        contend(options.contender, options.paths, options.threads)
        return
    import egmsql
    from egmsql.simulator import simulate

    with tempfile.TemporaryDirectory(prefix="egmsql-bench-") as name:
        folder = Path(name)
        zips = simulate(folder / "zip", points=options.points, seed=1, products=2)
        csvs = []
        for path in zips:
            with zipfile.ZipFile(path) as archive:
                csvs.append(Path(archive.extract(f"{path.stem}.csv", folder / "csv")))
        compare_ingest(zips, csvs, options.threads, options.rounds)
        compare_memory(folder, options.threads)
        real = sorted(Path(options.data).rglob("EGMS_*.zip"))
        lake = folder / "lake"
        egmsql.ingest(lake, [*zips, *real])
        compare_size(lake)
        compare_fits(lake, folder, options.threads)
        compare_geometry(folder, options.threads)


if __name__ == "__main__":
    main()
