"""Which radar cells of a track hold a measurement point: dense in towns, thin in fields, none on water.

Points belong to blocks of 10 x 40 cells. How many a block holds is settled once; where they lie is drawn
from the block's key, so any block of any burst can be made at any time, the same each time.
"""

from dataclasses import dataclass

import numba
import numpy as np

from egmsql.errors import SettingError
from egmsql.simulator.randomness import join, seed_key, share
from egmsql.simulator.terrain import REACH
from egmsql.simulator.tracks import (
    BLOCK_LINES,
    BLOCK_PIXELS,
    BURST_STEP,
    LINE_SPACING,
    N_LINES,
    N_PIXELS,
)

_CELLS = BLOCK_LINES * BLOCK_PIXELS
_FULL = 320  # points a block holds at most: still a random choice among 400 cells
BURST_CAPACITY = _FULL * N_LINES * N_PIXELS // _CELLS  # points
_BLOCK_AREA_KM2 = BLOCK_LINES * LINE_SPACING * BLOCK_PIXELS * 3.8 / 1e6
_ORIGIN = 2**19  # makes lines and pixels that count from the island's middle positive
_MISPLACED = 0.8  # m: neighbouring bursts place the same scatterer as differently


@dataclass
class Scatterers:
    """Some measurement points of one burst; arrays of one length."""

    eastings: np.ndarray  # m, where the burst places them
    northings: np.ndarray
    true_eastings: np.ndarray  # m, where they stand
    true_northings: np.ndarray
    lines: np.ndarray  # of the burst
    pixels: np.ndarray
    ground_ids: np.ndarray  # int64: the same in every burst that sees the scatterer
    keys: np.ndarray  # uint64, of its random numbers
    is_shared: np.ndarray  # if the neighbouring burst sees it too
    blocks: np.ndarray  # index into the blocks asked for

    def take(self, chosen):
        """Return some of the points, or all in another order."""
        return Scatterers(**{name: values[chosen] for name, values in vars(self).items()})


@dataclass
class Blocks:
    """The blocks of one track's grid that hold points; lines and pixels count from the island's middle."""

    first_lines: np.ndarray
    first_pixels: np.ndarray
    counts: np.ndarray  # points; float densities until they are shared out

    def __len__(self):
        return len(self.counts)

    def take(self, chosen):
        """Return some of the blocks."""
        return Blocks(self.first_lines[chosen], self.first_pixels[chosen], self.counts[chosen])

    def seen_by(self, burst):
        """If a burst sees the blocks; it sees a block wholly or not at all."""
        lines, pixels = self.first_lines - burst.first_line, self.first_pixels - burst.first_pixel
        return (lines >= 0) & (lines < N_LINES) & (pixels >= 0) & (pixels < N_PIXELS)


def survey(track, ground):
    """Return the Blocks of a track on land, with the points they would naturally hold (not whole)."""
    reach = REACH * ground.terrain.radius
    lines, pixels = (
        int(reach / LINE_SPACING / BLOCK_LINES) + 1,
        int(reach / track.pixel_spacing / BLOCK_PIXELS) + 1,
    )
    columns = np.arange(-pixels, pixels) * BLOCK_PIXELS
    found = []
    for start in range(-lines, lines, 64):  # bounds the memory
        rows = np.arange(start, min(start + 64, lines)) * BLOCK_LINES
        first_lines, first_pixels = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
        middle = track.on_ground(first_lines + BLOCK_LINES / 2, first_pixels + BLOCK_PIXELS / 2)
        weights = ground.density(*middle) * _BLOCK_AREA_KM2
        land = weights > 0
        found.append((first_lines[land].astype(np.int32), first_pixels[land].astype(np.int32), weights[land]))
    return Blocks(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def share_out(points, weights, multiplicities, keys):
    """Return how many points each block holds: `points` together where each counts as often as it is seen.

    Parameters
    ----------
    points : int
    weights : float array
        How many a block would naturally hold.
    multiplicities : int array
        By how many bursts a block is seen: 1 or 2.
    keys : uint64 array
        Where fractions are drawn from.
    """
    if points > 0.9 * _FULL * multiplicities.sum():
        most = int(0.9 * _FULL * multiplicities.sum())
        raise SettingError(
            f"points {points}", f"are more than the {most} that fit", "give fewer points or more products"
        )
    low, high = 0.0, 2.0**60 / max(weights.max(), 1e-9)
    for _ in range(200):
        scale = (low + high) / 2 if high < 1e6 else np.sqrt(max(low, 1e-9) * high)
        total = (multiplicities * np.minimum(weights * scale, _FULL)).sum()
        low, high = (scale, high) if total < points else (low, scale)
    counts = np.floor(np.minimum(weights * high, _FULL) + _fractions(keys)).astype(np.int64)
    return _correct(points, counts, multiplicities, weights, keys)


def _correct(points, counts, multiplicities, weights, keys):
    """Add or take single points, in an order drawn from the keys, until they are as many as wanted."""
    order = np.argsort(_fractions(keys ^ np.uint64(5)) / np.maximum(weights, 1e-9))
    while (left := points - int((multiplicities * counts).sum())) != 0:
        fits = ((counts < _FULL) if left > 0 else (counts > 0))[order]
        single = order[fits & (multiplicities == 1)[order]]
        double = order[fits & (multiplicities == 2)[order]]
        # One too many, all seen twice: take such a one, and the next round gives one that is seen once.
        chosen = single[: abs(left)] if len(single) else double[: max(abs(left) // 2, 1)]
        counts[chosen] += 1 if left > 0 else -1
    return counts


def block_keys(seed, track, blocks):
    """Return the uint64 keys of blocks."""
    return _block_keys(seed_key(seed), track.number, blocks.first_lines, blocks.first_pixels)


def locate(seed, burst, blocks):
    """Return the Scatterers of some blocks as a burst sees them, block after block."""
    keys = block_keys(seed, burst.track, blocks)
    lines, pixels, numbers = _draw_cells(blocks.first_lines, blocks.first_pixels, blocks.counts, keys)
    ground_ids = (np.int64(burst.track.number) << 40) | ((lines + _ORIGIN) << 20) | (pixels + _ORIGIN)
    point_keys, (east, north, shift_line, shift_pixel) = _draw_places(seed_key(seed), ground_ids, burst.row)
    # Lines repeat every 1,350 where bursts overlap: the first and the last 120 have a twin.
    own_lines, own_pixels = lines - burst.first_line, pixels - burst.first_pixel
    is_shared = (own_lines < N_LINES - BURST_STEP) | (own_lines >= BURST_STEP)
    eastings, northings = burst.track.on_ground(lines + east, pixels + north)
    return Scatterers(
        eastings + np.where(is_shared, shift_line, 0) * _MISPLACED,
        northings + np.where(is_shared, shift_pixel, 0) * _MISPLACED,
        eastings,
        northings,
        own_lines,
        own_pixels,
        ground_ids,
        point_keys,
        is_shared,
        numbers,
    )


@numba.njit(nogil=True, cache=True)
def _block_keys(seed, track, first_lines, first_pixels):
    keys = np.empty(len(first_lines), dtype=np.uint64)
    for i in range(len(keys)):
        keys[i] = join(join(join(seed, track), np.int64(first_lines[i])), np.int64(first_pixels[i]))
    return keys


@numba.njit(nogil=True, cache=True)
def _draw_cells(first_lines, first_pixels, counts, keys):
    """Return distinct cells (line, pixel) of each block and the block's index, by a partial shuffle."""
    n = counts.sum()
    lines, pixels, numbers = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    cells, at = np.empty(_CELLS, dtype=np.int64), 0
    for b in range(len(counts)):
        for k in range(_CELLS):
            cells[k] = k
        for k in range(counts[b]):
            other = k + int(share(join(keys[b], k)) * (_CELLS - k))
            cells[k], cells[other] = cells[other], cells[k]
            lines[at] = first_lines[b] + cells[k] // BLOCK_PIXELS
            pixels[at] = first_pixels[b] + cells[k] % BLOCK_PIXELS
            numbers[at] = b
            at += 1
    return lines, pixels, numbers


@numba.njit(nogil=True, cache=True)
def _draw_places(seed, ground_ids, row):
    """Return the keys of scatterers; where in their cells they stand, and how a burst misplaces them."""
    keys = np.empty(len(ground_ids), dtype=np.uint64)
    shares = np.empty((4, len(ground_ids)))
    for i in range(len(ground_ids)):
        keys[i] = join(seed ^ np.uint64(7), ground_ids[i])
        shares[0, i], shares[1, i] = share(join(keys[i], 1)), share(join(keys[i], 2))
        own = join(keys[i], 1000 + row)
        shares[2, i], shares[3, i] = share(own) - 0.5, share(join(own, 1)) - 0.5
    return keys, shares


def _fractions(keys):
    return (keys >> np.uint64(11)).astype(np.float64) / 2.0**53
