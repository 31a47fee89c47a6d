"""Which epochs series lack: series that lack the same ones are fitted alike."""

import numpy as np


def patterns(displacements):
    """Yield (numbers of the rows, which epochs they have) for each pattern of missing epochs.

    Parameters
    ----------
    displacements : masked array, shape (rows, epochs)
        Masked where an epoch is missing. Rows without any epoch belong to no pattern.
    """
    n_rows, n_epochs = displacements.shape
    if displacements.mask is np.ma.nomask:
        if n_epochs:
            yield np.arange(n_rows), np.ones(n_epochs, dtype=bool)
        return
    packed = np.packbits(displacements.mask, axis=1)
    _, first, pattern = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    for number, row in enumerate(first):
        present = ~displacements.mask[row]
        if present.any():
            yield np.flatnonzero(pattern.ravel() == number), present
