"""Simple statistics of a series that do not come from the bank: halves, jumps, spread, runs.

Everything is about the residuals of one joint fit of line, annual and twice-yearly wave, so that neither
motion nor season counts as roughness. Missing epochs are left out; neighbours are the next epochs present.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from egmsql.udfs.kernels.compiled import borrowing, compiled
from egmsql.udfs.kernels.fits import years_since_first
from egmsql.udfs.kernels.orthonormal import orthonormal, weights_of

FIELDS = (
    *("v_robust_mm_yr", "v_first_half_mm_yr", "v_second_half_mm_yr", "v_diff_mm_yr"),
    *("rmse_detrended_mm", "rmse_deseason_mm", "seasonal_amp_mm", "seasonal_r2"),
    *("quad_coeff_mm_yr2", "quad_r2", "n_jumps_nonseas", "jump_max_mm", "n_valid_frac"),
    *("acf_lag1", "cusum_score", "velocity_r2", "range_mm", "noise_p90_mm"),
)
FEWEST_EPOCHS = 12  # below, only what needs no fit


class Frame(NamedTuple):
    """What the epochs present, m of them, decide for every series."""

    t: np.ndarray  # (m,) years since the first epoch of the product
    smooth: np.ndarray  # (6, m) orthonormal rows that span 1, both waves and t
    wave: np.ndarray  # (4, m) cos, sin, cos, sin
    weights: np.ndarray  # (8, m): slope beside the annual wave; the four wave terms; t²; slopes of the halves
    parabola: np.ndarray  # (m,) unit row: what t² adds to 1, t and the annual wave


def frame_of(epochs, present):
    """Return the Frame of datetime64 epochs of which some are present, or None where they determine no fit.

    The latest frames are kept.
    """
    return _frame_of(epochs.astype("datetime64[D]").tobytes(), present.astype(bool).tobytes())


@lru_cache(maxsize=64)
def _frame_of(epochs, present):
    present = np.frombuffer(present, dtype=bool)
    t = years_since_first(np.frombuffer(epochs, dtype="datetime64[D]"))[present]
    if t.size < FEWEST_EPOCHS:
        return None
    once, twice = 2 * np.pi * t, 4 * np.pi * t
    one, wave = np.ones_like(t), np.stack([np.cos(once), np.sin(once), np.cos(twice), np.sin(twice)])
    late = (t > (t[0] + t[-1]) / 2).astype(float)  # halves by time: sampling does not move the middle
    fits = [
        orthonormal(np.stack(rows))
        for rows in (
            [one, *wave[:2], t, t**2],
            [one, *wave, t],
            [1 - late, late, *wave, (1 - late) * t, late * t],
        )
    ]
    if not all(determined for *_, determined in fits):
        return None
    (curved, curved_inverse, _), (smooth, inverse, _), halves = fits
    velocity = weights_of(curved[:4], np.ascontiguousarray(curved_inverse[:4, :4]))[3]
    waves = weights_of(smooth, inverse)[1:5]
    slopes = weights_of(*halves[:2])[6:]
    weights = np.stack([velocity, *waves, weights_of(curved, curved_inverse)[4], *slopes])
    return Frame(t=t, smooth=smooth, wave=wave, weights=weights, parabola=curved[4].copy())


@compiled
def describe(values, frame, unit, jump_mm, jump_spread, out):
    """Write FIELDS of each series, but n_valid_frac, into out (fields, series).

    Parameters
    ----------
    values : integers, shape (series, m), of the epochs present
    frame : Frame
    unit : mm in one of them
    jump_mm, jump_spread : a jump is larger than both jump_mm and jump_spread upper quartiles of the changes
    """
    m = values.shape[1]
    y, residuals, work = np.empty(m), np.empty(m), np.empty(m)
    one = np.empty(out.shape[0])
    for row in range(values.shape[0]):
        mean = np.sum(values[row]) / m
        for i in range(m):
            y[i] = (values[row, i] - mean) * unit
        one[12] = np.nan
        _fits(y, frame, residuals, work, one)
        _roughness(y, frame, residuals, work, unit, jump_mm, jump_spread, one)
        out[:, row] = one


@borrowing
def _dot(a, b):
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@borrowing
def _fits(y, frame, residuals, work, one):
    """Write what fits say of a series, and its residuals."""
    m = y.size
    total = _dot(y, y)
    slope = _dot(frame.weights[0], y)
    offset = 0.0
    for i in range(m):
        work[i] = y[i] - slope * frame.t[i]
        offset += work[i] / m
    detrended = 0.0
    for i in range(m):
        detrended += (work[i] - offset) ** 2
    for i in range(m):
        residuals[i] = y[i]
    for c in range(6):
        part = _dot(frame.smooth[c], y)
        for i in range(m):
            residuals[i] -= part * frame.smooth[c, i]
    deseasoned = _dot(residuals, residuals)
    one[1], one[2] = _dot(frame.weights[6], y), _dot(frame.weights[7], y)
    one[3] = one[2] - one[1]
    one[4], one[5] = np.sqrt(detrended / m), np.sqrt(deseasoned / m)
    one[6] = np.sqrt(_dot(frame.weights[1], y) ** 2 + _dot(frame.weights[2], y) ** 2)
    nothing = 1e-9 * m  # mm²: below the rounding of any series
    one[7] = max(1 - deseasoned / detrended, 0.0) if detrended > nothing else np.nan
    one[8] = _dot(frame.weights[5], y)
    one[9] = _dot(frame.parabola, y) ** 2 / total if total > nothing else np.nan
    one[15] = max(1 - detrended / total, 0.0) if total > nothing else np.nan
    one[0] = _robust_slope(y, frame, work)


@borrowing
def _robust_slope(y, frame, work):
    """Return the median slope between epochs half a series apart, waves removed (Theil's incomplete method).

    A quarter of the epochs may be wrong; all pairs, as Theil and Sen take, cost a hundred times as much.
    """
    m = y.size
    a, b = _dot(frame.weights[1], y), _dot(frame.weights[2], y)
    c, d = _dot(frame.weights[3], y), _dot(frame.weights[4], y)
    half = m // 2
    n = m - half
    for i in range(n):
        j = i + half
        change = y[j] - y[i]
        change -= a * (frame.wave[0, j] - frame.wave[0, i]) + b * (frame.wave[1, j] - frame.wave[1, i])
        change -= c * (frame.wave[2, j] - frame.wave[2, i]) + d * (frame.wave[3, j] - frame.wave[3, i])
        work[i] = change / (frame.t[j] - frame.t[i])
    return quantile(work[:n], 0.5)


@borrowing
def _roughness(y, frame, r, work, unit, jump_mm, jump_spread, one):
    """Write jumps, correlation, runs, range and the size of changes."""
    m = y.size
    squares = products = run = lowest = highest = 0.0
    for i in range(m):
        squares += r[i] * r[i]
        run += r[i]
        lowest, highest = min(lowest, run), max(highest, run)
    for i in range(m - 1):
        products += r[i] * r[i + 1]
    varies = squares > 1e-9 * m
    one[13] = products / squares if varies else np.nan
    one[14] = (highest - lowest) / np.sqrt(squares) if varies else 0.0
    least, most = y[0], y[0]
    for i in range(m):
        least, most = min(least, y[i]), max(most, y[i])
    one[16] = most - least
    for i in range(m - 1):
        work[i] = abs(y[i + 1] - y[i])
    one[17] = quantile(work[: m - 1], 0.9)
    one[10], one[11] = _jumps(r, work, jump_mm, jump_spread)


@borrowing
def _jumps(r, work, jump_mm, jump_spread):
    """Return how many jumps residuals have, and the size of the largest change in mm.

    A change is the median of three epochs less that of the three before: in mm and not per day, and blind
    to a single outlier. A jump shows at up to three epochs, so neighbours of one sign are one jump.
    """
    n = r.size - 5
    largest = 0.0
    for i in range(n):
        work[i] = abs(_change(r, i))
        largest = max(largest, work[i])
    limit = max(jump_mm, jump_spread * quantile(work[:n], 0.75))
    count, last = 0, 0
    for i in range(n):
        change = _change(r, i)
        sign = (change > limit) - (change < -limit)
        if sign != 0 and sign != last:
            count += 1
        last = sign
    return count, largest


@borrowing
def _change(r, i):
    return _middle(r[i + 3], r[i + 4], r[i + 5]) - _middle(r[i], r[i + 1], r[i + 2])


@borrowing
def _middle(a, b, c):
    return max(min(a, b), min(max(a, b), c))


@borrowing
def quantile(values, share):
    """Return a quantile of values, linear between neighbours as numpy's; their order is lost."""
    place = share * (values.size - 1)
    k = int(place)
    low, high = 0, values.size - 1
    while low < high:  # Hoare's selection: the k-th smallest comes to place k
        pivot, i, j = values[(low + high) // 2], low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    if place == k or k + 1 >= values.size:
        return values[k]
    following = values[k + 1]
    for i in range(k + 2, values.size):
        following = min(following, values[i])
    return values[k] + (place - k) * (following - values[k])
