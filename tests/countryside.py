"""Measurement points of several bursts, tracks and releases on ground whose motion is known.

A `Burst` is what one product holds; `Countryside` runs the models' own texts over several of them at once.
"""

import contextlib
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from egmsql.udfs.kernels.calendars import calendar_of
from workbench import Workbench, quantised

from egmsql import pids

ASCENDING = np.array([-0.62, -0.10, 0.778])  # east, north, up towards the satellite
DESCENDING = np.array([0.59, -0.12, 0.798])
EPOCHS = np.datetime64("2020-01-03") + 12 * np.arange(150)
YEARS = 12 * np.arange(150) / 365.0


@dataclass
class Burst:
    """One product: places (m), series (mm), and what else observed.points has of it."""

    places: np.ndarray  # (points, 2)
    series: np.ndarray  # (points, epochs)
    number: int = 845
    track: int = 22
    level: str = "L2b"
    release: str = "2020_2024"
    look: np.ndarray = field(default_factory=lambda: DESCENDING)
    epochs: np.ndarray = field(default_factory=lambda: EPOCHS)
    coherence: np.ndarray | None = None
    pixels: np.ndarray | None = None  # which scatterer; the pid follows

    @property
    def product(self):
        """The name of the file."""
        return f"EGMS_{self.level}_{self.track:03d}_{self.number:04d}_IW2_VV_{self.release}_1"

    @property
    def pids(self):
        """The pids, by track, burst and pixel."""
        pixels = np.arange(len(self.places)) if self.pixels is None else self.pixels
        codes = pids.encode_l2(1, self.track, self.number, 2, "VV", 1 + pixels // 20000, 1 + pixels % 20000)
        return [row.tobytes().decode() for row in codes]

    def points(self):
        """Return the columns of observed.points."""
        n = len(self.places)
        pixels = np.arange(n) if self.pixels is None else self.pixels
        coherence = np.full(n, 0.9) if self.coherence is None else self.coherence
        return {
            "pid": self.pids,
            "product": [self.product] * n,
            "easting": self.places[:, 0],
            "northing": self.places[:, 1],
            "line": 1 + pixels // 20000,
            "pixel": 1 + pixels % 20000,
            "height_ortho": np.zeros(n),
            "temporal_coherence": coherence,
            "rmse_ts": np.ones(n),
            **{name: np.full(n, self.look[i]) for i, name in enumerate(("los_east", "los_north", "los_up"))},
        }

    def described(self):
        """Return the columns of observed.products."""
        low, high = self.places.min(0), self.places.max(0)
        return {
            "product": self.product,
            "replacement_key": self.product[:-2],
            "level": self.level,
            "track": self.track,
            "burst": self.number,
            "swath": 2,
            "polarisation": "VV",
            "component": "LOS",
            "release": self.release,
            "direction": "ascending" if self.look[0] < 0 else "descending",
            "n_points": len(self.places),
            "n_epochs": len(self.epochs),
            "first_epoch": self.epochs[0].item(),
            "last_epoch": self.epochs[-1].item(),
            "epochs": self.epochs.tolist(),
            **{
                "easting_min": low[0],
                "easting_max": high[0],
                "northing_min": low[1],
                "northing_max": high[1],
            },
        }


class Countryside(contextlib.AbstractContextManager):
    """The models' texts over several bursts: `run(name)` returns rows as a dict of arrays."""

    def __init__(self, *bursts):
        self.bursts = bursts
        self.bench = Workbench(bursts[0].epochs, bursts[0].series[:1])
        for macro in self.bench.project.macros.values():
            self.bench.connection.execute(macro.text)
        described = [burst.described() for burst in bursts]
        self.bench.table("observed.products", **{k: [d[k] for d in described] for k in described[0]})
        points = [burst.points() for burst in bursts]
        self.bench.table("observed.points", **{k: np.concatenate([p[k] for p in points]) for k in points[0]})
        series = [row for burst in bursts for row in quantised(burst.series)]
        self.bench.table(
            "series.displacement",
            pid=[pid for burst in bursts for pid in burst.pids],
            product=[burst.product for burst in bursts for _ in burst.places],
            displacements=pa.array(series, type=pa.list_(pa.int16())),
            calendar=[calendar_of(burst.epochs) for burst in bursts for _ in burst.places],
        )
        self.bench.connection.execute(
            "create or replace table observed.gaps as select product, missing_epochs(displacements) as missing,"
            " count(*) as n_points from series.displacement group by all"
        )

    def __exit__(self, *_):
        self.bench.connection.close()

    def given(self, name, columns, rows):
        """Let a model be these rows instead of running it."""
        self.bench.table(name, **dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))

    def run(self, name, order="all"):
        """Run a model, after those it reads; return its rows."""
        self.bench.run(name)
        return self.query(f"from {name} order by {order}")

    def query(self, text):
        """Return the rows of a query."""
        return self.bench.connection.execute(text).fetchnumpy()


def seen(motion, look):
    """Return displacement along the line of sight of (…, 3) motion east, north, up."""
    return np.asarray(motion) @ look


def shared_noise(cells, sigma, correlation, n_epochs, seed):
    """Return noise (points, epochs) that all points of a cell share, correlated from epoch to epoch."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((cells.max() + 1, n_epochs))
    for k in range(1, n_epochs):
        noise[:, k] = correlation * noise[:, k - 1] + np.sqrt(1 - correlation**2) * noise[:, k]
    return sigma * noise[cells]
