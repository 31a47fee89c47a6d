"""Exact DBSCAN on a dense grid: no neighbour lists, no distance tests in crowded cells.

Why a grid of our own: scikit-learn stores every neighbour list, and its trees test distances even where
everything is near everything; the PyPI package `dbscan` gave 40 to 88 wrong core flags per million points.
Measured side by side by `tests/bench/clusters.py`.

Core: at least `min_points` neighbours, itself included. Cores that are neighbours belong together. A cluster
is known by the place of its first core in the order given, so sort by name first. A border point belongs to
the first cluster among those of its core neighbours: scikit-learn's rule for rows in that order.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
from egmsql.udfs.kernels.cells import (
    Points,
    Rule,
    are_near,
    build_grid,
    columns_around,
    first_pointers,
    gap_squared,
)

_SURELY = 1 + 1e-6  # a gap of cells must exceed ε by this to count, for cell borders are rounded


class Clusters(NamedTuple):
    """What DBSCAN found, in the order of the points given.

    A border point with core neighbours of several clusters has the first in `cluster`, and the others as
    (point, cluster) in `also`.
    """

    is_core: np.ndarray  # bool
    cluster: np.ndarray  # int64: place of the cluster's first core; -1 is noise
    also: np.ndarray  # int64, shape (pairs, 2)


def find_clusters(
    x,
    y,
    velocity,
    eps,
    eps_velocity,
    min_points,
    *,
    up=None,
    sigma=None,
    sigma_up=None,
    kinds=None,
    cylinder=False,
    inner=None,
    threads=1,
):
    """Return the Clusters of points by place and velocity.

    Parameters
    ----------
    x, y : array of float
        m.
    velocity : array of float
        mm/yr; the east velocity where `up` is given.
    eps : float
        m: the largest distance √(Δx² + Δy² + (w·Δv)²) of neighbours, w = eps / eps_velocity.
    eps_velocity : float
        mm/yr.
    min_points : int
    up : array of float, optional
        mm/yr, a second velocity: the distance has then four axes.
    sigma, sigma_up : arrays of float, optional
        mm/yr. In the distance of two points eps_velocity is then max(eps_velocity, 2·√(σ² + σ'²)).
    kinds : array of int, optional
        Bits; only points that share one are neighbours.
    cylinder : bool
        Neighbours are at most eps apart on the ground and at most eps_velocity in velocity.
    inner : array of bool, optional
        Points whose neighbours are all given. Others count as neighbours, but are no cores.
    threads : int
    """
    weight = 1.0 if cylinder else eps / eps_velocity
    height = eps_velocity if cylinder else eps
    rule = Rule(eps**2, height**2, cylinder, sigma is not None, up is not None)
    none = np.zeros(0)
    given = Points(
        x=np.asarray(x, dtype=np.float64),
        y=np.asarray(y, dtype=np.float64),
        z=np.asarray(velocity, dtype=np.float64) * weight,
        u=none if up is None else np.asarray(up, dtype=np.float64) * weight,
        s=none if sigma is None else (2 * np.asarray(sigma, dtype=np.float64) / eps_velocity) ** 2,
        t=none if sigma_up is None else (2 * np.asarray(sigma_up, dtype=np.float64) / eps_velocity) ** 2,
    )
    grid, points = build_grid(given, None if kinds is None else np.asarray(kinds, dtype=np.int64), rule)
    del given
    inner = np.ones(0, bool) if inner is None else np.asarray(inner)[grid.order]
    return _Search(grid, points, rule, min_points, inner, threads).clusters()


class _Search:
    """The three passes: core flags, joining cells, labels; each in strips of columns side by side."""

    def __init__(self, grid, points, rule, min_points, inner, threads):
        self._grid, self._points, self._rule = grid, points, rule
        self._min_points, self._inner = min_points, inner
        self._n_points, self._n_columns = len(grid.order), len(grid.column_x)
        self._strips = _strips(grid, threads)

    def clusters(self):
        """Return the Clusters in the order of the points given."""
        grid = self._grid
        is_core = np.zeros(self._n_points, dtype=np.bool_)
        self._each(_mark_cores, self._min_points, self._inner, is_core)
        n_cores = np.add.reduceat(is_core, grid.start[:-1], dtype=np.int32) if self._n_points else np.zeros(0)
        in_columns = np.add.reduceat(n_cores, grid.column_start[:-1]) if self._n_points else n_cores
        cores = (is_core, n_cores, in_columns)
        parent = np.arange(len(grid.low), dtype=np.int64)
        bounds = [0, *(last for _, last in self._strips)]
        # Adjacent cells first: then most cells farther off are known to belong together, without a test.
        for reach in (1, grid.reach[0]):
            self._each(_join_cells, reach, *cores, parent, own_strip=True)
        for border in bounds[1:-1]:
            before = np.searchsorted(grid.column_x, grid.column_x[border - 1] - grid.reach[0])
            beyond = grid.column_start[border]
            both = (before, border, grid, self._points, self._rule, grid.reach[0])
            _join_cells(*both, *cores, parent, beyond, len(parent))
        name = _name_clusters(grid, is_core, parent)
        label = np.full(self._n_points, -1, dtype=np.int64)
        also = self._each(_label_points, *cores, name, label)
        found = np.empty(self._n_points, dtype=np.int64)
        found[grid.order] = label
        cores = np.empty(self._n_points, dtype=np.bool_)
        cores[grid.order] = is_core
        return Clusters(cores, found, np.concatenate([np.zeros((0, 2), np.int64), *also]))

    def _each(self, kernel, *arguments, own_strip=False):
        """Run a kernel on every strip, in as many threads; they release the GIL."""

        def run(strip):
            cells = [self._grid.column_start[c] for c in strip] if own_strip else []
            return kernel(*strip, self._grid, self._points, self._rule, *arguments, *cells)

        if len(self._strips) < 2:
            return [run(strip) for strip in self._strips]
        with ThreadPoolExecutor(len(self._strips)) as pool:
            return list(pool.map(run, self._strips))


def _strips(grid, n):
    """Return (first, last) column of about equally many points, whole numbers along x."""
    if not len(grid.column_x):
        return []
    ends = [0]
    first_points = grid.start[grid.column_start]
    for share in range(1, n):
        at = np.searchsorted(first_points, share * first_points[-1] // n)
        at = np.searchsorted(grid.column_x, grid.column_x[min(at, len(grid.column_x) - 1)])
        if at > ends[-1]:
            ends.append(int(at))
    return list(zip(ends, [*ends[1:], len(grid.column_x)], strict=True))


@numba.njit(nogil=True, cache=True)
def _mark_cores(first, last, grid, points, rule, min_points, inner, is_core):
    """Set the core flags of the points in columns first to last; a crowded cell needs no test."""
    pointers = first_pointers(grid, first)
    found = np.empty((2 * grid.reach[0] + 1) ** 2, dtype=np.int64)
    ranges = np.empty((len(found), 2), dtype=np.int64)
    for column in range(first, last):
        n_found = columns_around(grid, column, pointers, found)
        if _start_ranges(grid, found, n_found, ranges) < min_points:
            continue
        for cell in range(grid.column_start[column], grid.column_start[column + 1]):
            begin, end = grid.start[cell], grid.start[cell + 1]
            if end - begin >= min_points:
                for p in range(begin, end):
                    is_core[p] = not len(inner) or inner[p]
                continue
            for p in range(begin, end):
                if len(inner) and not inner[p]:
                    continue
                is_core[p] = _has_neighbours(p, cell, min_points, grid, points, rule, found, n_found, ranges)


@numba.njit(nogil=True, cache=True)
def _has_neighbours(p, cell, min_points, grid, points, rule, found, n_found, ranges):
    """Whether a point has enough neighbours; those of its own cell are."""
    count = grid.start[cell + 1] - grid.start[cell]
    for k in range(n_found):
        if gap_squared(grid, points.x[p], points.y[p], found[k]) > rule.eps_squared * _SURELY:
            continue
        _move_range(grid, cell, found[k], ranges, k)
        for other in range(ranges[k, 0], ranges[k, 1]):
            if other == cell or not _may_touch(grid, cell, other):
                continue
            for q in range(grid.start[other], grid.start[other + 1]):
                count += are_near(points, p, q, rule)
            if count >= min_points:
                return True
    return count >= min_points


@numba.njit(nogil=True, cache=True)
def _join_cells(first, last, grid, points, rule, reach, is_core, n_cores, in_columns, parent, low, high):
    """Join cells of columns first to last with later cells from low to high that have cores nearby.

    Only columns at most `reach` away are looked at.
    """
    pointers = first_pointers(grid, first)
    found = np.empty((2 * grid.reach[0] + 1) ** 2, dtype=np.int64)
    ranges = np.empty((len(found), 2), dtype=np.int64)
    for column in range(first, last):
        if in_columns[column] == 0:
            continue
        n_found = _with_cores(found, columns_around(grid, column, pointers, found), in_columns)
        _start_ranges(grid, found, n_found, ranges)
        for cell in range(grid.column_start[column], grid.column_start[column + 1]):
            if n_cores[cell] == 0:
                continue
            mine = _root(parent, cell)
            for k in range(n_found):
                away_x = abs(grid.column_x[found[k]] - grid.column_x[column])
                if max(away_x, abs(grid.column_y[found[k]] - grid.column_y[column])) > reach:
                    continue
                _move_range(grid, cell, found[k], ranges, k)
                for other in range(max(ranges[k, 0], low, cell + 1), min(ranges[k, 1], high)):
                    if parent[other] == mine or n_cores[other] == 0 or not _may_touch(grid, cell, other):
                        continue
                    its = _root(parent, other)
                    parent[other] = its  # so that the next look is the short one
                    if mine != its and _cores_meet(cell, other, found[k], grid, points, rule, is_core):
                        parent[max(mine, its)] = min(mine, its)
                        mine = min(mine, its)
                        parent[cell] = parent[other] = mine


@numba.njit(nogil=True, cache=True)
def _cores_meet(cell, other, column, grid, points, rule, is_core):
    """Whether a core of one cell is near a core of another, which lies in `column`."""
    for p in range(grid.start[cell], grid.start[cell + 1]):
        if not is_core[p]:
            continue
        if gap_squared(grid, points.x[p], points.y[p], column) > rule.eps_squared * _SURELY:
            continue
        for q in range(grid.start[other], grid.start[other + 1]):
            if is_core[q] and are_near(points, p, q, rule):
                return True
    return False


@numba.njit(nogil=True, cache=True)
def _name_clusters(grid, is_core, parent):
    """Return cell -> place, as given, of the first core of its cluster; -1 without cores."""
    name = np.full(len(parent), -1, dtype=np.int64)
    for cell in range(len(parent)):
        root = _root(parent, cell)
        for p in range(grid.start[cell], grid.start[cell + 1]):
            if is_core[p] and (name[root] < 0 or grid.order[p] < name[root]):
                name[root] = grid.order[p]
    for cell in range(len(parent)):
        name[cell] = name[_root(parent, cell)]
    return name


@numba.njit(nogil=True, cache=True)
def _label_points(first, last, grid, points, rule, is_core, n_cores, in_columns, name, label):
    """Set the labels of columns first to last; return (point, cluster) for further clusters touched."""
    pointers = first_pointers(grid, first)
    found = np.empty((2 * grid.reach[0] + 1) ** 2, dtype=np.int64)
    ranges = np.empty((len(found), 2), dtype=np.int64)
    also = [(np.int64(0), np.int64(0)) for _ in range(0)]
    touched = [np.int64(0) for _ in range(0)]
    for column in range(first, last):
        n_found = _with_cores(found, columns_around(grid, column, pointers, found), in_columns)
        _start_ranges(grid, found, n_found, ranges)
        for cell in range(grid.column_start[column], grid.column_start[column + 1] if n_found else 0):
            begin, end = grid.start[cell], grid.start[cell + 1]
            if n_cores[cell] == end - begin:
                label[begin:end] = name[cell]
                continue
            for p in range(begin, end):
                if is_core[p]:
                    label[p] = name[cell]
                    continue
                touched.clear()
                for k in range(n_found):
                    if gap_squared(grid, points.x[p], points.y[p], found[k]) > rule.eps_squared * _SURELY:
                        continue
                    _move_range(grid, cell, found[k], ranges, k)
                    for other in range(ranges[k, 0], ranges[k, 1]):
                        if n_cores[other] == 0 or name[other] in touched or not _may_touch(grid, cell, other):
                            continue
                        if _touches(p, other, grid, points, rule, is_core):
                            touched.append(name[other])
                if len(touched):
                    label[p] = min(touched)
                for cluster in touched:
                    if cluster != label[p]:
                        also.append((grid.order[p], cluster))
    pairs = np.empty((len(also), 2), dtype=np.int64)
    for k in range(len(also)):
        pairs[k, 0], pairs[k, 1] = also[k]
    return pairs


@numba.njit(nogil=True, cache=True)
def _touches(p, cell, grid, points, rule, is_core):
    for q in range(grid.start[cell], grid.start[cell + 1]):
        if is_core[q] and are_near(points, p, q, rule):
            return True
    return False


@numba.njit(nogil=True, cache=True)
def _start_ranges(grid, found, n_found, ranges):
    """Put the range of each column found to its first cell; return the number of points in all of them."""
    n_points = 0
    for k in range(n_found):
        ranges[k] = grid.column_start[found[k]]
        n_points += grid.start[grid.column_start[found[k] + 1]] - grid.start[ranges[k, 0]]
    return n_points


@numba.njit(nogil=True, cache=True)
def _with_cores(found, n_found, in_columns):
    """Keep the columns found that have cores, in order; return how many."""
    kept = 0
    for k in range(n_found):
        if in_columns[found[k]]:
            found[kept] = found[k]
            kept += 1
    return kept


@numba.njit(nogil=True, cache=True, inline="always")
def _move_range(grid, cell, column, ranges, k):
    """Move the k-th range to the cells of `column` whose velocity may be near that of `cell`."""
    end = grid.column_start[column + 1]
    while ranges[k, 0] < end and grid.low[ranges[k, 0]] < grid.low[cell] - grid.reach[1]:
        ranges[k, 0] += 1
    ranges[k, 1] = max(ranges[k, 0], ranges[k, 1])
    while ranges[k, 1] < end and grid.low[ranges[k, 1]] <= grid.low[cell] + grid.reach[1]:
        ranges[k, 1] += 1


@numba.njit(nogil=True, cache=True, inline="always")
def _may_touch(grid, cell, other):
    if len(grid.kinds) and not grid.kinds[cell] & grid.kinds[other]:
        return False
    return abs(grid.up[cell] - grid.up[other]) <= grid.reach[2]


@numba.njit(nogil=True, cache=True)
def _root(parent, cell):
    while parent[cell] != cell:
        parent[cell] = parent[parent[cell]]
        cell = parent[cell]
    return cell
