"""EGMS's statistics of series that no product delivered, and where their fit starts."""

import functools

import numba
import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.fits import (
    NESTED_TERMS,
    fit_matrix,
    is_determined,
    least_squares_weights,
    orthonormal_basis,
    years_since_first,
)
from egmsql.udfs.kernels.patterns import alike

_FIELDS = (
    "start_mm",
    "velocity_mm_yr",
    "velocity_std_mm_yr",
    "acceleration_mm_yr2",
    "acceleration_std_mm_yr2",
    "seasonality_mm",
    "seasonality_std_mm",
    "rmse_mm",
)
_RAYLEIGH = np.sqrt((4 - np.pi) / 2)  # spread of the length of a vector with noisy components


@udf(
    "series_statistics(series DOUBLE[], epochs DATE[]) -> STRUCT(n_epochs INTEGER, start_mm DOUBLE,"
    " velocity_mm_yr DOUBLE, velocity_std_mm_yr DOUBLE, acceleration_mm_yr2 DOUBLE,"
    " acceleration_std_mm_yr2 DOUBLE, seasonality_mm DOUBLE, seasonality_std_mm DOUBLE, rmse_mm DOUBLE)",
    version=1,
    example=(
        [float(k % 5) for k in range(24)],
        [f"{year}-{month:02d}-03" for year in (2020, 2021) for month in range(1, 13)],
    ),
    returns=pa.struct([("n_epochs", pa.int32()), *((name, pa.float64()) for name in _FIELDS)]),
    shared=("epochs",),
)
def series_statistics(series, epochs):
    """Velocity, acceleration, season and rmse by EGMS's definitions, and where the fit starts.

    Parameters
    ----------
    series : DOUBLE[]
        mm; NULL where an epoch is missing.
    epochs : DATE[]
        Increasing.

    Returns
    -------
    n_epochs : INTEGER
        With a value.
    start_mm : DOUBLE
        The fit of t³, t², t, 1, cos, sin at the first epoch that the series has. EGMS takes it off, so that
        series start at 0. NULL where the epochs do not determine the fit, as the following.
    velocity_mm_yr, ..., rmse_mm : DOUBLE
        As `features.fits` has them.

    Notes
    -----
    Source of the definitions: see `fit_weights`; of the start: observed in EGMS's L2b and L3.
    """
    found = np.full((len(_FIELDS), len(series)), np.nan)
    counts = np.zeros(len(series), dtype=np.int64)
    for rows, present in alike(series.mask, series.shape):
        counts[rows] = present.sum()
        parts = _fits(years_since_first(epochs).tobytes(), present.tobytes())
        if parts is not None:
            _evaluate(series.data, rows, present, *parts, found)
    return {"n_epochs": counts, **dict(zip(_FIELDS, found, strict=True))}


@functools.lru_cache(maxsize=64)
def _fits(years, present):
    """Return weights (4, epochs), errors (3,) and the basis (6, epochs); None if not determined."""
    years, present = np.frombuffer(years), np.frombuffer(present, dtype=bool)
    nested = fit_matrix(years[present], NESTED_TERMS)
    if not is_determined(nested):
        return None
    velocity = least_squares_weights(fit_matrix(years[present], "t 1 cos sin"))[0]
    acceleration = least_squares_weights(fit_matrix(years[present], "t²/2 t 1 cos sin"))[0]
    cosine, sine = least_squares_weights(nested)[1:3]
    lengths = [np.linalg.norm(row) for row in (velocity, acceleration, cosine, sine)]
    errors = np.array([*lengths[:2], np.hypot(*lengths[2:]) / np.sqrt(2)])
    spread = np.zeros((10, years.size))
    spread[:, present] = [velocity, acceleration, cosine, sine, *orthonormal_basis(nested)]
    return spread[:4].copy(), errors, spread[4:].copy()


@numba.njit(nogil=True, cache=True)
def _evaluate(values, rows, present, weights, errors, basis, results):
    """Fill the results of the rows that have the same epochs; each row by itself, so in any company."""
    start, velocity, velocity_std, acceleration, acceleration_std, seasonality, seasonality_std, rmse = (
        results
    )
    n, first = 0, -1
    for k in range(present.size):
        n += present[k]
        if present[k] and first < 0:
            first = k
    found, left = np.empty(4), np.empty(present.size)
    for row in rows:
        found[:] = 0.0
        for k in range(present.size):
            left[k] = values[row, k] if present[k] else 0.0
            for j in range(4):
                found[j] += weights[j, k] * left[k]
        velocity[row], acceleration[row] = found[0], found[1]
        seasonality[row] = np.sqrt(found[2] ** 2 + found[3] ** 2)
        start[row] = 0.0
        for j in range(6):
            share = 0.0
            for k in range(present.size):
                share += basis[j, k] * left[k]
            start[row] += share * basis[j, first]
            squares = 0.0
            for k in range(present.size):
                left[k] -= share * basis[j, k]
                squares += left[k] * left[k]
            if j == 3 and n > 4:
                velocity_std[row] = np.sqrt(squares / (n - 1)) * errors[0]
            if j == 4 and n > 5:
                acceleration_std[row] = np.sqrt(squares / (n - 1)) * errors[1]
            if j == 5 and n > 6:
                rmse[row] = np.sqrt(squares / n)
                seasonality_std[row] = rmse[row] * _RAYLEIGH * errors[2]
