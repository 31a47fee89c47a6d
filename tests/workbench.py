"""Running models' own texts over series made by a test, without files.

with Workbench(epochs, series) as bench:
    rows = bench.run("features.kinematics")
"""

import contextlib

import numpy as np
import pyarrow as pa
from egmsql.udfs.kernels.calendars import calendar_of

import egmsql
from egmsql.workspace import Workspace

PRODUCT = "EGMS_L2b_022_0845_IW2_VV_2020_2024_1"


def quantised(series):
    """Return series (mm, NaN where missing) as the lake stores them: lists of whole 0.1 mm."""
    tenths = np.rint(np.asarray(series) * 10)
    return [[None if np.isnan(d) else int(d) for d in row] for row in tenths]


class Workbench(contextlib.AbstractContextManager):
    """An in-memory database in which `observed` and `series.displacement` are what a test made.

    Parameters
    ----------
    epochs : array of datetime64
    series : array of float, shape (points, epochs)
        mm; NaN where an epoch is missing.
    points : dict of lists, optional
        Further columns of observed.points; others are NULL.
    """

    def __init__(self, epochs, series, points=None, product=PRODUCT, folder="."):
        self.project = egmsql.load_project()
        self.workspace = Workspace(self.project, egmsql.Settings(threads=2, memory=2**29), f"{folder}/.spill")
        self.connection = self.workspace.connection
        self._done = set()
        pids = [f"{i:010d}" for i in range(len(series))]
        n = len(pids)
        points = points or {}
        self.table("observed.products", **_product(product, epochs, points))
        self.table("observed.points", pid=pids, product=[product] * n, **points)
        displacements = pa.array(quantised(series), type=pa.list_(pa.int16()))
        self.table(
            "series.displacement",
            pid=pids,
            product=[product] * n,
            displacements=displacements,
            calendar=[calendar_of(epochs) if len(epochs) else None] * n,
        )
        self.workspace.prepare_functions(list(self.project.models.values()))
        self.connection.execute(
            "create table observed.gaps as select product, missing_epochs(displacements) as missing,"
            " count(*) as n_points from series.displacement group by all"
        )
        self._done.add("observed.gaps")

    def __exit__(self, *_):
        self.connection.close()

    def table(self, name, **columns):
        """Let a model be these columns; columns of its contract that are not given are NULL."""
        self.connection.register("_given", pa.table(columns))
        contract = self.project.contracts[name].columns
        wanted = [
            f'"{c}"::{t} as "{c}"' if c in columns else f'null::{t} as "{c}"' for c, t in contract.items()
        ]
        wanted = [w for w in wanted if "GEOMETRY(" not in w]
        self.connection.execute(f"create or replace table {name} as select {', '.join(wanted)} from _given")
        self.connection.unregister("_given")
        self._done.add(name)

    def run(self, name):
        """Run the text of a model, after those it reads; return its rows in order of pid as dict of arrays."""
        model = self.project.models[name]
        for upstream in self.project.models:
            if upstream in model.reads and upstream not in self._done:
                self.run(upstream)
        self.connection.execute(model.text)
        self._done.add(name)
        order = " order by pid" if "pid" in self.project.contracts[name].columns else ""
        return self.connection.execute(f"from {name}{order}").fetchnumpy()


def _product(product, epochs, points):
    """Return the columns of observed.products that models read, for one product."""
    columns = {"product": product, "epochs": epochs.tolist(), "n_epochs": len(epochs)}
    if len(epochs):
        columns |= {"first_epoch": epochs[0].tolist(), "last_epoch": epochs[-1].tolist()}
    columns |= {"level": "L2b", "track": 22, "burst": 845, "polarisation": "VV", "release": "2020_2024"}
    for axis in ("easting", "northing"):
        if axis in points:
            columns |= {f"{axis}_min": min(points[axis]), f"{axis}_max": max(points[axis])}
    return {name: [value] for name, value in columns.items()}
