"""Where a series starts by the fit of a cubic and an annual wave."""

import functools

import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.fits import NESTED_TERMS, fit_matrix, least_squares_weights, years_since_first
from egmsql.udfs.kernels.patterns import patterns


@udf(
    "fitted_start(series DOUBLE[], epochs DATE[]) -> DOUBLE",
    version=1,
    example=(
        [float(k % 5) for k in range(24)],
        [f"{year}-{month:02d}-03" for year in (2020, 2021) for month in range(1, 13)],
    ),
    returns=pa.float64(),
    shared=("epochs",),
)
def fitted_start(series, epochs):
    """Value at the first epoch of the fit of t³, t², t, 1, cos, sin; EGMS subtracts it, so that series start at 0.

    Parameters
    ----------
    series : DOUBLE[]
        mm; NULL where an epoch is missing.
    epochs : DATE[]
        Increasing.

    Returns
    -------
    DOUBLE
        mm; NULL where the epochs present do not determine the fit.

    Notes
    -----
    Observed in EGMS's L2b and L3 (egms-format.md, sections 7 and 10).
    """
    years, starts = years_since_first(epochs), np.full(len(series), np.nan)
    for rows, present in patterns(series):
        weights = _weights(years.tobytes(), present.tobytes())
        if weights is not None:
            # A sum for each row by itself: a matrix product may round a row otherwise in other company.
            starts[rows] = [np.add.reduce(weights * row) for row in series.data[rows][:, present]]
    return starts


@functools.lru_cache(maxsize=64)
def _weights(years, present):
    years = np.frombuffer(years)
    matrix = fit_matrix(years, NESTED_TERMS)
    weights = least_squares_weights(matrix[np.frombuffer(present, dtype=bool)])
    return None if weights is None else matrix[0] @ weights
