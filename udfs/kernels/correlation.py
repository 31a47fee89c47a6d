"""How noisy a series is, and how strongly its noise depends on the noise before, from what a fit left of it.

The model: neighbours correlate by r, and from there the correlation fades by the factor f an epoch: 1, r,
r f, r f², ... It holds for white noise (r = 0), for autoregressive noise (r = f), and for a mixture of both,
which is what real series show: 0.33 at one epoch, 0.20 at two, whatever the days between.

A fit takes up a part of the noise, and more of what is smooth: residuals are smaller than the noise and
correlate less. How much less is known exactly, and undone here.
"""

import functools

import numba
import numpy as np
from egmsql.udfs.kernels.fits import NESTED_TERMS, fit_matrix, orthonormal_basis

_N_LAGS = 80  # beyond them a correlation that fades by 0.95 has gone
_LARGEST_FADING = 0.95
_FADINGS = np.linspace(0, _LARGEST_FADING, 96)
# One series tells badly how fast a small correlation fades: it is drawn to 0.6, the median of real files, as
# strongly as a correlation of 0.1 would draw it. Chosen on simulated noise, by the coverage of σ.
_USUAL_FADING, _DRAWN = 0.6, 0.1
_LARGEST_CORRELATION = 0.95
_ITERATIONS = 6
_FEWEST_PAIRS = 12  # a correlation of fewer says nothing
_ZERO_SQUARE = 1e-9  # mm² an epoch: smaller residuals are rounding of the arithmetic


@functools.lru_cache(maxsize=64)
def responses(years_as_bytes):
    """Return what residuals of the cubic and seasonal fit show of noise, on average.

    Parameters
    ----------
    years_as_bytes : bytes
        Of the float64 times since the first epoch, in years; bytes, so that the answer can be kept.

    Returns
    -------
    white : array of float, shape (3,)
        Covariance of residuals at 0, 1 and 2 epochs for white noise of variance 1.
    own : array of float, shape (3,)
        What the noise's covariance at 1 and 2 epochs adds to the residuals' at the same distance.
    faded : array of float, shape (fadings, 3)
        What noise adds whose covariance is 1 at one epoch and fades by each of `_FADINGS`.
    """
    years = np.frombuffer(years_as_bytes)
    basis = orthonormal_basis(fit_matrix(years, NESTED_TERMS))
    by_lag = np.array([_response(basis, lag) for lag in range(min(_N_LAGS, len(years)))])
    powers = _FADINGS[:, None] ** np.arange(len(by_lag) - 1)
    own = np.zeros(3)
    own[: len(by_lag)] = [by_lag[lag, lag] for lag in range(min(3, len(by_lag)))]
    return by_lag[0], own, powers @ by_lag[1:]


def _response(basis, lag):
    """Return the residuals' mean covariance at 0, 1, 2 epochs for noise that has 1 at `lag` alone.

    With M = I - BᵀB and T the matrix with ones `lag` beside the diagonal it is the mean of the h-th side
    diagonal of M T M.
    """
    n = basis.shape[1]
    shifted = np.zeros_like(basis)  # B T
    shifted[:, : n - lag] += basis[:, lag:]
    if lag:
        shifted[:, lag:] += basis[:, : n - lag]
    inner = shifted @ basis.T  # B T Bᵀ
    both = inner @ basis
    means = np.zeros(3)
    for h in range(min(3, n)):
        here, there = slice(0, n - h), slice(h, n)
        diagonal = (basis[:, here] * (both - shifted)[:, there]).sum(0)
        diagonal -= (shifted[:, here] * basis[:, there]).sum(0)
        means[h] = diagonal.mean() + (h == lag)
    return means


@numba.njit(nogil=True, cache=True)
def noise_of(residuals, present, white, own, faded):
    """Return the noise's correlation at one and two epochs, and its standard deviation.

    Parameters
    ----------
    residuals : array of float, shape (epochs,)
        mm, of the cubic and seasonal fit; 0 at absent epochs.
    present : array of bool, shape (epochs,)
    white, own, faded : arrays
        As `responses` gives them.

    Returns
    -------
    correlation_1, correlation_2 : float
        By the number of epochs, not by days; pairs with an absent epoch do not count. NaN where fewer than
        12 pairs are left, or nothing but rounding.
    sigma : float
        mm; NaN where fewer than 12 pairs are left, 0 where nothing but rounding.
    """
    covariance, pairs = np.zeros(3), np.zeros(3)
    for lag in range(3):
        for k in range(lag, residuals.size):
            covariance[lag] += residuals[k] * residuals[k - lag]
            pairs[lag] += present[k] and present[k - lag]
        if pairs[lag] < _FEWEST_PAIRS or white[0] <= 0:
            return np.nan, np.nan, np.nan
        covariance[lag] /= pairs[lag]
    if covariance[0] <= _ZERO_SQUARE:
        return np.nan, np.nan, 0.0
    first, second = covariance[1] / covariance[0], covariance[2] / covariance[0]
    r, fading = max(first, 0.0), _USUAL_FADING
    left = 1.0  # share of the noise's variance that the residuals show
    for _ in range(_ITERATIONS):
        place = fading / _LARGEST_FADING * (len(faded) - 1)
        below = min(int(place), len(faded) - 2)
        weight = place - below
        shown = (1 - weight) * faded[below] + weight * faded[below + 1]
        left = white[0] + r * shown[0]
        at_1 = (first * left - white[1] - r * (shown[1] - own[1])) / own[1]
        at_2 = (second * left - white[2] - r * (shown[2] - fading * own[2])) / own[2]
        r = min(max(at_1, 0.0), _LARGEST_CORRELATION)
        fading = (at_2 + _DRAWN * _USUAL_FADING) / (r + _DRAWN)
        fading = min(max(fading, 0.0), _LARGEST_FADING)
    return r, r * fading, np.sqrt(covariance[0] / left)
