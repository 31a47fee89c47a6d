"""How well each scatterer is seen: level and memory of its noise, wander, unwrapping errors, outliers.

Everything belongs to the scatterer's key and to the pass of the satellite, never to a file: releases and
overlapping bursts see the same noise. The numbers follow the real bursts of Ustica (docs/simulator.md).
"""

from dataclasses import dataclass

import numba
import numpy as np

from egmsql.simulator.randomness import NORMALS, SHOCKS, join, mix, normals, share, shares

# Of the residuals on Ustica, which has few points above 4.8 mm, for those are not delivered.
_SHARES = (0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 1.0)
_SIGMAS = (0.6, 1.0, 1.4, 1.7, 2.4, 3.35, 4.05, 4.45, 4.55, 4.75, 5.0)  # mm
# The correlation of real residuals is 0.33 at one epoch and 0.17 at two, whatever the days between: an
# autoregressive part that fades by 0.65 an epoch, below white noise.
FADING = 0.65
_CORRELATION, _CORRELATION_SPREAD, _CORRELATIONS = 0.445, 0.16, (0.02, 0.62)
_WANDER, _WANDER_YEARS = 0.78, (6.0, 15.0)  # amplitude / noise; periods
HALF_WAVE = 27.73288  # mm, half of Sentinel-1's wavelength
_MOST_WANDER = 2.5  # times the usual
_MULTIPLES = np.array([-1, 1, -1, 1, -1, 1, -1, 1, -2, 2])
_LONE_ERRORS, _PATCH_ERRORS, _IN_PATCH = 0.012, 0.003, 0.7  # shares of points, of patches, of their points
_PATCH_LINES, _PATCH_PIXELS = 20, 80
_OUTLIER_POINTS, _OUTLIERS = 0.25, 0.006  # share of points that have any; of their epochs
ATMOSPHERE = 0.35  # mm
_CELL = 3_000.0  # m, how wide the clouds are


@dataclass
class Traits:
    """What the noise of some scatterers is like; arrays of one length."""

    sigma: np.ndarray  # mm
    correlation: np.ndarray  # of neighbouring epochs, below FADING
    wander: np.ndarray  # mm, amplitude of a wave of many years
    wander_years: np.ndarray
    wander_phase: np.ndarray  # 0 to 1
    vegetation: np.ndarray  # share by which the noise grows in late autumn
    outlier_share: np.ndarray  # of the epochs
    multiple: np.ndarray  # of half a wave: the unwrapping error, mostly 0
    error_pass: np.ndarray  # pass from which it holds


def traits_of(keys, patches, is_built, passes):
    """Return the Traits of scatterers.

    Parameters
    ----------
    keys, patches : uint64 arrays
        Of the scatterers and of the patches of ground they lie in.
    is_built : bool array
        Buildings scatter better than fields.
    passes : (int, int)
        Between which an unwrapping error may begin.
    """
    rank = shares(keys, 11) ** np.where(is_built, 1.2, 0.85)
    sigma = np.interp(rank, _SHARES, _SIGMAS)
    tail = np.abs(SHOCKS[(shares(keys, 12) * 4096).astype(int)])
    low, high = _WANDER_YEARS
    multiple, error_pass = _errors(keys, patches, *passes)
    return Traits(
        sigma=sigma,
        correlation=np.clip(_CORRELATION + _CORRELATION_SPREAD * normals(keys, 13), *_CORRELATIONS),
        wander=_WANDER * sigma * np.minimum(tail, _MOST_WANDER),
        wander_years=low + (high - low) * shares(keys, 14),
        wander_phase=shares(keys, 15),
        vegetation=np.where(is_built, 0.03, 0.08),
        outlier_share=np.where(shares(keys, 16) < _OUTLIER_POINTS, _OUTLIERS, 0.0),
        multiple=multiple,
        error_pass=error_pass,
    )


@numba.njit(nogil=True, cache=True)
def patch_keys(seed, ground_ids):
    """Return the uint64 keys of the patches (about 280 m x 300 m) of a track in which scatterers lie."""
    keys = np.empty(len(ground_ids), dtype=np.uint64)
    for i in range(len(keys)):
        track, line, pixel = ground_ids[i] >> 40, ground_ids[i] >> 20 & 0xFFFFF, ground_ids[i] & 0xFFFFF
        keys[i] = join(join(join(seed ^ np.uint64(9), track), line // _PATCH_LINES), pixel // _PATCH_PIXELS)
    return keys


@numba.njit(nogil=True, cache=True)
def neighbour_keys(seed, ground_ids):
    """Return the uint64 keys of what about 28 m x 31 m share: close scatterers disturb each other."""
    keys = np.empty(len(ground_ids), dtype=np.uint64)
    for i in range(len(keys)):
        keys[i] = join(seed ^ np.uint64(8), ground_ids[i] & ~np.int64(1 << 20 | 7))
    return keys


@numba.njit(nogil=True, cache=True)
def _errors(keys, patches, first, last):
    multiple, begin = np.zeros(len(keys), dtype=np.int64), np.full(len(keys), last + 1)
    for i in range(len(keys)):
        is_patch = share(join(patches[i], 1)) < _PATCH_ERRORS and share(join(keys[i], 21)) < _IN_PATCH
        if is_patch or share(join(keys[i], 22)) < _LONE_ERRORS:
            cause = patches[i] if is_patch else keys[i]
            multiple[i] = _MULTIPLES[int(share(join(cause, 23)) * 10)]
            begin[i] = first + int(share(join(cause, 24)) * (last + 1 - first))
    return multiple, begin


def levels(dates, lost):
    """Return the level of the noise at dates, and the wave (-1 to 1) of the vegetation in it.

    It is higher since the loss of Sentinel-1B (12 days from epoch to epoch) and in late autumn, as on Ustica.
    """
    day = np.array([date.timetuple().tm_yday for date in dates])
    return np.where([date < lost for date in dates], 0.92, 1.06), np.cos(2 * np.pi * (day - 330) / 365)


@numba.njit(nogil=True, cache=True)
def atmosphere(key, passes, eastings, northings):
    """Return what the air adds (mm), shape (places, passes): smooth over kilometres, new each pass."""
    found = np.empty((len(eastings), len(passes)), dtype=np.float32)
    corners, weights = np.empty(4, dtype=np.uint64), np.empty(4)
    for i in range(len(eastings)):
        x, y = eastings[i] / _CELL, northings[i] / _CELL
        column, row = int(np.floor(x)), int(np.floor(y))
        x, y = x - column, y - row
        for k in range(4):
            corners[k] = join(join(key, column + k % 2), row + k // 2)
            weights[k] = (x if k % 2 else 1 - x) * (y if k // 2 else 1 - y)
        total = 0.0
        for k in range(4):
            total += weights[k] * weights[k]
        scale = ATMOSPHERE / np.sqrt(total)  # as much between the corners as on them
        for e in range(len(passes)):
            value = 0.0
            for k in range(4):
                word = mix(corners[k] + np.uint64(passes[e]))
                value += weights[k] * NORMALS[word >> np.uint64(52)]
            found[i, e] = scale * value
    return found
