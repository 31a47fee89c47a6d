"""What a satellite would measure: a known motion plus correlated noise, epoch by epoch."""

from dataclasses import dataclass

import numba
import numpy as np

from egmsql.simulator.epochs import YEAR

# The correlation of real residuals is 0.33 at one epoch and 0.20 at two, whatever the days between: an
# autoregressive part that fades by 0.6 an epoch, below white noise. Source: science.md, section 3.
FADING = 0.6


@dataclass
class Motions:
    """The truth of some points in one product; arrays of one length."""

    initial_velocity: np.ndarray  # mm/yr along the look direction, at the first epoch
    acceleration: np.ndarray  # mm/yr2
    seasonality: np.ndarray  # mm
    season_day: np.ndarray  # days from the first epoch to a maximum of the wave
    noise_sigma: np.ndarray  # mm
    noise_correlation: np.ndarray  # of neighbouring epochs, below `fading`


def compose(motions, days, rng, fading=FADING):
    """Return displacement series (mm), float32, shape (points, epochs), before any shift or rounding.

    Parameters
    ----------
    motions : Motions
    days : sequence of int
        Days since the first epoch.
    rng : numpy.random.Generator
        One row of numbers after the other: the first points do not depend on how many follow.
    fading : float
        Of the autoregressive part of the noise, per epoch.
    """
    t = np.asarray(days, dtype=np.float64) / YEAR
    normals = rng.standard_normal((len(motions.acceleration), len(t) + 1), dtype=np.float32)
    angle = 2 * np.pi * motions.season_day / YEAR
    terms = np.stack([t, t**2 / 2, np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], axis=1)
    rates = [
        motions.initial_velocity,
        motions.acceleration,
        motions.seasonality * np.cos(angle),
        motions.seasonality * np.sin(angle),
    ]
    moving, innovation = _filter_of(motions.noise_correlation, fading)
    return _compose(normals, terms, np.stack(rates, axis=1), motions.noise_sigma, fading, moving, innovation)


def _filter_of(correlation, fading):
    """Return the moving-average weight and the innovation's standard deviation of unit noise.

    Autoregressive noise of variance s under white noise of variance 1 - s is an ARMA(1, 1) process; s is
    such that neighbours correlate as wanted. One random number an epoch then does for both.
    """
    s = correlation / fading
    zero, one = s * (1 - fading**2) + (1 - s) * (1 + fading**2), -fading * (1 - s)
    ratio = one / zero
    # The invertible root of moving/(1 + moving²) = ratio.
    moving = 2 * ratio / (1 + np.sqrt(1 - 4 * ratio**2))
    return moving, np.sqrt(zero / (1 + moving**2))


@numba.njit(nogil=True, cache=True)
def _compose(normals, terms, rates, sigma, fading, moving, innovation):
    n_points, n_epochs = normals.shape[0], terms.shape[0]
    series = np.empty((n_points, n_epochs), dtype=np.float32)
    for i in range(n_points):
        v, a, c, s = rates[i]
        # The state starts in its stationary distribution, so the first epoch is as noisy as any other.
        expected = np.sqrt(max(1 - innovation[i] ** 2, 0.0)) * normals[i, n_epochs]
        for k in range(n_epochs):
            shock = innovation[i] * normals[i, k]
            noise = expected + shock
            expected = fading * noise + moving[i] * shock
            model = v * terms[k, 0] + a * terms[k, 1] + c * terms[k, 2] + s * terms[k, 3]
            series[i, k] = model + sigma[i] * noise
    return series
