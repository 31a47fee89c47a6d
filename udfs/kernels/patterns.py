"""Which series lack the same epochs, so that they can share what only the epochs decide."""

import numpy as np


def alike(missing, shape):
    """Yield (numbers of rows, which epochs are present) of the series that lack the same epochs.

    Parameters
    ----------
    missing : array of bool, shape (series, epochs), or numpy.ma.nomask
    shape : (series, epochs)
    """
    if missing is np.ma.nomask or not missing.any():
        yield np.arange(shape[0]), np.ones(shape[1], dtype=bool)
        return
    patterns, found = np.unique(np.packbits(missing, axis=1), axis=0, return_inverse=True)
    order = np.argsort(found.ravel(), kind="stable")
    for rows in np.split(order, np.cumsum(np.bincount(found.ravel(), minlength=len(patterns)))[:-1]):
        yield rows, ~missing[rows[0]]
