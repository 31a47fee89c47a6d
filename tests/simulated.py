"""Reading what the simulator wrote, independently of how it wrote it."""

import csv
import hashlib
import io
import zipfile
from functools import cached_property

import numpy as np
import pyarrow.parquet as pq

from egmsql.products import parse_name
from egmsql.simulator.terrain import gnss_velocity

WAVELENGTH = 55.46576  # mm

STATISTICS = [
    *("mean_velocity", "mean_velocity_std", "acceleration", "acceleration_std"),
    *("seasonality", "seasonality_std"),
]
L2A_OLD = [
    *("pid", "cluster_label", "mp_type", "latitude", "longitude", "easting", "northing"),
    *("height", "height_wgs84", "line", "pixel", "rmse", "temporal_coherence", "amplitude_dispersion"),
    *("incidence_angle", "track_angle", "los_east", "los_north", "los_up", *STATISTICS),
]
L2B_OLD = [name for name in L2A_OLD if name != "cluster_label"]
RENAMED = {"height": "height_ortho", "height_wgs84": "height_ellipse", "rmse": "rmse_ts"}
L3_OLD = ["pid", "easting", "northing", "height", "rmse", *STATISTICS]
HEADERS = {
    ("L2a", "old"): L2A_OLD,
    ("L2a", "new"): [RENAMED.get(name, name) for name in L2A_OLD],
    ("L2b", "old"): L2B_OLD,
    ("L2b", "new"): [*(RENAMED.get(name, name) for name in L2B_OLD), "gnss_velocity"],
    ("L3", "old"): L3_OLD,
    ("L3", "new"): [
        *(RENAMED.get(name, name) for name in L3_OLD),
        *("gnss_velocity_n", "gnss_velocity_e", "gnss_velocity_u"),
    ],
}
NEW = "2020_2024"


class File:
    """One product as it was delivered: cells as text, by current name."""

    def __init__(self, path):
        self.path, self.name = path, parse_name(path.stem)
        self.text = content(path).decode("ascii")
        self.header, *self.rows = csv.reader(io.StringIO(self.text))
        self.current = [RENAMED.get(name, name) for name in self.header]
        self.epochs = [name for name in self.header if name.isdigit()]
        self.dates = np.array([f"{e[:4]}-{e[4:6]}-{e[6:]}" for e in self.epochs], dtype="datetime64[D]")
        self.days = (self.dates - self.dates[0]).astype(int)

    def __getitem__(self, name):
        """The cells of a column as text."""
        at = self.current.index(RENAMED.get(name, name))
        return [row[at] for row in self.rows]

    def numbers(self, name):
        return np.array(self[name], dtype=float)

    @cached_property
    def los(self):
        return np.stack([self.numbers(f"los_{axis}") for axis in ("east", "north", "up")], axis=1)

    @cached_property
    def series(self):
        """Displacements (mm), shape (points, epochs); NaN where the cell is empty."""
        cells = [row[len(row) - len(self.epochs) :] for row in self.rows]
        return np.array([[float(cell) if cell else np.nan for cell in row] for row in cells])

    @cached_property
    def truth(self):
        return truth_of(self.path.parent, self.path.stem)


def content(path):
    if path.suffix == ".csv":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return archive.read(f"{path.stem}.csv")


def truth_of(folder, product=None):
    """The truth of one product in the order of its rows, as arrays by column."""
    table = pq.read_table(folder / "truth.parquet").to_pandas()
    mine = table if product is None else table[table["product"] == product]
    return {name: mine[name].to_numpy() for name in mine.columns}


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def explicit(y, days):
    """The published columns by their definitions, one explicit least-squares problem each."""
    t = days / 365
    one, c, s = np.ones_like(t), np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)

    def fit(*columns):
        design = np.stack(columns, axis=1)
        coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
        return coefficients, y - design @ coefficients, np.linalg.inv(design.T @ design)

    linear, linear_rest, linear_inverse = fit(t, one, c, s)
    square, square_rest, square_inverse = fit(t**2 / 2, t, one, c, s)
    cubic, rest, inverse = fit(t**3, t**2, t, one, c, s)
    rmse = np.sqrt((rest**2).mean())
    phase = 4 * np.pi / WAVELENGTH * (y - linear[0] * t)
    return {
        "mean_velocity": linear[0],
        "mean_velocity_std": np.sqrt(linear_inverse[0, 0]) * linear_rest.std(ddof=1),
        "acceleration": square[0],
        "acceleration_std": np.sqrt(square_inverse[0, 0]) * square_rest.std(ddof=1),
        "rmse_ts": rmse,
        "seasonality": np.hypot(cubic[4], cubic[5]),
        "seasonality_std": np.sqrt((4 - np.pi) / 2 * (inverse[4, 4] + inverse[5, 5]) / 2) * rmse,
        "temporal_coherence": np.abs(np.exp(1j * phase).mean()),
        "offset": cubic[3] + cubic[4],  # the cubic and seasonal model at the first epoch
    }


# Half a unit of the last decimal, plus five times what the rounding of the series does (egms-format.md, 8).
SLACK = {
    **{"mean_velocity": 0.05 + 0.007, "mean_velocity_std": 0.05 + 0.001, "rmse_ts": 0.05 + 0.015},
    **{"acceleration": 0.005 + 0.015, "acceleration_std": 0.005 + 0.002, "temporal_coherence": 0.005 + 0.002},
    **{"seasonality": 0.05 + 0.02, "seasonality_std": 0.05 + 0.001},
}


def refit(file, sample=slice(None, None, 10)):
    """Published and explicit columns of every tenth row, NaN epochs left out."""
    found = []
    for y in file.series[sample]:
        seen = np.isfinite(y)
        found.append(explicit(y[seen], file.days[seen]))
    return {name: np.array([one[name] for one in found]) for name in found[0]}


def assert_published(file, names):
    refitted = refit(file)
    for name in names:
        published = file.numbers(name)[::10]
        difference = published - refitted[name]
        if name == "mean_velocity" and "gnss_velocity" in file.header:
            # The column carries the rounded GNSS rate, the series the smooth one.
            difference += (smooth_gnss_velocity(file) - file.numbers("gnss_velocity"))[::10]
        assert np.abs(difference).max() < SLACK[name], name


def smooth_gnss_velocity(file):
    """The plate's velocity along the line of sight, without its north component (mm/yr)."""
    _, east, up = gnss_velocity(file.numbers("easting"), file.numbers("northing"))
    return file.numbers("los_east") * east + file.numbers("los_up") * up


def residuals(file):
    """Series without cubic and annual wave (mm)."""
    t = file.days / 365
    wave = (np.cos(2 * np.pi * t), np.sin(2 * np.pi * t))
    basis = np.linalg.qr(np.stack([np.ones_like(t), t, t**2, t**3, *wave], axis=1))[0]
    return file.series - file.series @ basis @ basis.T


def autocorrelation(rest, lag):
    return (rest[:, lag:] * rest[:, :-lag]).sum(axis=1) / (rest**2).sum(axis=1)
