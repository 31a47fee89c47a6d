"""The files that are measured on: simulated ones, and real ones where there are some."""

import zipfile
from pathlib import Path


def simulated(folder, points, seed, products):
    """Write L2b zips of so many points in so many files; return their paths."""
    from egmsql.simulator import simulate

    return simulate(folder, points=points, seed=seed, products=products)


def region(folder, points, seed):
    """Write L2b zips of so many points, of two tracks and two releases of one region; return their paths."""
    from egmsql.simulator import simulate

    return simulate(folder, points=points // 2, seed=seed, tracks=2, levels="L2b")


def unpacked(zips, folder):
    """Return the csv files of zips, unpacked into a folder."""
    csvs = []
    for path in zips:
        with zipfile.ZipFile(path) as archive:
            csvs.append(Path(archive.extract(f"{path.stem}.csv", folder)))
    return csvs
