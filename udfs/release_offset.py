"""How far one release's series lies above another's, and whether the difference drifts."""

import numba
import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.calendars import epochs_of
from egmsql.udfs.kernels.fits import years_since_first

_MM_PER_UNIT = 0.1  # of the series' whole numbers
_MEDIAN = 1.2533  # standard error of a median over that of a mean, √(π/2)
_SPREAD = 1.4826  # standard deviation over median absolute deviation, of normal numbers
_ROUNDING = 0.1 / np.sqrt(6)  # mm, of the difference of two numbers with one decimal
_LATTICE = 0.1 / np.sqrt(12)  # mm, of the median of such differences, however many they are
_LARGEST_CORRELATION = 0.95
_FIELDS = ("offset_mm", "offset_sigma_mm", "drift_mm_yr", "drift_sigma_mm_yr")


@udf(
    "release_offset(older SMALLINT[], newer SMALLINT[], older_calendar VARCHAR, newer_calendar VARCHAR)"
    " -> STRUCT(n_common INTEGER, offset_mm DOUBLE, offset_sigma_mm DOUBLE, drift_mm_yr DOUBLE,"
    " drift_sigma_mm_yr DOUBLE)",
    version=3,
    example=(
        [0, 10, 21, 30, 40, 52, 60, 71],
        [25, 36, 45, 55, 66, 75, 90],
        "2020-01-03+12x7",
        "2020-01-27+12x6",
    ),
    returns=pa.struct([("n_common", pa.int32()), *((name, pa.float64()) for name in _FIELDS)]),
    shared=("older_calendar", "newer_calendar"),
)
def release_offset(older, newer, older_calendar, newer_calendar):
    """Median and drift of newer less older, at epochs that both releases have.

    Parameters
    ----------
    older, newer : SMALLINT[]
        0.1 mm, at each epoch of its release; NULL where missing.
    older_calendar, newer_calendar : VARCHAR
        These epochs, from the macro `calendar`.

    Returns
    -------
    n_common : INTEGER
        Epochs at which both have a value.
    offset_mm : DOUBLE
        mm, the median difference; NULL without common epochs.
    offset_sigma_mm : DOUBLE
        1.2533 · 1.4826 · MAD / √n_eff, where n_eff counts correlated epochs for fewer, and the 0.1 / √12 mm
        that the median of numbers in steps of 0.1 mm leaves, however many they are; NULL below three epochs.
    drift_mm_yr, drift_sigma_mm_yr : DOUBLE
        Slope of the difference, and its standard error; NULL below three epochs.
    """
    epochs, older_places, newer_places = np.intersect1d(
        epochs_of(older_calendar), epochs_of(newer_calendar), assume_unique=True, return_indices=True
    )
    older, newer = older[:, older_places], newer[:, newer_places]
    present = ~(np.ma.getmaskarray(older) | np.ma.getmaskarray(newer))
    found = {"n_common": present.sum(1), **{name: np.full(len(older), np.nan) for name in _FIELDS}}
    _compare(older.data, newer.data, present, years_since_first(epochs), *(found[n] for n in _FIELDS))
    return found


@numba.njit(nogil=True, cache=True)
def _compare(older, newer, present, years, offset, offset_sigma, drift, drift_sigma):
    """Fill the results of each row; each row by itself, so in any company."""
    for row in range(older.shape[0]):
        where = np.flatnonzero(present[row])
        n = where.size
        if n == 0:
            continue
        difference, times = np.empty(n), np.empty(n)
        for i in range(n):
            k = where[i]
            difference[i] = (np.float64(newer[row, k]) - np.float64(older[row, k])) * _MM_PER_UNIT
            times[i] = years[k]
        offset[row] = np.median(difference)
        if n < 3:
            continue
        inflation = _inflation(difference - difference.mean())
        spread = max(_SPREAD * np.median(np.abs(difference - offset[row])), _ROUNDING)
        offset_sigma[row] = np.hypot(_MEDIAN * spread * np.sqrt(inflation / n), _LATTICE)
        times -= times.mean()
        squares = (times * times).sum()
        drift[row] = (times * difference).sum() / squares
        left = difference - difference.mean() - drift[row] * times
        variance = max((left * left).sum() / (n - 2), _ROUNDING * _ROUNDING)
        drift_sigma[row] = np.sqrt(variance * _inflation(left) / squares)


@numba.njit(nogil=True, cache=True)
def _inflation(noise):
    """Return by what correlation of neighbours raises the variance of a mean: (1 + r) / (1 - r).

    The correlation of n numbers about their own mean is (1 + 4 r) / n too small, which is undone.
    """
    total = (noise * noise).sum()
    n = noise.size
    if total <= 0.0 or n <= 5:
        return 1.0
    r = ((noise[1:] * noise[:-1]).sum() / total * n + 1) / (n - 4)
    r = min(max(r, 0.0), _LARGEST_CORRELATION)
    return (1 + r) / (1 - r)
