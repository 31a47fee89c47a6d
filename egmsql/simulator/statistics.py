"""EGMS's published statistics by their official definitions, for whole batches of series.

Source: EEA, EGMS Product Description and Format Specification v3.0, table 5 and section 11.4; the recipe of
temporal_coherence from the L3 producer's published code (measured to reproduce the real columns).
"""

import math
from dataclasses import dataclass

import numba
import numpy as np

from egmsql.simulator.epochs import YEAR

WAVELENGTH = 55.46576  # mm, Sentinel-1's C band
N_TERMS = 6


@dataclass(frozen=True)
class Fits:
    """Least squares of nested models at fixed epochs: 1, cos, sin, t, t², t³ in one QR.

    `bases` (patterns, epochs, 6) and `triangles` (patterns, 6, 6) have one pattern for all rows, or one a
    row where epochs are missing; `present` (patterns, epochs) is 1 where a value exists, else 0.
    """

    t: np.ndarray  # years of 365 days since the first epoch
    present: np.ndarray
    bases: np.ndarray
    triangles: np.ndarray

    @classmethod
    def at(cls, days, present=None):
        """Return the Fits at epochs (days since the first), for rows with the epochs in `present`."""
        t = np.asarray(days, dtype=np.float64) / YEAR
        present = np.ones((1, len(t)), dtype=bool) if present is None else present
        wave = 2 * np.pi * t
        design = np.stack([np.ones_like(t), np.cos(wave), np.sin(wave), t, t**2, t**3], axis=1)
        bases, triangles = np.linalg.qr(design[None] * present[:, :, None])
        return cls(t, present, bases, triangles)

    @property
    def velocity_weights(self):
        """What the values of a series without gaps are multiplied with to sum to mean_velocity."""
        return self.bases[0][:, 3] / self.triangles[0][3, 3]

    @property
    def acceleration_weights(self):
        """What the values of a series without gaps are multiplied with to sum to acceleration."""
        # The basis has t², the definition t²/2.
        return 2 * self.bases[0][:, 4] / self.triangles[0][4, 4]


def publish(series, fits):
    """Return the published columns of some series, unrounded, as a dict of arrays; mm and years.

    `offset` is the cubic and seasonal model at the first epoch: EGMS subtracts it from the series.

    Parameters
    ----------
    series : float32 array, shape (points, epochs)
        Values at missing epochs count as absent whatever they are.
    fits : Fits
    """
    parts, squares = project(series, fits.present, fits.bases)
    n_epochs = fits.present.sum(axis=1)
    inverse = np.linalg.inv(fits.triangles)
    slope = parts[:, 3] * inverse[:, 3, 3]
    cubic = np.einsum("nij,nj->ni", np.broadcast_to(inverse, (len(series), N_TERMS, N_TERMS)), parts)
    covariance = np.einsum("nij,nij->ni", inverse, inverse)  # the diagonal of (GᵀG)⁻¹ of the cubic model
    left = np.maximum(squares[:, None] - np.cumsum(parts**2, axis=1), 0)  # sums of squares after each term
    rmse = np.sqrt(left[:, 5] / n_epochs)
    return {
        "offset": cubic[:, 0] + cubic[:, 1],
        "rmse_ts": rmse,
        "temporal_coherence": _coherence(series, slope, fits),
        "mean_velocity": slope,
        "mean_velocity_std": np.abs(inverse[:, 3, 3]) * np.sqrt(left[:, 3] / (n_epochs - 1)),
        # The basis has t², the definition t²/2.
        "acceleration": 2 * parts[:, 4] * inverse[:, 4, 4],
        "acceleration_std": 2 * np.abs(inverse[:, 4, 4]) * np.sqrt(left[:, 4] / (n_epochs - 1)),
        "seasonality": np.hypot(cubic[:, 1], cubic[:, 2]),
        "seasonality_std": np.sqrt((4 - math.pi) / 4 * (covariance[:, 1] + covariance[:, 2])) * rmse,
    }


def _coherence(series, slope, fits):
    # Only the line is removed, the wave stays in; the constant does not matter.
    phase = series - slope.astype(np.float32)[:, None] * fits.t.astype(np.float32)
    phase *= np.float32(4 * np.pi / WAVELENGTH)
    cosine, sine = np.cos(phase), np.sin(phase, out=phase)
    if not fits.present.all():
        cosine, sine = cosine * fits.present, sine * fits.present
    return np.hypot(cosine.sum(axis=1), sine.sum(axis=1)) / fits.present.sum(axis=1)


@numba.njit(nogil=True, cache=True)
def project(series, present, bases):
    """Return the coordinates of each series in its basis, (points, 6), and its sum of squares, in float64.

    Written out because a matrix product may round otherwise for other numbers of rows or threads.
    """
    n_points, n_epochs = series.shape
    parts, squares = np.zeros((n_points, N_TERMS)), np.zeros(n_points)
    for i in range(n_points):
        pattern = i if len(bases) > 1 else 0
        total = 0.0
        sums = parts[i]
        basis = bases[pattern]
        for k in range(n_epochs):
            if present[pattern, k]:
                value = np.float64(series[i, k])
                total += value * value
                for j in range(N_TERMS):
                    sums[j] += value * basis[k, j]
        squares[i] = total
    return parts, squares
