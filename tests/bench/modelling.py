"""How fast each model goes from Parquet to Parquet, audited and published, beside numpy in memory."""

import shutil
from pathlib import Path

import numpy as np
from measuring import best, measured
from sizes import series_of

SERIES_LAYER = 30
CEILINGS = {  # model -> the contender that computes the same in memory, where one is defined
    "features.fits": "fits_with_numpy",
    "features.residuals": "residuals_with_numpy",
}
_GROUND = ("neighbourhood", "geometry")
_GOAL = 200_000  # points/s of the whole hypothesis bank, two threads, per 250 epochs
_EPOCHS = 250
_JUDGED = "features.hypotheses"
_WHOLE = "one after the other"
_TELLING = 0.2  # s: what takes less has no rate
_LIKE_ONE = 200_000  # points of the series that numpy computes on


def models_above_series():
    """Return the names of the stored models that run on what the reader has written: by partition, or of the ground."""
    import egmsql

    models = [
        m for m in egmsql.load_project().models.values() if m.kind == "table" and m.layer > SERIES_LAYER
    ]
    return [m.name for m in models if m.partition or m.name.split(".")[0] in _GROUND]


def compare_models(results, lake, folder, threads, rounds):
    """Print points/s and peak memory of each model, and numpy's rate for the same where there is one."""
    import egmsql

    egmsql.build(lake)  # also compiles what is compiled once
    n_points, n_epochs, largest = _series(lake)
    np.save(folder / "series.npy", series_of(largest, _LIKE_ONE))
    n_series = len(np.load(folder / "series.npy", mmap_mode="r"))
    models = [m for m in models_above_series() if (Path(lake) / m.replace(".", "/")).exists()]
    runs, tops = {model: [] for model in models}, {model: [] for model in models}
    for _ in range(rounds):
        for model in models:
            shutil.rmtree(Path(lake) / model.replace(".", "/"))  # lost files are made again
            runs[model].append(measured("build", [lake, model], threads))
            if model in CEILINGS:
                tops[model].append(measured(CEILINGS[model], [folder / "series.npy"], threads))
    print(
        f"\n{n_points:,} points of {n_epochs:.0f} epochs, Parquet to Parquet, audited and published,"
        f" {threads} threads, best of {rounds}; planning and publishing are not counted"
    )
    size = f"{n_points:,} points of {n_epochs:.0f} epochs"
    print(f"{'model':34}{'s':>8}{'points/s':>12}{'peak MiB':>10}{'numpy, in memory':>18}{'ratio':>8}")
    for model in models:
        seconds, peak = best(runs[model])
        if seconds < _TELLING:
            print(f"{model:34}{'below ' + str(_TELLING):>20}{peak / 2**20:10.0f}")
            continue
        rate, beside = n_points / seconds, ""
        if tops[model]:
            top = n_series / best(tops[model])[0]
            beside = f"{top:18,.0f}{rate / top:8.2f}"
            results.add("models", model, size, rate, "points/s", "numpy, in memory", rate / top)
        elif model == _JUDGED:
            per = f"points/s at {_EPOCHS} epochs"
            figure = results.add("models", model, size, rate * n_epochs / _EPOCHS, per, goal=_GOAL)
            beside = f"   at {_EPOCHS} epochs {figure.value:,.0f}, goal {_GOAL:,}: {figure.verdict}"
        else:
            results.add("models", model, size, rate, "points/s")
        print(f"{model:34}{seconds:8.2f}{rate:12,.0f}{peak / 2**20:10.0f}{beside}")
    whole = results.add(
        "models", _WHOLE, size, n_points / sum(best(runs[model])[0] for model in models), "points/s"
    )
    print(f"{_WHOLE:42}{whole.value:12,.0f}")


def _series(lake):
    """Return the number of points of a lake, their mean epochs, and the path of its largest file of series."""
    import egmsql

    with egmsql.connect(lake) as connection:
        rows = connection.execute(
            "select path, n_rows from _files where model = 'series.displacement' order by n_rows desc, path"
        ).fetchall()
        (n_epochs,) = connection.execute(
            "select sum(n_epochs * n_points) / sum(n_points) from observed.products"
        ).fetchone()
    return sum(n for _, n in rows), n_epochs, Path(lake) / rows[0][0]
