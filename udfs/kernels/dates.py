"""Putting a series on other dates by its nearest acquisitions, as EGMS's producer does."""

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def nearest(days, present, wanted, reach, before, after):
    """Find the nearest acquisition of each wanted date; both neighbours where they are equally far.

    Parameters
    ----------
    days : array of int, shape (epochs,)
        Acquisition dates, increasing.
    present : array of bool, shape (epochs,)
    wanted : array of int, shape (dates,)
        Increasing.
    reach : int
        Days beyond which an acquisition says nothing of a date.
    before, after : arrays of int, shape (dates,)
        Filled: the value at a date is the mean of these two epochs, which are the same but for a tie;
        -1 where no acquisition is within reach.
    """
    low, high = -1, 0
    while high < days.size and not present[high]:
        high += 1
    for k in range(wanted.size):
        while high < days.size and days[high] < wanted[k]:
            low, high = high, high + 1
            while high < days.size and not present[high]:
                high += 1
        back = wanted[k] - days[low] if low >= 0 else reach + 1
        ahead = days[high] - wanted[k] if high < days.size else reach + 1
        before[k] = after[k] = -1
        if min(back, ahead) <= reach:
            before[k] = low if back <= ahead else high
            after[k] = high if ahead <= back else low


def as_days(dates):
    """Return dates as whole days since 1970."""
    return np.asarray(dates).astype("datetime64[D]").astype(np.int64)
