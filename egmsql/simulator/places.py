"""Where measurement points lie: distinct cells, dense in towns and on slopes, thin between them.

The rank of a point (0, 1, 2 ...) alone says its cell, so rows do not depend on how many follow or on which
thread asks, and nothing is kept but the list of dense blocks.
"""

from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

from egmsql.simulator.ground import Ground
from egmsql.simulator.randomness import Stream, generator

# Bounds that Sentinel-1 reaches, cut to whole blocks.
N_LINES, N_PIXELS = 1_470, 24_360
LINE_SPACING = 13.9  # m along the track
_BLOCK_LINES, _BLOCK_PIXELS = 30, 120  # about 400 m x 400 m: so fine are towns drawn
TILE_SIDE, CELL_SIDE = 100_000, 100  # m
N_TILE_CELLS = (TILE_SIDE // CELL_SIDE) ** 2

_DENSE_IN_TEN = 7  # of ten points, as many lie in dense blocks until those are full


@dataclass
class Places:
    """Places of some points; line and pixel are None on L3."""

    eastings: np.ndarray  # m, with the decimals of the file
    northings: np.ndarray
    lines: np.ndarray | None = None
    pixels: np.ndarray | None = None


@dataclass(frozen=True)
class BurstPlaces:
    """The radar cells of one burst on the ground: lines along the track, pixels to the right of it."""

    ground: Ground
    key: tuple  # what makes this burst's random numbers its own
    centre: tuple  # easting, northing (m) of the middle cell
    track_angle: float  # degrees clockwise from north; grid and true north are not told apart here
    pixel_spacing: float  # m on the ground

    capacity = N_LINES * N_PIXELS

    def locate(self, first, stop):
        """Return the Places of the points with rank `first` to `stop` (excluded)."""
        blocks, n_dense = self._blocks
        size = _BLOCK_LINES * _BLOCK_PIXELS
        cells = spread(np.arange(first, stop), n_dense * size, self.capacity, self._salts)
        block, inside = blocks[cells // size], cells % size
        lines = block // (N_PIXELS // _BLOCK_PIXELS) * _BLOCK_LINES + inside // _BLOCK_PIXELS
        pixels = block % (N_PIXELS // _BLOCK_PIXELS) * _BLOCK_PIXELS + inside % _BLOCK_PIXELS
        # The scatterer lies anywhere in its cell: drawn from the cell, not from a stream.
        eastings, northings = self._on_ground(lines + _fraction(cells, 1), pixels + _fraction(cells, 2))
        return Places(np.round(eastings, 2), np.round(northings, 2), lines, pixels)

    def _on_ground(self, lines, pixels):
        along = (lines - N_LINES / 2) * LINE_SPACING
        across = (pixels - N_PIXELS / 2) * self.pixel_spacing
        sine, cosine = np.sin(np.radians(self.track_angle)), np.cos(np.radians(self.track_angle))
        return (
            self.centre[0] + along * sine + across * cosine,
            self.centre[1] + along * cosine - across * sine,
        )

    @cached_property
    def _blocks(self):
        rows, columns = np.divmod(
            np.arange(self.capacity // (_BLOCK_LINES * _BLOCK_PIXELS)), N_PIXELS // _BLOCK_PIXELS
        )
        middles = self._on_ground((rows + 0.5) * _BLOCK_LINES, (columns + 0.5) * _BLOCK_PIXELS)
        return _dense_first(self.ground.is_dense(*middles))

    @cached_property
    def _salts(self):
        return generator(self.ground.seed, Stream.PLACES, *self.key).integers(0, 2**62, 8)


@dataclass(frozen=True)
class TilePlaces:
    """The 100 m cells of one L3 tile that hold a value, in the order of the file (= of the pid)."""

    ground: Ground
    tile: tuple  # easting and northing of the south-west corner / 100 km
    n_points: int

    capacity = N_TILE_CELLS

    def locate(self, first, stop):
        """Return the Places of the rows `first` to `stop` (excluded) of the file."""
        return Places(*self._centres(self._cells[first:stop]))

    def _centres(self, cells):
        rows, columns = np.divmod(cells, TILE_SIDE // CELL_SIDE)
        corner = np.array(self.tile) * TILE_SIDE + CELL_SIDE / 2
        return corner[0] + columns * CELL_SIDE, corner[1] + rows * CELL_SIDE

    @cached_property
    def _cells(self):
        parts = np.array_split(np.arange(N_TILE_CELLS), 20)  # bounds the memory of the ground's fields
        is_dense = np.concatenate([self.ground.is_dense(*self._centres(part)) for part in parts])
        cells, n_dense = _dense_first(is_dense)
        # East and up of a tile share their cells: the key is the tile's.
        salts = generator(self.ground.seed, Stream.PLACES, *self.tile).integers(0, 2**62, 8)
        return np.sort(cells[spread(np.arange(self.n_points), n_dense, N_TILE_CELLS, salts)])


def spread(ranks, n_dense, n_all, salts):
    """Return a distinct number below `n_all` for each rank, seven of ten below `n_dense` while there are any.

    Parameters
    ----------
    ranks : int64 array
        Below `n_all`.
    n_dense, n_all : int
    salts : int64 array, shape (8,)
        Which of the many ways.
    """
    n_before = _count_dense(ranks, n_dense, n_all)
    is_dense = _count_dense(ranks + 1, n_dense, n_all) > n_before
    dense = permute(np.where(is_dense, n_before, 0), n_dense, salts[:4])
    sparse = permute(np.where(is_dense, 0, ranks - n_before), n_all - n_dense, salts[4:])
    return np.where(is_dense, dense, n_dense + sparse)


def _count_dense(ranks, n_dense, n_all):
    """Return how many of the points of lower rank are dense: more than 7 of 10 once no others are left."""
    wanted = ranks // 10 * _DENSE_IN_TEN + np.minimum(ranks % 10, _DENSE_IN_TEN)
    return np.clip(wanted, ranks - (n_all - n_dense), n_dense)


@numba.njit(nogil=True, cache=True)
def permute(numbers, n, salts):
    """Return numbers below `n` in another order, each on its own: a bijection of 0 .. n - 1.

    Odd multiplications and shifts permute the numbers of b bits; a result of `n` or more goes round again.
    """
    bits = 2
    while 1 << bits < n:
        bits += 1
    mask = (1 << bits) - 1
    permuted = np.zeros_like(numbers)
    for i in range(len(numbers)):
        x = numbers[i]
        while n > 0:
            for salt in salts:
                x = ((x ^ (salt >> 8)) & mask) * (salt | 1) & mask
                x ^= x >> (bits // 2)
            if x < n:
                break
        permuted[i] = x
    return permuted


def _dense_first(is_dense):
    return np.argsort(~is_dense, kind="stable"), int(is_dense.sum())


def _fraction(cells, salt):
    """Return numbers in [0, 1) that look random but belong to the cells."""
    return (cells * 0.6180339887498949 * salt + np.sin(cells * 12.9898 * salt) * 43758.5453) % 1.0
