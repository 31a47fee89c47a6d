"""What EGMS's fits leave of a series: temporal coherence, and how the residuals correlate."""

import functools

import numba
import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.calendars import epochs_of
from egmsql.udfs.kernels.correlation import noise_of, responses
from egmsql.udfs.kernels.fits import (
    NESTED_TERMS,
    fit_matrix,
    least_squares_weights,
    orthonormal_basis,
    years_since_first,
)
from egmsql.udfs.kernels.patterns import alike

_MM_PER_UNIT = 0.1  # of the series' whole numbers
_FIELDS = ("temporal_coherence", "residual_correlation_1", "residual_correlation_2", "noise_std_mm")


@udf(
    "residuals(displacements SMALLINT[], calendar VARCHAR, wavelength DOUBLE)"
    " -> STRUCT(temporal_coherence DOUBLE, residual_correlation_1 DOUBLE, residual_correlation_2 DOUBLE,"
    " noise_std_mm DOUBLE)",
    version=2,
    example=(
        [
            0,
            3,
            -2,
            5,
            1,
            4,
            8,
            2,
            -1,
            3,
            2,
            6,
            4,
            8,
            9,
            3,
            5,
            7,
            9,
            2,
            4,
            8,
            3,
            1,
            5,
            6,
            8,
            9,
            1,
            2,
            4,
            6,
            3,
            8,
            7,
            5,
        ],
        "2020-01-03" + 35 * "+12",
        55.46576,
    ),
    returns=pa.struct([(name, pa.float64()) for name in _FIELDS]),
    shared=("calendar",),
)
def residuals(displacements, calendar, wavelength):
    """Temporal coherence of series by EGMS's definition, and the correlation of their residuals.

    Parameters
    ----------
    displacements : SMALLINT[]
        0.1 mm, a value for each epoch; NULL where an epoch is missing.
    calendar : VARCHAR
        The epochs of the product, from the macro `calendar`.
    wavelength : DOUBLE
        mm, of the radar.

    Returns
    -------
    temporal_coherence : DOUBLE
        |mean of exp(i·4π/wavelength·(d - v·t))|, v the slope of the joint fit of t, 1, cos, sin: only the
        line is removed, the wave stays in. NULL where the epochs do not determine v.
    residual_correlation_1, residual_correlation_2 : DOUBLE
        Correlation of the noise with that one and two epochs before, from the residuals of the fit of 1, cos,
        sin, t, t², t³; at least 0. NULL where fewer than 12 pairs are left, or the series has no noise.
    noise_std_mm : DOUBLE
        mm, standard deviation of the noise; NULL where fewer than 12 pairs are left, 0 if it has none.
        Larger than the rmse: a fit follows the noise a little, and correlated noise more.

    Notes
    -----
    The definition of the coherence is the producer's workflow's; it gives the published value in 98.4 % of
    the rows of real files (egms-format.md, section 8).
    """
    values, years = displacements.data, years_since_first(epochs_of(calendar))
    found = {name: np.full(len(values), np.nan) for name in _FIELDS}
    expected = responses(years.tobytes())  # of all epochs: a few missing ones change little
    for rows, present in alike(displacements.mask, displacements.shape):
        if not present.any():
            continue
        fits = _fits(years.tobytes(), present.tobytes())
        _evaluate(values, rows, present, years, *fits, 4 * np.pi / wavelength, *expected, *found.values())
    return found


@functools.lru_cache(maxsize=64)
def _fits(years, present):
    """Return the weights of the velocity (none if undetermined) and the basis, 0 at absent epochs."""
    years, present = np.frombuffer(years), np.frombuffer(present, dtype=bool)
    weights = least_squares_weights(fit_matrix(years[present], "t 1 cos sin"))
    velocity = np.zeros(0 if weights is None else years.size)
    if weights is not None:
        velocity[present] = weights[0]
    known = orthonormal_basis(fit_matrix(years[present], NESTED_TERMS))
    basis = np.zeros((len(known), years.size))
    basis[:, present] = known
    return velocity, basis


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})
def _evaluate(
    values, rows, present, years, weights, basis, phases, white, own, faded, coherence, first, second, sigma
):
    """Fill the results of the rows that have the same epochs; each row by itself, so in any company."""
    n_epochs = values.shape[1]
    left = np.empty(n_epochs)
    for row in rows:
        series = values[row].astype(np.float64) * _MM_PER_UNIT
        if weights.size:
            velocity = 0.0
            for k in range(n_epochs):
                velocity += weights[k] * series[k]
            cosine, sine, count = 0.0, 0.0, 0
            for k in range(n_epochs):
                if present[k]:
                    phase = phases[row] * (series[k] - velocity * years[k])
                    cosine += np.cos(phase)
                    sine += np.sin(phase)
                    count += 1
            coherence[row] = np.sqrt(cosine * cosine + sine * sine) / count
        left[:] = series
        for term in range(basis.shape[0]):
            share = 0.0
            for k in range(n_epochs):
                share += basis[term, k] * series[k]
            for k in range(n_epochs):
                left[k] -= share * basis[term, k]
        for k in range(n_epochs):
            left[k] *= present[k]
        first[row], second[row], sigma[row] = noise_of(left, present, white, own, faded)
