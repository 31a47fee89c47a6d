"""The passes of DBSCAN over a grid: which points are cores, which cells belong together, whose each point is.

Each works on a strip of columns, so that strips run side by side; what they write lies in the strip alone.
"""

import numba
import numpy as np
from egmsql.udfs.kernels.cells import are_near, columns_around, first_pointers, gap_squared

_SURELY = 1 + 1e-6  # a gap of cells must exceed ε by this to count, for cell borders are rounded


@numba.njit(nogil=True, cache=True)
def mark_cores(first, last, grid, points, rule, min_points, inner, is_core):
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
def join_cells(first, last, grid, points, rule, reach, is_core, n_cores, in_columns, parent, low, high):
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
def name_clusters(grid, is_core, parent):
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
def label_points(first, last, grid, points, rule, is_core, n_cores, in_columns, name, label):
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
