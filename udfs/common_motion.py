"""The motion that the points of an area have in common, and how well they agree in it."""

import functools

import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.fits import fit_matrix, least_squares_weights, years_since_first

_MM_PER_UNIT = 0.1
_LISTS = ("mean_mm", "lower_quartile_mm", "median_mm", "upper_quartile_mm")
_NUMBERS = ("temporal_noise", "spatial_noise", "last_year_change_mm_yr", "last_year_change_std_mm_yr")
_FEWEST_EPOCHS = 8
_LAST_YEAR = 1.0  # years before the last epoch at which the velocity may change


@udf(
    "common_motion(displacements SMALLINT[], epochs DATE[]) -> STRUCT(n_points INTEGER[], mean_mm DOUBLE[],"
    " lower_quartile_mm DOUBLE[], median_mm DOUBLE[], upper_quartile_mm DOUBLE[], temporal_noise DOUBLE,"
    " spatial_noise DOUBLE, last_year_change_mm_yr DOUBLE, last_year_change_std_mm_yr DOUBLE)",
    version=1,
    example=(
        [*range(36), *range(2, 38), *range(0, 72, 2)],
        [f"{year}-{month:02d}-15" for year in (2020, 2021, 2022) for month in range(1, 13)],
    ),
    returns=pa.struct(
        [
            ("n_points", pa.list_(pa.int32())),
            *((name, pa.list_(pa.float64())) for name in _LISTS),
            *((name, pa.float64()) for name in _NUMBERS),
        ]
    ),
    shared=("epochs",),
)
def common_motion(displacements, epochs):
    """Mean and quartiles of an area's series at each epoch, their noise, and the change in the last year.

    Parameters
    ----------
    displacements : SMALLINT[]
        0.1 mm: the series of the area's points one after the other, each as long as `epochs`; NULL where a
        point has no value.
    epochs : DATE[]
        Increasing.

    Returns
    -------
    n_points : INTEGER[]
        Points with a value, for each epoch; the lists that follow are NULL where it is 0.
    mean_mm, lower_quartile_mm, median_mm, upper_quartile_mm : DOUBLE[]
        Over the points at each epoch.
    temporal_noise : DOUBLE
        1 - median correlation of a series with itself one epoch later: 0 is smooth, 1 is pure noise.
    spatial_noise : DOUBLE
        1 - median correlation of a series with the mean of the others: 0 where all move alike.
    last_year_change_mm_yr, last_year_change_std_mm_yr : DOUBLE
        How much faster the mean series is in its last year than before, and the standard error, from the fit
        of 1, t, cos, sin and max(t - (T - 1 yr), 0). NULL where the epochs do not determine it.
    """
    n_epochs = len(epochs)
    found = {"n_points": [], **{name: [] for name in (*_LISTS, *_NUMBERS)}}
    for row in displacements:
        series = np.ma.filled(row.astype(np.float64), np.nan).reshape(-1, n_epochs) * _MM_PER_UNIT
        for name, value in _describe(series, epochs).items():
            found[name].append(value)
    return {
        "n_points": pa.array(found["n_points"], pa.list_(pa.int32())),
        **{name: pa.array(found[name], pa.list_(pa.float64()), from_pandas=True) for name in _LISTS},
        **{name: np.array(found[name], dtype=np.float64) for name in _NUMBERS},
    }


def _describe(series, epochs):
    present = ~np.isnan(series)
    count = present.sum(axis=0, dtype=np.int32)
    some = count > 0
    total = np.where(present, series, 0).sum(axis=0)
    mean = np.full(len(epochs), np.nan)
    mean[some] = total[some] / count[some]
    quartiles = np.full((3, len(epochs)), np.nan)
    if some.any():
        quartiles[:, some] = _quartiles(series[:, some], count[some])
    change, error = _last_year(mean, epochs)
    others = (total - np.where(present, series, 0)) / np.maximum(count - 1, 1)
    return {
        "n_points": count,
        "mean_mm": mean,
        "lower_quartile_mm": quartiles[0],
        "median_mm": quartiles[1],
        "upper_quartile_mm": quartiles[2],
        "temporal_noise": _noise(series[:, :-1], series[:, 1:]),
        "spatial_noise": _noise(series, np.where(present & (count > 1), others, np.nan)),
        "last_year_change_mm_yr": change,
        "last_year_change_std_mm_yr": error,
    }


def _quartiles(series, count):
    """Return the quartiles of each column that has `count` values and NaN; numpy's, to the last bit.

    numpy's own `nanquantile` takes column after column, in 30 times as long.
    """
    shares = np.array([[0.25], [0.5], [0.75]])
    if (count == len(series)).all():
        return np.quantile(series, shares[:, 0], axis=0)
    ordered, columns = np.sort(series, axis=0), np.arange(len(count))  # NaN comes last
    place = (count - 1) * shares
    low = np.floor(place).astype(int)
    beyond = place - low
    lower, upper = ordered[low, columns], ordered[np.minimum(low + 1, count - 1), columns]
    step = upper - lower
    return np.where(beyond < 0.5, lower + step * beyond, upper - step * (1 - beyond))


def _noise(one, other):
    """Return 1 - the median over rows of the correlation of two tables; NaN where none is determined."""
    both = ~np.isnan(one) & ~np.isnan(other)
    count = np.maximum(both.sum(axis=1, keepdims=True), 1)
    a, b = (np.where(both, x, 0) for x in (one, other))
    a, b = (np.where(both, x - x.sum(axis=1, keepdims=True) / count, 0) for x in (a, b))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    correlation = correlation[np.isfinite(correlation)]
    return 1 - float(np.median(correlation)) if len(correlation) else np.nan


def _last_year(mean, epochs):
    """Return the change of velocity a year before the end, and its standard error; NaN if undetermined."""
    years, present = years_since_first(epochs), ~np.isnan(mean)
    matrix, weights = _weights(years.tobytes(), present.tobytes())
    if weights is None:
        return np.nan, np.nan
    values = mean[present]
    residuals = values - matrix @ (weights @ values)
    variance = (residuals @ residuals) / (len(values) - matrix.shape[1])
    return float(weights[-1] @ values), float(np.sqrt(variance * (weights[-1] @ weights[-1])))


@functools.lru_cache(maxsize=64)
def _weights(years, present):
    years = np.frombuffer(years)[np.frombuffer(present, dtype=bool)]
    if len(years) < _FEWEST_EPOCHS:
        return None, None
    hinge = np.maximum(years - (years[-1] - _LAST_YEAR), 0)
    matrix = np.column_stack([fit_matrix(years, "1 t cos sin"), hinge])
    return matrix, least_squares_weights(matrix)
