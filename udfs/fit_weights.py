"""Weights that turn a displacement series into EGMS's velocity, acceleration and season."""

import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf

DAYS_PER_YEAR = 365.0  # EGMS's own year; 365.25 agrees with the published columns in fewer rows

_WEIGHTS = ("velocity", "acceleration", "season_cosine", "season_sine")


def fit_matrix(years, columns):
    """Return the design matrix with the named columns, shape (epochs, columns).

    Parameters
    ----------
    years : array of float, shape (epochs,)
        Time since the first epoch of the product, in EGMS years of 365 days.
    columns : str
        Blank-separated terms of: `1`, `t`, `t²/2`, `t²`, `t³`, `cos`, `sin` (one cycle a year).
    """
    wave = 2 * np.pi * years
    terms = {
        "1": np.ones_like(years),
        "t": years,
        "t²/2": years**2 / 2,
        "t²": years**2,
        "t³": years**3,
        "cos": np.cos(wave),
        "sin": np.sin(wave),
    }
    return np.stack([terms[name] for name in columns.split()], axis=1)


def least_squares_weights(matrix):
    """Return the weights of each coefficient, shape (columns, epochs), or None if they are not determined.

    Coefficients are weights @ series. Columns are scaled to unit length first, so that the rank decision
    does not depend on units.
    """
    if matrix.shape[0] < matrix.shape[1]:
        return None
    lengths = np.linalg.norm(matrix, axis=0)
    if not lengths.all():
        return None
    scaled = matrix / lengths
    if np.linalg.matrix_rank(scaled, tol=1e-9) < matrix.shape[1]:
        return None
    return np.linalg.pinv(scaled) / lengths[:, None]


@udf(
    "fit_weights(epochs DATE[], missing INTEGER[]) -> STRUCT(velocity DOUBLE[], acceleration DOUBLE[],"
    " season_cosine DOUBLE[], season_sine DOUBLE[])",
    version=1,
    example=([f"2020-{month:02d}-{day:02d}" for month in range(1, 13) for day in (3, 15, 27)], [2, 7]),
    returns=pa.struct([(name, pa.list_(pa.float64())) for name in _WEIGHTS]),
)
def fit_weights(epochs, missing):
    """Weights of EGMS's joint fits: the dot product with a series in mm gives mm/yr, mm/yr² and mm.

    Parameters
    ----------
    epochs : DATE[]
        The epochs of the product, increasing.
    missing : INTEGER[]
        Positions, from 1, of the epochs that a series lacks; their weight is 0.

    Returns
    -------
    STRUCT of DOUBLE[], each as long as `epochs`
        `velocity` (fit of t, 1, cos, sin), `acceleration` (½t², t, 1, cos, sin), `season_cosine` and
        `season_sine` (t³, t², t, 1, cos, sin). A list is NULL where the epochs present do not determine it.

    Notes
    -----
    t is days since the product's first epoch / 365. Source: EEA, EGMS Product Description and Format
    Specification v3.0, table 5 and section 11.4.
    """
    days = epochs.astype("datetime64[D]")
    years = (days - days[:1]).astype(float) / DAYS_PER_YEAR
    present = np.ones(len(years), dtype=bool)
    present[np.asarray(missing, dtype=int) - 1] = False
    linear = _spread(least_squares_weights(fit_matrix(years[present], "t 1 cos sin")), present)
    quadratic = _spread(least_squares_weights(fit_matrix(years[present], "t²/2 t 1 cos sin")), present)
    cubic = _spread(least_squares_weights(fit_matrix(years[present], "t³ t² t 1 cos sin")), present)
    return {
        "velocity": None if linear is None else linear[0],
        "acceleration": None if quadratic is None else quadratic[0],
        "season_cosine": None if cubic is None else cubic[4],
        "season_sine": None if cubic is None else cubic[5],
    }


def _spread(weights, present):
    """Put the weights of the present epochs to their places among all epochs."""
    if weights is None:
        return None
    full = np.zeros((weights.shape[0], present.size))
    full[:, present] = weights
    return full
