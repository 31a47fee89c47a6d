"""The search of one series through its bank: what each candidate explains, and the best of each family.

`p` holds, for each column, the inner product of z/ℓ with the base's residuals e; adding the column to the
base lowers the sum of squares by p². Two columns with g = ẑᵢ·ẑⱼ lower it by
(pᵢ² - 2g·pᵢ·pⱼ + pⱼ²)/(1 - g²). Of equals the earlier column wins. Source: science.md, section 2.
"""

import numpy as np
from egmsql.udfs.kernels.bank import (
    DECAY,
    GROWTH,
    LANES,
    N_SMOOTH,
    QUADRATIC,
    STEP_SIDE,
    TWICE_A_YEAR,
    products_with,
)
from egmsql.udfs.kernels.compiled import borrowing

FAMILIES = (
    *("constant", "linear", "quadratic", "hinge", "step"),
    *("decay", "growth", "step_hinge", "semiannual", "several"),
)
N_FAMILIES = len(FAMILIES)
CONSTANT, LINEAR, PARABOLA, HINGE, STEP, DECAYING, GROWING, STEP_HINGE, SEMIANNUAL, SEVERAL = range(
    N_FAMILIES
)
# Parameters with base and wave; a searched τ or bend counts as one, a searched step as two, as in the
# modified BIC of science.md, section 3: with one, 7 % of series without a step had one; with two 0.7 %.
# `several` adds what its two columns cost.
PARAMETERS = np.array([3, 4, 5, 6, 7, 6, 6, 8, 6, 4])
_BLOCK = 64
LEAST_INDEPENDENCE = 0.02  # of 1 - g² of two columns in one model


@borrowing
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
    _smooth_products(bank.smooth, e, p)
    _break_products(bank, e, p[N_SMOOTH : N_SMOOTH + m], p[N_SMOOTH + m :])
    return c0, c1, c2, c3, squares


@borrowing
def _break_products(bank, e, steps, hinges):
    """Write the inner products of e with every step's and every hinge's z/ℓ.

    Suffix sums of e and t·e, of the four quarters of the epochs side by side: an addition waits for the one
    before it, so one sum would leave the processor idle.
    """
    t, m = bank.t, e.size
    n = m // 4
    sum0 = sum1 = sum2 = sum3 = 0.0
    moment0 = moment1 = moment2 = moment3 = 0.0
    for k in range(n - 1, -1, -1):
        sum0 += e[k]
        sum1 += e[k + n]
        sum2 += e[k + 2 * n]
        sum3 += e[k + 3 * n]
        moment0 += e[k] * t[k]
        moment1 += e[k + n] * t[k + n]
        moment2 += e[k + 2 * n] * t[k + 2 * n]
        moment3 += e[k + 3 * n] * t[k + 3 * n]
        steps[k], steps[k + n], steps[k + 2 * n], steps[k + 3 * n] = sum0, sum1, sum2, sum3
        hinges[k], hinges[k + n], hinges[k + 2 * n], hinges[k + 3 * n] = moment0, moment1, moment2, moment3
    inverse_steps, inverse_hinges = bank.inverse[N_SMOOTH : N_SMOOTH + m], bank.inverse[N_SMOOTH + m :]
    for quarter in range(4):
        rest = moment = 0.0  # of the quarters behind
        if quarter < 3:
            rest, moment = sum3, moment3
        if quarter < 2:
            rest, moment = rest + sum2, moment + moment2
        if quarter < 1:
            rest, moment = rest + sum1, moment + moment1
        for k in range(quarter * n, quarter * n + n):
            step = steps[k] + rest
            steps[k] = step * inverse_steps[k]
            hinges[k] = (hinges[k] + moment - t[k] * step) * inverse_hinges[k]


@borrowing
def _smooth_products(smooth, e, p):
    """Write smooth @ e to the head of p, four rows at a time: one reading of e serves four."""
    whole = smooth.shape[0] // 4 * 4
    for s in range(0, whole, 4):
        row0, row1, row2, row3 = smooth[s], smooth[s + 1], smooth[s + 2], smooth[s + 3]
        sum0 = sum1 = sum2 = sum3 = 0.0
        for i in range(e.size):
            sum0 += row0[i] * e[i]
            sum1 += row1[i] * e[i]
            sum2 += row2[i] * e[i]
            sum3 += row3[i] * e[i]
        p[s], p[s + 1], p[s + 2], p[s + 3] = sum0, sum1, sum2, sum3
    for s in range(whole, smooth.shape[0]):
        total = 0.0
        for i in range(e.size):
            total += smooth[s, i] * e[i]
        p[s] = total


@borrowing
def largest(values, start, stop):
    """Return (column, value) of the largest of values >= 0, the first of equals; (-1, 0) if none is above 0.

    Compared as integers, which order as floats >= 0 do: LLVM finds the largest of integers in vector lanes.
    """
    bits = values[start:stop].view(np.int64)
    best, at = 0, -1
    for block in range(0, bits.size, _BLOCK):
        part = bits[block : block + _BLOCK]
        top = 0
        for i in range(part.size):
            top = max(top, part[i])
        if top > best:
            best, at = top, block
    if at < 0:
        return -1, 0.0
    while bits[at] != best:
        at += 1
    return start + at, values[start + at]


@borrowing
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


@borrowing
def _products(bank, column, g, shared):
    """Write the inner products of one z/ℓ with all into g (J,), from the tables of a bank that has them."""
    if column >= N_SMOOTH and bank.paired.shape[0] == 0:
        products_with(bank, column, g, shared)
        return
    row = bank.crossed[column] if column < N_SMOOTH else bank.paired[column - N_SMOOTH]
    for j in range(g.size):
        g[j] = row[j]


@borrowing
def best_beside(column, p, g, m, start, gain):
    """Return (column, gain) of the best column from `start` on beside a given one; `gain` (J,) is work.

    Breaks less than STEP_SIDE epochs apart are one break, and no pair.
    """
    a = p[column]
    for j in range(p.size):
        left = p[j] - g[j] * a
        apart = 1 - g[j] * g[j]
        gain[j] = left * left / apart if apart >= LEAST_INDEPENDENCE else 0.0
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


@borrowing
def several(bank, p, column, price, g, shared, work):
    """Return (first, second, drop) of the best pair found from one column on; -1 where there is none.

    The second pass: a break beside the first column; where it explains more than its price, what suits
    that break best, and then its break again. Pairs are fitted jointly. Of two breaks the earlier comes
    first.
    """
    m = bank.t.size
    if column < 0:
        return -1, -1, 0.0
    _products(bank, column, g, shared)
    other, gain = best_beside(column, p, g, m, N_SMOOTH, work)
    if other < 0:
        return -1, -1, 0.0
    drop = p[column] ** 2 + gain
    for again in range(2 if gain > price else 0):
        held = other if again == 0 else column
        _products(bank, held, g, shared)
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


@borrowing
def within(p, inverse, start, stop, least):
    """Return the first and the last candidate of a range that explains at least so much.

    One does; blocks without any are counted in vector lanes.
    """
    first, last = start, stop
    while _count(p, first, least) == 0:
        first += LANES
    while p[first] ** 2 < least or inverse[first] == 0:
        first += 1
    while _count(p, last - LANES, least) == 0:
        last -= LANES
    last -= 1
    while p[last] ** 2 < least or inverse[last] == 0:
        last -= 1
    return first, last


@borrowing
def _count(p, start, least):
    block, n = p[start : start + LANES], 0
    for i in range(LANES):
        n += block[i] * block[i] >= least
    return n
