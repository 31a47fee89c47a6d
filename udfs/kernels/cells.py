"""A grid over points in which all points of a cell are neighbours, sorted so that near cells lie together.

Cells of a square of ground stand one after the other in order of velocity: a *column*. Columns are sorted by
easting, then northing. What a column's neighbours are is found by moving along, so nothing is stored of it.
"""

from typing import NamedTuple

import numba
import numpy as np

# Cells are this much smaller than they could be, so that rounding never puts two points into one cell that
# are no neighbours. It covers 4·10⁹ cells along an axis.
_SHRINK = 1e-6
_MOST_CELLS = 2**31


class Rule(NamedTuple):
    """When two points are neighbours: Δx² + Δy² (+ Δz² + Δu²) ≤ ε², as one sum or, in a cylinder, as two."""

    eps_squared: float  # m²
    height_squared: float  # of Δz² + Δu²: the same in an ellipsoid, (mm/yr)² in a cylinder
    is_cylinder: bool
    has_sigma: bool  # the velocity's part is divided by max(1, s² + s'²), s = 2σ/ε_v
    has_up: bool


class Points(NamedTuple):
    """Coordinates of points in cell order; z and u are velocities as the rule measures them."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    u: np.ndarray
    s: np.ndarray  # (2σ/ε_v)² of z; empty unless the rule has sigmas
    t: np.ndarray  # of u


class Grid(NamedTuple):
    """Cells and columns of sorted points."""

    order: np.ndarray  # place in cell order -> place as given
    start: np.ndarray  # cell -> its first point; one more at the end
    low: np.ndarray  # cell -> number along z
    up: np.ndarray  # cell -> number along u
    kinds: np.ndarray  # cell -> bits of the classes that its points are compatible with
    column_start: np.ndarray  # column -> its first cell; one more at the end
    column_x: np.ndarray  # column -> number along x, as column_y along y
    column_y: np.ndarray
    origin: np.ndarray  # of numbers along x and y, m
    side: float  # m
    reach: np.ndarray  # how many cells away a neighbour may be: x and y, z, u


def build_grid(points, kinds, rule):
    """Return (Grid, Points in its order) for points of any order.

    Parameters
    ----------
    points : Points
    kinds : array of int64, or None
        Neighbours share a bit. Points of different bits get different cells.
    rule : Rule
    """
    eps, height = np.sqrt(rule.eps_squared), np.sqrt(rule.height_squared)
    ground, high = _sides(rule)
    sides = np.array([ground * eps, ground * eps, high * height, high * height]) * (1 - _SHRINK)
    widest = max(1.0, _largest(points.s) * 2, _largest(points.t) * 2) ** 0.5
    reach = np.floor(np.array([eps, height * widest, height * widest]) / sides[1:]).astype(np.int64) + 1
    axes = [points.x, points.y, points.z, points.u if rule.has_up else np.zeros(0)]
    numbers = [_numbers(axis, side, name) for axis, side, name in zip(axes, sides, "xyzu", strict=True)]
    if kinds is not None:
        bits, which = np.unique(kinds, return_inverse=True)
        numbers.append((which, len(bits)))
    order, key = _sorted(numbers)
    new_cell = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, int)
    first = order[new_cell]
    x, y, low, up = (
        n[first].astype(np.int32) if len(n) else np.zeros(len(first), np.int32) for n, _ in numbers[:4]
    )
    new_column = (
        np.concatenate([[True], (x[1:] != x[:-1]) | (y[1:] != y[:-1])]) if len(x) else np.zeros(0, bool)
    )
    columns = np.flatnonzero(new_column)
    grid = Grid(
        order=order,
        start=np.append(new_cell, len(order)),
        low=low,
        up=up,
        kinds=np.ones(0, np.int64) if kinds is None else bits[which[first]],
        column_start=np.append(columns, len(first)),
        column_x=x[columns],
        column_y=y[columns],
        origin=np.array([_lowest(points.x), _lowest(points.y)]),
        side=float(sides[0]),
        reach=reach,
    )
    return grid, Points(*(a[order] if len(a) else a for a in points))


def _sides(rule):
    """Return a cell's sides as shares of ε on the ground and of the height in velocity."""
    if rule.is_cylinder:
        return 0.5**0.5, 0.5**0.5 if rule.has_up else 1.0
    if rule.has_up:
        return 0.51, (0.5 - 0.51**2) ** 0.5  # a little over half an ε: neighbours are at most 2 cells away
    return 3**-0.5, 3**-0.5


def _largest(values):
    return float(values.max()) if len(values) else 0.0


def _lowest(values):
    return float(values.min()) if len(values) else 0.0


def _numbers(axis, side, name):
    """Return the cell numbers along an axis, from 0, and how many there are."""
    if not len(axis):
        return np.zeros(0, np.int64), 1
    scaled = axis - axis.min()
    scaled /= side
    n_cells = int(scaled.max()) + 1
    if n_cells >= _MOST_CELLS:
        raise ValueError(f"{name}: spans {n_cells} cells of {side:g}; take smaller blocks")
    return scaled.astype(np.int64), n_cells


def _sorted(numbers):
    """Return the order of points by cell, and a key that changes from cell to cell."""
    spans = [n for _, n in numbers]
    if np.prod([float(n) for n in spans]) < 2.0**62:
        key = numbers[0][0].copy()
        for along, n_cells in numbers[1:]:
            if n_cells > 1:
                key *= n_cells
                key += along
        order = np.argsort(key)
        return order, key[order]
    used = [along for along, n_cells in numbers if n_cells > 1]
    order = np.lexsort(used[::-1])
    changed = np.zeros(len(order), dtype=np.int64)
    for along in used:
        changed[1:] |= along[order][1:] != along[order][:-1]
    return order, np.cumsum(changed)


@numba.njit(nogil=True, cache=True, inline="always")
def are_near(points, p, q, rule):
    """Whether two points are neighbours; in float64, by differences of the coordinates as they are."""
    dx, dy, dz = points.x[p] - points.x[q], points.y[p] - points.y[q], points.z[p] - points.z[q]
    ground, height = dx * dx + dy * dy, dz * dz
    if rule.has_sigma:
        height /= max(1.0, points.s[p] + points.s[q])
    if rule.has_up:
        du = points.u[p] - points.u[q]
        du *= du
        if rule.has_sigma:
            du /= max(1.0, points.t[p] + points.t[q])
        height += du
    if rule.is_cylinder:
        return ground <= rule.eps_squared and height <= rule.height_squared
    return ground + height <= rule.eps_squared


@numba.njit(nogil=True, cache=True)
def columns_around(grid, column, pointers, found):
    """Write the columns that may hold neighbours of a column's points into `found`; return how many.

    `pointers` (one for each step along x) only move forward, so columns must be asked for in order.
    The first found is the column itself.
    """
    reach = grid.reach[0]
    x, y, n_columns = grid.column_x[column], grid.column_y[column], len(grid.column_x)
    found[0], n_found = column, 1
    for turn in range(2 * reach + 1):
        # The nearest first, where neighbours are most likely: 0, -1, 1, -2, 2.
        away = (turn + 1) // 2 if turn % 2 == 0 else -((turn + 1) // 2)
        step, target = reach + away, x + away
        at = pointers[step]
        while at < n_columns and (
            grid.column_x[at] < target or (grid.column_x[at] == target and grid.column_y[at] < y - reach)
        ):
            at += 1
        pointers[step] = at
        while at < n_columns and grid.column_x[at] == target and grid.column_y[at] <= y + reach:
            if at != column:
                found[n_found] = at
                n_found += 1
            at += 1
    return n_found


@numba.njit(nogil=True, cache=True)
def first_pointers(grid, column):
    """Return the pointers for `columns_around` from `column` on, found by bisection."""
    reach = grid.reach[0]
    pointers = np.empty(2 * reach + 1, dtype=np.int64)
    for step in range(2 * reach + 1):
        target = grid.column_x[column] + step - reach
        pointers[step] = np.searchsorted(grid.column_x, target)
    return pointers


@numba.njit(nogil=True, cache=True, inline="always")
def gap_squared(grid, x, y, column):
    """Return the squared distance (m²) of a place from a column's square of ground."""
    left = grid.origin[0] + grid.column_x[column] * grid.side
    lower = grid.origin[1] + grid.column_y[column] * grid.side
    dx = max(left - x, x - left - grid.side, 0.0)
    dy = max(lower - y, y - lower - grid.side, 0.0)
    return dx * dx + dy * dy
