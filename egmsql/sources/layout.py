"""What goes into the compiled parser and comes out of it, as tuples of arrays.

The compiled parser is cached until `kernel.py` changes: who reorders fields here touches that file too.
"""

from typing import NamedTuple

import numpy as np


class Layout(NamedTuple):
    """What the header says about every line; the same for a whole file."""

    fields: np.ndarray  # int64 (n, 2): role of a column, and how many neighbours share it (epochs only)
    bounds: np.ndarray  # float64 (n slots, 2): lowest and highest value
    is_whole: np.ndarray  # bool (n slots)
    delimiter: int
    point: int  # the decimal sign
    patterns: np.ndarray  # uint64 (2): `short_pattern` of a cell within the line and of the last one
    is_l3: bool
    prefix: np.ndarray  # uint8: the first characters of every pid, 5 on L2 and 1 on L3
    place: np.ndarray  # int64 (2): slots of line and pixel (L2), of northing and easting (L3)
    tile: np.ndarray  # int64 (2): northing and easting of the tile's corner / 100 km (L3)


class Block(NamedTuple):
    """The arrays of one batch of rows; fresh for each, as the consumer keeps them."""

    pids: np.ndarray  # uint8 (capacity, 10)
    numbers: np.ndarray  # float64 (n slots, capacity)
    displacements: np.ndarray  # int16 (capacity, n epochs), 0.1 mm
    n_missing: np.ndarray  # int64 (1): missing displacements
    long_cells: np.ndarray  # int64 (n, 4): slot, row, start, stop of numbers a double may not hold exactly


def short_pattern(point, delimiter):
    """Return the eight bytes that `_read_short` compares a cell with, as one number."""
    return np.frombuffer(b"0000%c0%c0" % (point, delimiter), dtype="<u8")[0]
