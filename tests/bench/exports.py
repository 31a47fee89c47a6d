"""Seconds and peak memory of `egmsql export` and `egmsql zones` on a lake of made points, format by format.

PYTHONPATH=tests python -m bench.exports [--products 10] [--points 1000000] [--epochs 0] [--formats .gpkg .csv]

Each runs in a process of its own; its peak is what the system saw, GDAL included.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import rowlakes

from egmsql.workspace import load_spatial

FORMATS = (".parquet", ".csv", ".gpkg", ".fgb", ".geojson", ".shp")


def run(*arguments):
    """Run a command of egmsql; return its seconds and its peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "egmsql", *map(str, arguments)], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"egmsql {arguments[0]} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def write_zones(path, n_products, side=4000):
    """Write squares over all products as a GeoPackage."""
    n_x, n_y = int(rowlakes.SIDE * (n_products + 1) / 2) // side, int(rowlakes.SIDE) // side
    west, south = f"{rowlakes.WEST} + x * {side}", f"{rowlakes.SOUTH} + y * {side}"
    with duckdb.connect() as connection:
        load_spatial(connection)
        connection.execute(
            f"copy (select x || '_' || y as name, st_makeenvelope({west}, {south}, {west} + {side},"
            f" {south} + {side})::geometry as shape from range({n_x}) as a(x), range({n_y}) as b(y))"
            f" to '{path}' (format gdal, driver 'GPKG', srs 'EPSG:3035')"
        )
    return n_x * n_y


def main():
    """Make the lake, then measure every format and the zones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=10)
    parser.add_argument("--points", type=int, default=1_000_000, help="of each product")
    parser.add_argument("--epochs", type=int, default=0)
    parser.add_argument("--formats", nargs="*", default=FORMATS)
    parser.add_argument("--memory", default="1GiB")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="egmsql-exports-") as folder:
        folder = Path(folder)
        lake = rowlakes.make(folder / "lake", given.products, given.points, given.epochs)
        print(f"{given.products} products of {given.points:,} points, --memory {given.memory}", flush=True)
        for suffix in given.formats:
            out = folder / f"points{suffix}"
            seconds, peak = run("export", lake, "points", out, "--memory", given.memory)
            size = sum(path.stat().st_size for path in folder.glob("points.*")) / 2**20
            print(
                f"  {suffix:9} {seconds:6.0f} s   peak {peak:6.0f} MiB   {size:7.0f} MiB on disk", flush=True
            )
            for path in folder.glob("points.*"):
                path.unlink()
        n_zones = write_zones(folder / "squares.gpkg", given.products)
        kind = "--series" if given.epochs else "--no-series"
        seconds, peak = run(
            "zones", lake, folder / "squares.gpkg", folder / "zones.gpkg", kind, "--memory", given.memory
        )
        print(f"  {n_zones} zones {seconds:6.0f} s   peak {peak:6.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
