"""The search of one series through its bank: what each candidate explains, and the best of each family.

`p` holds, for each column, the inner product of z/ℓ with the base's residuals e; adding the column to the
base lowers the sum of squares by p². Two columns with g = ẑᵢ·ẑⱼ lower it by
(pᵢ² - 2g·pᵢ·pⱼ + pⱼ²)/(1 - g²). Of equals the earlier column wins. Source: science.md, section 2.
"""

import numba
import numpy as np
from egmsql.udfs.kernels.bank import DECAY, FLAGS, GROWTH, N_SMOOTH, QUADRATIC, STEP_SIDE, TWICE_A_YEAR

FAMILIES = (
    *("constant", "linear", "quadratic", "hinge", "step"),
    *("decay", "growth", "step_hinge", "semiannual", "several"),
)
N_FAMILIES = len(FAMILIES)
CONSTANT, LINEAR, PARABOLA, HINGE, STEP, DECAYING, GROWING, STEP_HINGE, SEMIANNUAL, SEVERAL = range(
    N_FAMILIES
)
# Parameters with base and wave; a searched epoch or τ counts as one. `several` adds what its two columns cost.
PARAMETERS = np.array([3, 4, 5, 6, 6, 6, 6, 7, 6, 4])
LEAST_INDEPENDENCE = 0.02  # of 1 - g² of two columns in one model


@numba.njit(nogil=True, cache=True, fastmath=FLAGS)
def project(bank, y, e, p):
    """Write the base's residuals of y (m,) into e and every column's inner product into p; return q @ y."""
    m = y.size
    q = bank.q
    c0 = c1 = c2 = c3 = 0.0
    for i in range(m):
        c0 += q[0, i] * y[i]
        c1 += q[1, i] * y[i]
        c2 += q[2, i] * y[i]
        c3 += q[3, i] * y[i]
    squares = 0.0
    for i in range(m):
        e[i] = y[i] - c0 * q[0, i] - c1 * q[1, i] - c2 * q[2, i] - c3 * q[3, i]
        squares += e[i] * e[i]
    for s in range(N_SMOOTH):
        total = 0.0
        for i in range(m):
            total += bank.smooth[s, i] * e[i]
        p[s] = total
    total = moment = 0.0
    for k in range(m - 1, -1, -1):
        total += e[k]
        moment += e[k] * bank.t[k]
        p[N_SMOOTH + k] = total
        p[N_SMOOTH + m + k] = moment
    for k in range(m):
        p[N_SMOOTH + m + k] -= bank.t[k] * p[N_SMOOTH + k]
    for j in range(N_SMOOTH, N_SMOOTH + 2 * m):
        p[j] *= bank.inverse[j]
    return c0, c1, c2, c3, squares


@numba.njit(nogil=True, cache=True)
def largest(values, start, stop):
    """Return (column, value) of the largest positive value, the first of equals; (-1, 0) if none is."""
    best, at = 0.0, -1
    for j in range(start, stop):
        if values[j] > best:
            best, at = values[j], j
    return at, best


@numba.njit(nogil=True, cache=True, fastmath=FLAGS)
def best_of_families(bank, p, drops, first, second, work):
    """Write the best columns of every family but the last, and by how much they lower the sum of squares.

    Parameters
    ----------
    p : (J,) inner products; `work` (J,) is overwritten.
    drops, first, second : (families,) results; -1 where a family has no (second) column.
    """
    m = bank.t.size
    steps, hinges = N_SMOOTH, N_SMOOTH + m
    for j in range(p.size):
        work[j] = p[j] * p[j]
    first[:] = -1
    second[:] = -1
    drops[:] = 0
    first[PARABOLA], drops[PARABOLA] = largest(work, QUADRATIC, QUADRATIC + 1)
    first[DECAYING], drops[DECAYING] = largest(work, DECAY, GROWTH)
    first[GROWING], drops[GROWING] = largest(work, GROWTH, TWICE_A_YEAR)
    first[STEP], drops[STEP] = largest(work, steps, hinges)
    first[HINGE], drops[HINGE] = largest(work, hinges, hinges + m)
    for k in range(m):
        g, a, b = bank.same_epoch[0, k], p[steps + k], p[hinges + k]
        work[k] = (a * a - 2 * g * a * b + b * b) * bank.same_epoch[1, k]
    k, drops[STEP_HINGE] = largest(work, 0, m)
    if k >= 0:
        first[STEP_HINGE], second[STEP_HINGE] = steps + k, hinges + k
    a, b, g = p[TWICE_A_YEAR], p[TWICE_A_YEAR + 1], bank.crossed[TWICE_A_YEAR, TWICE_A_YEAR + 1]
    if bank.inverse[TWICE_A_YEAR] and bank.inverse[TWICE_A_YEAR + 1] and g * g < 1 - LEAST_INDEPENDENCE:
        first[SEMIANNUAL], second[SEMIANNUAL] = TWICE_A_YEAR, TWICE_A_YEAR + 1
        drops[SEMIANNUAL] = (a * a - 2 * g * a * b + b * b) / (1 - g * g)


@numba.njit(nogil=True, cache=True, fastmath=FLAGS)
def products_with(bank, column, g, shared):
    """Write the inner products of one column's z/ℓ with every column's z/ℓ into g; `shared` is (3, m) work."""
    if column < N_SMOOTH:
        g[:] = bank.crossed[column]
        return
    m = bank.t.size
    k = (column - N_SMOOTH) % m
    bend = 1.0 if column - N_SMOOTH >= m else 0.0
    tk = bank.t[k]
    a0, a1, a2, a3 = (
        bank.along[0, column],
        bank.along[1, column],
        bank.along[2, column],
        bank.along[3, column],
    )
    inverse = bank.inverse[column]
    for s in range(N_SMOOTH):
        g[s] = bank.crossed[s, column]
    for c in range(3):  # sums over the epochs where both are not zero
        shared[c, :k] = bank.sums[c, k]
        shared[c, k:] = bank.sums[c, k:]
    # x of the column is u + bend·t with u = 1 (step) or -t_k (hinge).
    u = 1 - bend * (1 + tk)
    for i in range(m):
        one = u * shared[0, i] + bend * shared[1, i]
        first = u * shared[1, i] + bend * shared[2, i]
        j = N_SMOOTH + i
        base = a0 * bank.along[0, j] + a1 * bank.along[1, j] + a2 * bank.along[2, j] + a3 * bank.along[3, j]
        g[j] = (one - base) * bank.inverse[j] * inverse
        j += m
        base = a0 * bank.along[0, j] + a1 * bank.along[1, j] + a2 * bank.along[2, j] + a3 * bank.along[3, j]
        g[j] = (first - bank.t[i] * one - base) * bank.inverse[j] * inverse


@numba.njit(nogil=True, cache=True, fastmath=FLAGS)
def best_beside(column, p, g, m, start, gain):
    """Return (column, gain) of the best column from `start` on beside a given one; `gain` (J,) is work.

    Breaks less than STEP_SIDE epochs apart are one break, and no pair.
    """
    a = p[column]
    for j in range(start, p.size):
        left = p[j] - g[j] * a
        apart = 1 - g[j] * g[j]
        gain[j] = left * left / max(apart, LEAST_INDEPENDENCE) * (apart >= LEAST_INDEPENDENCE)
    for s in range(TWICE_A_YEAR, N_SMOOTH):
        gain[s] = 0
    if column >= N_SMOOTH:
        k = (column - N_SMOOTH) % m
        for i in range(max(k - STEP_SIDE + 1, 0), min(k + STEP_SIDE, m)):
            gain[N_SMOOTH + i] = 0
            gain[N_SMOOTH + m + i] = 0
    elif start < N_SMOOTH:
        gain[column] = 0
    return largest(gain, start, p.size)


@numba.njit(nogil=True, cache=True)
def several(bank, p, column, g, shared, work):
    """Return (first, second, drop) of the best pair found from one column on; -1 where there is none.

    The second pass: a break beside the first column, then what suits that break best, then its break
    again. Pairs are fitted jointly. Of two breaks the earlier comes first.
    """
    m = bank.t.size
    if column < 0:
        return -1, -1, 0.0
    products_with(bank, column, g, shared)
    other, gain = best_beside(column, p, g, m, N_SMOOTH, work)
    if other < 0:
        return -1, -1, 0.0
    drop = p[column] ** 2 + gain
    for again in range(2):
        held = other if again == 0 else column
        products_with(bank, held, g, shared)
        found, gain = best_beside(held, p, g, m, 0 if again == 0 else N_SMOOTH, work)
        if found < 0 or p[held] ** 2 + gain <= drop * (1 + 1e-12):
            break
        drop = p[held] ** 2 + gain
        if again == 0:
            column = found
        else:
            other = found
    if column >= N_SMOOTH and (other - N_SMOOTH) % m < (column - N_SMOOTH) % m:
        column, other = other, column
    return column, other, drop
