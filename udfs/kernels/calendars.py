"""A product's epochs as one short text: what the SQL macro `calendar` writes, read again.

'2020-01-03+12+6x30' is 3 January 2020, an epoch 12 days later, and 30 more, 6 days apart.
"""

import itertools
from functools import lru_cache

import numpy as np


@lru_cache(maxsize=64)
def epochs_of(calendar):
    """Return the epochs of a calendar as datetime64[D], increasing; one array, read-only, for every caller.

    Raises
    ------
    ValueError
        If the text is no calendar.
    """
    first, *runs = calendar.split("+")
    try:
        parts = [[int(part) for part in run.split("x")] for run in runs]
        days = [0, *itertools.chain.from_iterable([step] * count for step, count in map(_counted, parts))]
        epochs = np.datetime64(first, "D") + np.cumsum(days)
    except ValueError:
        raise ValueError(f"{calendar[:40]!r} is no calendar; pass calendar(epochs)") from None
    if np.isnat(epochs[0]):
        raise ValueError(f"{calendar[:40]!r} is no calendar; pass calendar(epochs)")
    if not (np.diff(epochs) > np.timedelta64(0)).all():
        raise ValueError(f"{calendar[:40]!r}: epochs must increase; pass calendar(list_sort(epochs))")
    epochs.flags.writeable = False
    return epochs


def _counted(run):
    step, count = run if len(run) > 1 else (*run, 1)
    return step, count


def calendar_of(epochs):
    """Return the calendar of datetime64 epochs, as the macro does."""
    epochs = np.asarray(epochs, dtype="datetime64[D]")
    text = str(epochs[0])
    for step, same in itertools.groupby(np.diff(epochs).astype(int)):
        count = len(list(same))
        text += f"+{step}x{count}" if count > 1 else f"+{step}"
    return text
