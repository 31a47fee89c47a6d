"""The hypothesis bank of a list of epochs: every candidate shape, reduced to what a series must be asked.

A column of the bank is a regressor x beside the base model B = [1, cos 2πt, sin 2πt, t]; what counts is
z = (I - QQᵀ)x with QR = B, of length ℓ. The columns come in three blocks: the smooth shapes below, then a
step at each epoch, then a hinge (velocity change) at each epoch. Years are EGMS's, of 365 days.

Steps and hinges need no stored columns. For any e orthogonal to B, z·e = x·e, and that is a suffix sum of e
(step) or of e and t·e (hinge): the product E·Z costs one addition an epoch, so all of it is float64.
Source of the algebra: Frisch and Waugh; checked against explicit least squares in the tests.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from egmsql.udfs.kernels.compiled import borrowing, compiled
from egmsql.udfs.kernels.fits import years_since_first
from egmsql.udfs.kernels.inflation import FADINGS, inflations
from egmsql.udfs.kernels.orthonormal import orthonormal

# Time constants τ in years, of 1 - exp(-t/τ) and exp((t - T)/τ). A coarser grid, of every other one, left so
# much of strong decays that a break beside one was found in 7 % of them.
DECAY_YEARS = np.array([0.2, 0.26, 0.35, 0.42, 0.5, 0.61, 0.75, 0.87, 1, 1.22, 1.5, 1.73, 2, 2.45, 3])
GROWTH_YEARS = np.array([0.5, 0.61, 0.75, 0.87, 1, 1.22, 1.5, 1.73, 2])
STEP_SIDE = 6  # epochs that a step needs on each side
HINGE_SIDE = 12  # epochs that a velocity change needs on each side
FEWEST_EPOCHS = 12  # below, a series has no bank
LANES = 16  # epochs are filled up to a multiple, so that loops over them end with whole vectors

# Numbers of the smooth columns.
QUADRATIC = 0
DECAY = 1
GROWTH = DECAY + DECAY_YEARS.size
TWICE_A_YEAR = GROWTH + GROWTH_YEARS.size  # cosine, then sine
LAST_YEAR = TWICE_A_YEAR + 2  # hinge one year before the last epoch
N_SMOOTH = LAST_YEAR + 1


class Bank(NamedTuple):
    """The bank of m epochs, J = N_SMOOTH + 2m columns; missing epochs are zero in every row.

    m is a multiple of LANES: epochs beyond the last are missing ones at its time.
    """

    t: np.ndarray  # (m,) years since the first epoch
    present: np.ndarray  # (m,) 1 or 0
    q: np.ndarray  # (4, m) orthonormal rows that span 1, cos, sin, t one after the other
    r_inverse: np.ndarray  # (4, 4): coefficients of the base are r_inverse @ q @ y
    inverse: np.ndarray  # (J,) 1/ℓ, 0 where a column is no candidate
    along: np.ndarray  # (4, J) q @ x
    slopes: np.ndarray  # (2, J) slope of x over the first and the last fifth of the epochs, 1/yr
    smooth: np.ndarray  # (N_SMOOTH, m) z/ℓ
    crossed: np.ndarray  # (N_SMOOTH, J) inner products of the smooth z/ℓ with every z/ℓ
    same_epoch: np.ndarray  # (2, m) g of step and hinge at one epoch; 1/(1 - g²), 0 where not a candidate
    sums: np.ndarray  # (3, m) suffix sums of 1, t, t²
    inflation: np.ndarray  # (fadings, J + 2) see kernels.inflation; the last two are velocity and wave
    pairs: np.ndarray  # (2, m) 1 where epochs i and i + 1, i and i + 2 count for the correlation
    counts: np.ndarray  # (3,) epochs present, pairs of either kind
    paired: np.ndarray  # (2m, J) inner products of the breaks' z/ℓ with all; (0, J) unless kept


def bank_of(epochs, present):
    """Return the Bank of datetime64 epochs of which some are present, or None where they determine no base.

    Banks of the latest lists of epochs are kept.
    """
    return _bank_of(epochs.astype("datetime64[D]").tobytes(), present.astype(bool).tobytes())


@lru_cache(maxsize=16)
def _bank_of(epochs, present):
    epochs = np.frombuffer(epochs, dtype="datetime64[D]")
    bank = build_bank(years_since_first(epochs), np.frombuffer(present, dtype=bool).astype(float))
    return bank and bank._replace(paired=_paired(bank))


def build_bank(t, present):
    """Return the Bank of years t of which some are present (1 or 0), or None where they determine no base."""
    if np.count_nonzero(present) < FEWEST_EPOCHS:
        return None
    pairs = _pairs(t, present)
    t, present, pairs = _filled_up(t, present, pairs)
    wave = 2 * np.pi * t
    base = np.stack([np.ones_like(t), np.cos(wave), np.sin(wave), t]) * present
    q, r_inverse, determined = orthonormal(base)
    if not determined:
        return None
    m = t.size
    inverse, along = np.zeros(N_SMOOTH + 2 * m), np.zeros((4, N_SMOOTH + 2 * m))
    smooth = _smooth(t, present, q, inverse, along)
    sums = np.zeros((3, m))
    _breaks(t, present, q, sums, inverse[N_SMOOTH:], along[:, N_SMOOTH:])
    same_epoch = np.zeros((2, m))
    _same_epoch(t, sums, inverse[N_SMOOTH:], along[:, N_SMOOTH:], same_epoch)
    crossed = _crossed(t, smooth, inverse)
    inflation = np.zeros((FADINGS.size, inverse.size + 2))
    inflations(t, present, q, r_inverse, smooth, inverse[N_SMOOTH:], along[:, N_SMOOTH:], inflation)
    return Bank(
        *(t, present, q, r_inverse, inverse, along, _slopes(t, present), smooth, crossed),
        *(same_epoch, sums, inflation, pairs, np.array([present.sum(), *pairs.sum(axis=1)])),
        np.empty((0, inverse.size)),
    )


def _filled_up(t, present, pairs):
    n = -t.size % LANES
    return np.pad(t, (0, n), mode="edge"), np.pad(present, (0, n)), np.pad(pairs, ((0, 0), (0, n)))


@compiled
def shape(column, t, last, out):
    """Write the regressor of a smooth column at years t into `out`; `last` is the year of the last epoch."""
    if column == QUADRATIC:
        out[:] = t * t / 2  # so that its coefficient is the acceleration
    elif column < GROWTH:
        out[:] = 1 - np.exp(-t / DECAY_YEARS[column - DECAY])
    elif column < TWICE_A_YEAR:
        out[:] = np.exp((t - last) / GROWTH_YEARS[column - GROWTH])
    elif column == TWICE_A_YEAR:
        out[:] = np.cos(4 * np.pi * t)
    elif column == TWICE_A_YEAR + 1:
        out[:] = np.sin(4 * np.pi * t)
    else:
        out[:] = np.maximum(t - (last - 1), 0)


@compiled
def _smooth(t, present, q, inverse, along):
    """Return z/ℓ of the smooth columns; write their 1/ℓ and q @ x."""
    z = np.zeros((N_SMOOTH, t.size))
    latest = np.sum(present * (t > t[-1] - 1))
    for s in range(N_SMOOTH):
        shape(s, t, t[-1], z[s])
        z[s] *= present
        norm = np.sqrt(np.sum(z[s] * z[s]))
        for _ in range(2):
            for c in range(4):
                part = np.sum(q[c] * z[s])
                along[c, s] += part
                z[s] -= part * q[c]
        length = np.sqrt(np.sum(z[s] * z[s]))
        few = s == LAST_YEAR and (latest < STEP_SIDE or t[-1] < 2)
        if few or not length > 1e-6 * norm:
            z[s] = 0
            continue
        inverse[s] = 1 / length
        z[s] /= length
    return z


@compiled
def _breaks(t, present, q, sums, inverse, along):
    """Write suffix sums, and 1/ℓ and q @ x of the steps (first m columns) and hinges (last m)."""
    m = t.size
    moments = np.zeros((4, 2))
    one = first = second = 0.0
    before = np.sum(present)
    n = before
    for k in range(m - 1, -1, -1):
        one += present[k]
        first += present[k] * t[k]
        second += present[k] * t[k] * t[k]
        sums[0, k], sums[1, k], sums[2, k] = one, first, second
        step, hinge = one, second - 2 * t[k] * first + t[k] * t[k] * one
        step_norm, hinge_norm = step, hinge
        for c in range(4):
            moments[c, 0] += q[c, k]
            moments[c, 1] += q[c, k] * t[k]
            along[c, k] = moments[c, 0]
            along[c, m + k] = moments[c, 1] - t[k] * moments[c, 0]
            step -= along[c, k] ** 2
            hinge -= along[c, m + k] ** 2
        before = n - one
        after = one - present[k]
        if present[k] and min(before, one) >= STEP_SIDE and step > 1e-6 * step_norm:
            inverse[k] = 1 / np.sqrt(step)
        if present[k] and min(before, after) >= HINGE_SIDE and hinge > 1e-6 * hinge_norm:
            inverse[m + k] = 1 / np.sqrt(hinge)


@compiled
def _same_epoch(t, sums, inverse, along, out):
    """Write g and 1/(1 - g²) of the step and the hinge at each epoch."""
    m = t.size
    for k in range(m):
        if inverse[k] and inverse[m + k]:
            g = sums[1, k] - t[k] * sums[0, k]
            for c in range(4):
                g -= along[c, k] * along[c, m + k]
            g *= inverse[k] * inverse[m + k]
            out[0, k] = g
            out[1, k] = 1 / (1 - g * g) if g * g < 0.999 else 0.0


@compiled
def _crossed(t, smooth, inverse):
    """Return the inner products of each smooth z/ℓ with every column's z/ℓ, shape (N_SMOOTH, J)."""
    m = t.size
    out = np.zeros((N_SMOOTH, N_SMOOTH + 2 * m))
    for s in range(N_SMOOTH):
        for other in range(N_SMOOTH):
            out[s, other] = np.sum(smooth[s] * smooth[other])
        total = moment = 0.0
        for k in range(m - 1, -1, -1):
            total += smooth[s, k]
            moment += smooth[s, k] * t[k]
            out[s, N_SMOOTH + k] = total * inverse[N_SMOOTH + k]
            out[s, N_SMOOTH + m + k] = (moment - t[k] * total) * inverse[N_SMOOTH + m + k]
    return out


@compiled
def _paired(bank):
    """Return the inner products of every break's z/ℓ with every column's z/ℓ, shape (2m, J)."""
    out, shared = np.empty((2 * bank.t.size, bank.inverse.size)), np.empty((2, bank.t.size))
    for k in range(out.shape[0]):
        products_with(bank, N_SMOOTH + k, out[k], shared)
    return out


@borrowing
def products_with(bank, column, g, shared):
    """Write the inner products of a break's z/ℓ with every z/ℓ into g (J,); `shared` (2, m) is work."""
    m = bank.t.size
    for s in range(N_SMOOTH):
        g[s] = bank.crossed[s, column]
    a0, a1 = bank.along[0, column], bank.along[1, column]
    a2, a3 = bank.along[2, column], bank.along[3, column]
    k = (column - N_SMOOTH) % m
    # x of the column is u + bend·t with u = 1 (step) or -t_k (hinge), from epoch k on.
    bend = 1.0 if column - N_SMOOTH >= m else 0.0
    u = 1 - bend * (1 + bank.t[k])
    one, first = shared[0], shared[1]  # its sum, and that times t, from an epoch on
    for i in range(m):
        one[i] = u * bank.sums[0, i] + bend * bank.sums[1, i]
    for i in range(m):
        first[i] = u * bank.sums[1, i] + bend * bank.sums[2, i]
    one_k, first_k = one[k], first[k]
    for i in range(k):
        one[i], first[i] = one_k, first_k
    for i in range(m):
        first[i] -= bank.t[i] * one[i]
    scale = bank.inverse[column]
    for kind in range(2):
        start, stop = N_SMOOTH + kind * m, N_SMOOTH + (kind + 1) * m
        out, inverse, sums = g[start:stop], bank.inverse[start:stop], shared[kind]
        along0, along1 = bank.along[0][start:stop], bank.along[1][start:stop]
        along2, along3 = bank.along[2][start:stop], bank.along[3][start:stop]
        for i in range(m):
            out[i] = a0 * along0[i] + a1 * along1[i] + a2 * along2[i] + a3 * along3[i]
        for i in range(m):
            out[i] = (sums[i] - out[i]) * inverse[i] * scale


@compiled
def _slopes(t, present):
    """Return the mean slope of each regressor over the first and the last fifth of the epochs, (2, J)."""
    m = t.size
    known = t[present > 0]
    fifth = max((known.size + 4) // 5, 2) - 1
    ends = np.array([[known[0], known[fifth]], [known[-1 - fifth], known[-1]]])
    out = np.zeros((2, N_SMOOTH + 2 * m))
    values = np.empty(2)
    for end in range(2):
        span = ends[end, 1] - ends[end, 0]
        for s in range(N_SMOOTH):
            if s != TWICE_A_YEAR and s != TWICE_A_YEAR + 1:  # a wave
                shape(s, ends[end], t[-1], values)
                out[end, s] = (values[1] - values[0]) / span
        for k in range(m):
            rise = max(ends[end, 1] - t[k], 0) - max(ends[end, 0] - t[k], 0)
            out[end, N_SMOOTH + m + k] = rise / span
    return out


def _pairs(t, present):
    """Return which pairs of epochs count for the correlation at lag 1 and 2, shape (2, m).

    Correlation follows the count of epochs more than the days, so lags are counted in epochs; pairs more
    than twice as far apart as is usual are left out.
    """
    steps, counts = np.unique(np.round(np.diff(t), 6), return_counts=True)
    usual = steps[np.argmax(counts)]
    out = np.zeros((2, t.size))
    for lag in (1, 2):
        near = t[lag:] - t[:-lag] <= 2 * lag * usual + 1e-9
        out[lag - 1, :-lag] = near * present[lag:] * present[:-lag]
    return out
