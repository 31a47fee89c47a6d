"""The search of one series through its bank: what each candidate explains, and the best of each family.

`p` holds, for each column, the inner product of z/ℓ with the base's residuals e; adding the column to the
base lowers the sum of squares by p². Two columns with g = ẑᵢ·ẑⱼ lower it by
(pᵢ² - 2g·pᵢ·pⱼ + pⱼ²)/(1 - g²). Of equals the earlier column wins. Source: science.md, section 2.
"""

import numpy as np
from egmsql.udfs.kernels.bank import DECAY, GROWTH, N_SMOOTH, QUADRATIC, STEP_SIDE, TWICE_A_YEAR
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
    steps, hinges = p[N_SMOOTH : N_SMOOTH + m], p[N_SMOOTH + m :]
    total = moment = 0.0
    for k in range(m - 1, -1, -1):
        total += e[k]
        moment += e[k] * bank.t[k]
        steps[k], hinges[k] = total, moment
    for k in range(m):
        hinges[k] -= bank.t[k] * steps[k]
    for j in range(p.size):
        p[j] *= bank.inverse[j] if j >= N_SMOOTH else 1.0
    return c0, c1, c2, c3, squares


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
def products_with(bank, column, g, shared):
    """Write the inner products of one z/ℓ with every z/ℓ into g (J,); `shared` (2, m) is overwritten."""
    if column < N_SMOOTH:
        for j in range(g.size):
            g[j] = bank.crossed[column, j]
        return
    m = bank.t.size
    for s in range(N_SMOOTH):
        g[s] = bank.crossed[s, column]
    a0, a1 = bank.along[0, column], bank.along[1, column]
    a2, a3 = bank.along[2, column], bank.along[3, column]
    k = (column - N_SMOOTH) % m
    # x of the column is u + bend·t with u = 1 (step) or -t_k (hinge), from epoch k on.
    bend = 1.0 if column - N_SMOOTH >= m else 0.0
    u = 1 - bend * (1 + bank.t[k])
    one, first = shared[0], shared[1]  # its sum, and that times t, from an epoch on
    for i in range(m):
        one[i] = u * bank.sums[0, i] + bend * bank.sums[1, i]
    for i in range(m):
        first[i] = u * bank.sums[1, i] + bend * bank.sums[2, i]
    for i in range(k):
        one[i], first[i] = one[k], first[k]
    for i in range(m):
        first[i] -= bank.t[i] * one[i]
    scale = bank.inverse[column]
    for kind in range(2):
        start, stop = N_SMOOTH + kind * m, N_SMOOTH + (kind + 1) * m
        out, inverse, sums = g[start:stop], bank.inverse[start:stop], shared[kind]
        along0, along1 = bank.along[0][start:stop], bank.along[1][start:stop]
        along2, along3 = bank.along[2][start:stop], bank.along[3][start:stop]
        for i in range(m):
            out[i] = a0 * along0[i] + a1 * along1[i] + a2 * along2[i] + a3 * along3[i]
        for i in range(m):
            out[i] = (sums[i] - out[i]) * inverse[i] * scale


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
    products_with(bank, column, g, shared)
    other, gain = best_beside(column, p, g, m, N_SMOOTH, work)
    if other < 0:
        return -1, -1, 0.0
    drop = p[column] ** 2 + gain
    for again in range(2 if gain > price else 0):
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
