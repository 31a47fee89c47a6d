"""One model of a series: base and up to two columns of the bank, their coefficients, errors and residuals."""

from typing import NamedTuple

import numpy as np
from egmsql.udfs.kernels.bank import N_SMOOTH
from egmsql.udfs.kernels.compiled import borrowing
from egmsql.udfs.kernels.inflation import inflation_of


class Noise(NamedTuple):
    """The noise of a series, from the residuals of its best model."""

    first: float  # correlation at one epoch
    second: float  # and at two
    fading: float  # φ
    inflation: float  # f = 1 + 2ρ₁/(1 - φ)


class Model(NamedTuple):
    """Coefficients of the columns i and j of a model; zero where j is -1 or i is -1."""

    i: int
    j: int
    beta_i: float  # of x, in mm per unit of x
    beta_j: float
    variance_i: float
    variance_j: float
    covariance: float
    variance: float  # of the residuals


@borrowing
def product_of(bank, i, j):
    """Return g = ẑᵢ·ẑⱼ of two columns, of which a smooth one may only come first."""
    if i < N_SMOOTH:
        return bank.crossed[i, j]
    m = bank.t.size
    k, n = (i - N_SMOOTH) % m, (j - N_SMOOTH) % m
    last = max(k, n)
    one, t, tt = bank.sums[0, last], bank.sums[1, last], bank.sums[2, last]
    bent_i, bent_j = i - N_SMOOTH >= m, j - N_SMOOTH >= m
    tk, tn = bank.t[k], bank.t[n]
    if bent_i and bent_j:
        total = tt - (tk + tn) * t + tk * tn * one
    elif bent_i:
        total = t - tk * one
    elif bent_j:
        total = t - tn * one
    else:
        total = one
    for c in range(4):
        total -= bank.along[c, i] * bank.along[c, j]
    return total * bank.inverse[i] * bank.inverse[j]


@borrowing
def model_of(bank, p, i, j, squares, parameters, present, noise):
    """Return the Model of base and columns i and j (-1: none) that leaves a sum of squares.

    A fit of k parameters takes about k·f of the m degrees of freedom from correlated noise; the variance of
    the residuals is squares/(m - k·f).
    """
    freedom = max(present - parameters * noise.inflation, present / 2)
    variance = squares / freedom
    if i < 0:
        return Model(i, j, 0.0, 0.0, 0.0, 0.0, 0.0, variance)
    f_i = inflation_of(bank.inflation, i, noise.first, noise.fading)
    if j < 0:
        one = bank.inverse[i]
        return Model(i, j, p[i] * one, 0.0, variance * f_i * one * one, 0.0, 0.0, variance)
    f_j = inflation_of(bank.inflation, j, noise.first, noise.fading)
    g = product_of(bank, i, j)
    apart = 1 - g * g
    one, two = bank.inverse[i], bank.inverse[j]
    return Model(
        i,
        j,
        (p[i] - g * p[j]) / apart * one,
        (p[j] - g * p[i]) / apart * two,
        variance * f_i * one * one / apart,
        variance * f_j * two * two / apart,
        -g * variance * np.sqrt(f_i * f_j) * one * two / apart,
        variance,
    )


@borrowing
def with_free_epoch(bank, model, noise):
    """Return the model of a hinge with the errors it has where its epoch was searched.

    To first order a bend at another epoch is this bend plus a step at it, so the errors are those of both
    fitted together.
    """
    i, j = model.i, model.i - bank.t.size
    apart = 1 - bank.same_epoch[0, j - N_SMOOTH] ** 2
    two = bank.inverse[j]
    if two == 0 or bank.same_epoch[1, j - N_SMOOTH] == 0:
        return model
    f_j = inflation_of(bank.inflation, j, noise.first, noise.fading)
    variance_i = model.variance_i / apart
    variance_j = model.variance * f_j * two * two / apart
    g = bank.same_epoch[0, j - N_SMOOTH]
    covariance = -g * np.sqrt(variance_i * variance_j)
    return Model(i, j, model.beta_i, 0.0, variance_i, variance_j, covariance, model.variance)


@borrowing
def _subtract(bank, column, beta, r):
    """Subtract beta·z of a column from r (m,)."""
    m = r.size
    if column < N_SMOOTH:
        scale = beta / bank.inverse[column]
        for i in range(m):
            r[i] -= scale * bank.smooth[column, i]
        return
    k = (column - N_SMOOTH) % m
    b0, b1 = beta * bank.along[0, column], beta * bank.along[1, column]
    b2, b3 = beta * bank.along[2, column], beta * bank.along[3, column]
    q = bank.q
    for i in range(m):
        r[i] += b0 * q[0, i] + b1 * q[1, i] + b2 * q[2, i] + b3 * q[3, i]
    bend = 1.0 if column - N_SMOOTH >= m else 0.0
    for i in range(k, m):
        r[i] -= beta * bank.present[i] * (1 - bend + bend * (bank.t[i] - bank.t[k]))


@borrowing
def residuals_of(bank, e, p, i, j, line, r):
    """Write the residuals of base and columns i and j into r, from the base's residuals e.

    `line` is what the base's line explains where the model is to have none, else 0.
    """
    for k in range(e.size):
        r[k] = e[k] + line * bank.q[3, k]
    if i < 0:
        return
    if j < 0:
        _subtract(bank, i, p[i] * bank.inverse[i], r)
        return
    g = product_of(bank, i, j)
    _subtract(bank, i, (p[i] - g * p[j]) / (1 - g * g) * bank.inverse[i], r)
    _subtract(bank, j, (p[j] - g * p[i]) / (1 - g * g) * bank.inverse[j], r)


@borrowing
def motion_of(bank, model, velocity, sigma, out):
    """Write start and end velocity and the change of speed, each with σ, into out (6,).

    `velocity` and `sigma` are the base's; the columns change it, independently of its own error.
    """
    right = bank.r_inverse[3, 3]
    start_i = start_j = end_i = end_j = 0.0
    if model.i >= 0:
        start_i = bank.slopes[0, model.i] - right * bank.along[3, model.i]
        end_i = bank.slopes[1, model.i] - right * bank.along[3, model.i]
    if model.j >= 0:
        start_j = bank.slopes[0, model.j] - right * bank.along[3, model.j]
        end_j = bank.slopes[1, model.j] - right * bank.along[3, model.j]
    start = velocity + start_i * model.beta_i + start_j * model.beta_j
    end = velocity + end_i * model.beta_i + end_j * model.beta_j
    before, after = 1.0 if start >= 0 else -1.0, 1.0 if end >= 0 else -1.0
    out[0], out[1] = start, np.sqrt(sigma**2 + _spread(model, start_i, start_j))
    out[2], out[3] = end, np.sqrt(sigma**2 + _spread(model, end_i, end_j))
    out[4] = abs(end) - abs(start)
    a, b = after * end_i - before * start_i, after * end_j - before * start_j
    out[5] = np.sqrt(((after - before) * sigma) ** 2 + _spread(model, a, b))


@borrowing
def _spread(model, a, b):
    spread = a * a * model.variance_i + b * b * model.variance_j + 2 * a * b * model.covariance
    return max(spread, 0.0)


@borrowing
def wave_of(bank, model, base, present, noise, out):
    """Write amplitude, σ, day of the maximum after the first epoch and σ of that day into out (4,).

    `base` (4,) is q @ y, its last zero where the model has no line.
    """
    cosine = sine = norm = 0.0
    for c in range(4):
        v = base[c]
        if model.i >= 0:
            v -= model.beta_i * bank.along[c, model.i]
        if model.j >= 0:
            v -= model.beta_j * bank.along[c, model.j]
        cosine += bank.r_inverse[1, c] * v
        sine += bank.r_inverse[2, c] * v
        norm += (bank.r_inverse[1, c] ** 2 + bank.r_inverse[2, c] ** 2) / 2
    f = inflation_of(bank.inflation, bank.inverse.size + 1, noise.first, noise.fading)
    amplitude = np.sqrt(cosine**2 + sine**2)
    sigma = np.sqrt(norm * model.variance * f)
    out[0], out[1] = amplitude, sigma
    out[2] = 365 * np.arctan2(sine, cosine) / (2 * np.pi)
    out[3] = 365 * sigma / (2 * np.pi * amplitude) if amplitude > sigma else np.nan
