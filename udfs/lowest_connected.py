"""Which things belong together when some pairs of them are known to."""

import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@udf(
    "lowest_connected(sources INTEGER[], targets INTEGER[]) -> INTEGER[]",
    version=1,
    example=([3, 2, 9], [5, 3, 7]),
    returns=pa.list_(pa.int32()),
)
def lowest_connected(sources, targets):
    """For each pair of numbers that belong together, the lowest number connected with it, also over others.

    Parameters
    ----------
    sources, targets : INTEGER[]
        Of equal length.

    Returns
    -------
    INTEGER[]
        As long; [3, 2, 9], [5, 3, 7] gives [2, 2, 7].
    """
    numbers, places = np.unique(np.concatenate([sources, targets]).astype(np.int64), return_inverse=True)
    first, second = places[: len(sources)], places[len(sources) :]
    pairs = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(len(numbers),) * 2)
    _, component = connected_components(pairs, directed=False)
    _, lowest = np.unique(component, return_index=True)  # numbers are sorted: the first is the lowest
    return numbers[lowest][component[first]].astype(np.int32)
