"""The sum of lists of one length, element by element."""

import numba
import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf


@udf(
    "sum_lists(numbers DOUBLE[], n_lists INTEGER) -> DOUBLE[]",
    version=1,
    example=([1.0, 2.0, 10.0, 20.0], 2),
    returns=pa.list_(pa.float64()),
    shared=("n_lists",),
)
def sum_lists(numbers, n_lists):
    """Sum of lists element by element: of `flatten(list(x))` and `len(list(x))`.

    Parameters
    ----------
    numbers : DOUBLE[]
        The lists one after the other, all of one length.
    n_lists : INTEGER

    Returns
    -------
    DOUBLE[]
        NULL where one of the lists has NULL. Added in the order of the lists, so equal lists give equal bits.
    """
    length = numbers.shape[1] // max(n_lists, 1)
    sums = np.zeros((len(numbers), length))
    _add(np.ma.filled(numbers, np.nan), n_lists, sums)
    return sums


@numba.njit(nogil=True, cache=True)
def _add(numbers, n_lists, sums):
    for row in range(numbers.shape[0]):
        for part in range(n_lists):
            for k in range(sums.shape[1]):
                sums[row, k] += numbers[row, part * sums.shape[1] + k]
