"""Weighted sums of neighbouring points' series, on dates that several products share."""

import numba
import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.dates import as_days, nearest

_MM_PER_UNIT = 0.1  # of the series' whole numbers
_STEPS = 2.0**36  # in a mm: sums of steps are exact below 100 m, and so the same in any order


@udf(
    "stack_series(displacements SMALLINT[], weights DOUBLE[], epochs DATE[], dates DATE[], reach INTEGER)"
    " -> DOUBLE[]",
    version=2,
    example=(
        [0, 10, 20, 0, 30, 60],
        [0.5, 0.5, 1.0, -1.0],
        ["2020-01-03", "2020-01-15", "2020-01-27"],
        ["2020-01-03", "2020-01-09", "2020-01-15"],
        45,
    ),
    returns=pa.list_(pa.float64()),
    shared=("epochs", "dates"),
)
def stack_series(displacements, weights, epochs, dates, reach):
    """Sums over points of weight times series, each series put on other dates first.

    Parameters
    ----------
    displacements : SMALLINT[]
        0.1 mm; the series of all points one after the other, each as long as `epochs`; NULL where an epoch
        is missing.
    weights : DOUBLE[]
        As many for each point as sums are wanted, point after point.
    epochs : DATE[]
        Of the product, increasing.
    dates : DATE[]
        On which the sums are wanted, increasing.
    reach : INTEGER
        Days; farther from an acquisition the sums are NULL.

    Returns
    -------
    DOUBLE[]
        mm; one sum after the other, each as long as `dates`. Each product of weight and displacement is
        rounded to steps of 2^-36 mm, so sums, and sums of sums, are the same in any order.

    Notes
    -----
    A series has at a date its own value where there is one, else that of the nearest acquisition, the mean
    of both on a tie. Found by comparison with EGMS's L3; linear interpolation agrees less (egms-format.md,
    section 10).
    """
    days, wanted = as_days(epochs), as_days(dates)
    n_points = displacements.shape[1] // max(len(days), 1)
    n_sums = weights.shape[1] // max(n_points, 1)
    sums = np.zeros((len(displacements), n_sums * len(wanted)))
    mask = np.ma.getmaskarray(displacements)
    _stack(displacements.data, mask, weights.data, days, wanted, reach, sums)
    return sums


@numba.njit(nogil=True, cache=True)
def _stack(values, mask, weights, days, wanted, reaches, sums):
    """Fill the sums of each row; each row by itself, so in any company."""
    n_epochs, n_dates = days.size, wanted.size
    if not n_epochs or not n_dates:
        return
    n_points, n_sums = values.shape[1] // n_epochs, sums.shape[1] // n_dates
    before, after = np.empty(n_dates, dtype=np.int64), np.empty(n_dates, dtype=np.int64)
    present, found = np.empty(n_epochs, dtype=np.bool_), np.empty(n_epochs, dtype=np.bool_)
    known = -1  # the reach for which `before` and `after` hold, with the epochs of `found`
    for row in range(values.shape[0]):
        for point in range(n_points):
            start = point * n_epochs
            same = known == reaches[row]
            for k in range(n_epochs):
                present[k] = not mask[row, start + k]
                same = same and present[k] == found[k]
            if not same:
                nearest(days, present, wanted, reaches[row], before, after)
                found[:] = present
                known = reaches[row]
            for k in range(n_dates):
                value = np.nan
                if before[k] >= 0:
                    pair = np.float64(values[row, start + before[k]]) + np.float64(
                        values[row, start + after[k]]
                    )
                    value = 0.5 * _MM_PER_UNIT * pair
                for j in range(n_sums):
                    steps = np.rint(_STEPS * weights[row, point * n_sums + j] * value)
                    sums[row, j * n_dates + k] += steps / _STEPS
