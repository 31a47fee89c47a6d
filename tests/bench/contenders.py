"""What is measured: each function is one contender, run alone in a process of its own.

A contender takes paths and a number of threads. It returns nothing, and the whole call counts, or the
seconds that count, where it had to prepare something first.
"""

import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
from measuring import forget_inherited_peak, peak_memory

_ROWS = 4096  # of one piece of numpy's work: its arrays stay in the cache
_WAVELENGTH = 55.46576  # mm


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


def build(paths, threads):
    """Build one model, named by the second path, in a lake that has everything else.

    Returns the seconds of its tasks: without planning and publishing, which take the same however many points
    there are, and are measured by doing them once more.
    """
    import egmsql
    from egmsql.catalog import publish
    from egmsql.lake import existing_lake

    lake, model = paths
    project, settings = egmsql.load_project(), egmsql.Settings(threads=threads)
    started = time.perf_counter()
    done = egmsql.build(lake, [model], settings, project)
    built = time.perf_counter()
    if {run.model for run in done.runs} != {model}:
        raise RuntimeError(f"built {[run.model for run in done.runs]} instead of {model}")
    if egmsql.build(lake, [model], settings, project).runs:
        raise RuntimeError(f"{model} was not up to date")
    found = existing_lake(lake)
    publish(found, project, found.load())
    return (built - started) - (time.perf_counter() - built)


def fits_with_numpy(paths, threads):
    """The dot products of `features.fits`, by one matrix product over series in memory."""
    values, weights = _prepared(paths[0])
    factors = np.array([*(weights[name] for name in _WEIGHTS), *weights["basis"]]).T * 0.1

    def evaluate(piece):
        piece = piece.astype(float)
        return piece @ factors, np.einsum("ij,ij->i", piece, piece)

    return _timed(evaluate, values, threads)


def residuals_with_numpy(paths, threads):
    """Coherence, residuals and their correlations of `features.residuals`, over series in memory."""
    values, weights = _prepared(paths[0])
    velocity, basis = np.array(weights["velocity"]), np.array(weights["basis"])
    years = np.arange(values.shape[1]) * 6 / 365

    def evaluate(piece):
        series = piece * 0.1
        phase = 4 * np.pi / _WAVELENGTH * (series - (series @ velocity)[:, None] * years)
        coherence = np.hypot(np.cos(phase).mean(1), np.sin(phase).mean(1))
        left = series - (series @ basis.T) @ basis
        products = [np.einsum("ij,ij->i", left[:, lag:], left[:, : left.shape[1] - lag]) for lag in range(3)]
        return coherence, products

    return _timed(evaluate, values, threads)


def simulate_bursts(points, threads):
    """Simulate L2b files; return the seconds a gigabyte of csv takes."""
    return _simulate("L2b", int(points[0]), threads)


def simulate_tiles(points, threads):
    """Simulate L3 files, the L2b series made anew; return the seconds a gigabyte of csv takes."""
    return _simulate("L3", int(points[0]), threads)


def _simulate(level, points, threads):
    """Simulate one level of one release after a warm-up; return seconds a gigabyte of csv."""
    from egmsql.simulator import simulate

    with tempfile.TemporaryDirectory() as folder:
        options = {"levels": level, "releases": "2020_2024", "threads": threads}
        simulate(Path(folder) / "warm", points=2_000, **options)
        counted, started = [], time.perf_counter()
        simulate(Path(folder) / "timed", points=points, progress=counted.append, **options)
        return (time.perf_counter() - started) / sum(counted) * 1e9


_WEIGHTS = ("line", "velocity", "acceleration", "season_cosine", "season_sine")


def _prepared(path):
    """Return series (rows, epochs) of 0.1 mm and the weights of as many epochs, six days apart."""
    from egmsql.udfs.fit_weights import fit_weights

    values = np.load(path)
    epochs = np.datetime64("2020-01-03") + 6 * np.arange(values.shape[1])
    return values, fit_weights(epochs, np.array([], dtype=int))


def _timed(evaluate, values, threads):
    """Return the seconds that numpy needs for all rows, its pieces shared by threads."""
    from threadpoolctl import threadpool_limits

    pieces = [values[start : start + _ROWS] for start in range(0, len(values), _ROWS)]
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        list(pool.map(evaluate, pieces[:threads]))  # warm
        started = time.perf_counter()
        for _ in pool.map(evaluate, pieces):
            pass
        return time.perf_counter() - started


CONTENDERS = {
    f.__name__: f
    for f in (
        *(parse_with_duckdb, read_with_pandas, ingest, build),
        *(fits_with_numpy, residuals_with_numpy),
        *(simulate_bursts, simulate_tiles),
    )
}


def contend(name, paths, threads):
    """Be one contender: run, print seconds and peak memory."""
    forget_inherited_peak()
    started = time.perf_counter()
    own_clock = CONTENDERS[name](paths, threads)
    seconds = own_clock or time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak": peak_memory()}))
