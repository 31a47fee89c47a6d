"""Weights that turn a displacement series into EGMS's velocity, acceleration and season."""

import math

import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.fits import (
    NESTED_TERMS,
    fit_matrix,
    least_squares_weights,
    orthonormal_basis,
    years_since_first,
)

_WEIGHTS = ("line", "velocity", "acceleration", "season_cosine", "season_sine")
_ERRORS = ("velocity_error", "acceleration_error", "season_error")


@udf(
    "fit_weights(epochs DATE[], missing INTEGER[]) -> STRUCT(line DOUBLE[], velocity DOUBLE[],"
    " acceleration DOUBLE[], season_cosine DOUBLE[], season_sine DOUBLE[], basis DOUBLE[][],"
    " velocity_error DOUBLE, acceleration_error DOUBLE, season_error DOUBLE)",
    version=2,
    example=([f"2020-{month:02d}-{day:02d}" for month in range(1, 13) for day in (3, 15, 27)], [2, 7]),
    returns=pa.struct(
        [
            *((name, pa.list_(pa.float64())) for name in _WEIGHTS),
            ("basis", pa.list_(pa.list_(pa.float64()))),
            *((name, pa.float64()) for name in _ERRORS),
        ]
    ),
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
    line, velocity, acceleration, season_cosine, season_sine : DOUBLE[], each as long as `epochs`
        Weights of the slope of a plain line (t, 1), of `velocity` (fit of t, 1, cos, sin), `acceleration`
        (½t², t, 1, cos, sin), `season_cosine` and `season_sine` (t³, t², t, 1, cos, sin). A list is NULL
        where the epochs present do not determine it.
    basis : DOUBLE[][]
        Orthonormal rows that span 1, cos, sin, t, t², t³ one after the other; fewer where the epochs do
        not determine all. y·y minus the squared dot products of the first four, five, six rows is what the
        fits of velocity, acceleration and season leave of a series y.
    velocity_error, acceleration_error, season_error : DOUBLE
        What turns the standard deviation of residuals into the standard error: √I₁₁ of the velocity's and
        the acceleration's fit, √((I₅₅ + I₆₆)/2) of cosine and sine in the season's, I = (GᵀG)⁻¹.

    Notes
    -----
    t is days since the product's first epoch / 365. Source: EEA, EGMS Product Description and Format
    Specification v3.0, table 5 and section 11.4.
    """
    years = years_since_first(epochs)
    present = np.ones(len(years), dtype=bool)
    present[np.asarray(missing, dtype=int) - 1] = False
    fits = {
        name: least_squares_weights(fit_matrix(years[present], terms))
        for name, terms in (
            ("line", "t 1"),
            ("velocity", "t 1 cos sin"),
            ("acceleration", "t²/2 t 1 cos sin"),
            ("season", "t³ t² t 1 cos sin"),
        )
    }
    first = {name: None if found is None else found[0] for name, found in fits.items()}
    wave = (None, None) if fits["season"] is None else fits["season"][4:]
    weights = dict(zip(_WEIGHTS, (*(first[name] for name in _WEIGHTS[:3]), *wave), strict=True))
    basis = orthonormal_basis(fit_matrix(years[present], NESTED_TERMS))
    return {
        **{name: _spread(row, present) for name, row in weights.items()},
        "basis": [_spread(row, present) for row in basis],
        # Row k of pinv(G) has the squared length I_kk.
        "velocity_error": _length(weights["velocity"]),
        "acceleration_error": _length(weights["acceleration"]),
        "season_error": None
        if wave[0] is None
        else math.hypot(_length(wave[0]), _length(wave[1])) / math.sqrt(2),
    }


def _length(weights):
    return None if weights is None else float(np.linalg.norm(weights))


def _spread(weights, present):
    """Put the weights of the present epochs to their places among all epochs."""
    if weights is None:
        return None
    full = np.zeros(present.size)
    full[present] = weights
    return full
