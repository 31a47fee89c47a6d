"""Orthonormal rows by Gram-Schmidt: unlike LAPACK's, the same to the last bit each time it runs."""

import numpy as np
from egmsql.udfs.kernels.compiled import compiled


@compiled
def orthonormal(rows):
    """Return (q, inverse of R, whether the rows are independent) of rows of shape (n, m).

    Row k of q (n, m) spans what row k adds to the rows before it. The coefficients of a least-squares fit of
    y by the rows are `inverse @ q @ y`, so `inverse @ q` are its weights. Each row is cleaned twice, which
    is as good as Householder's way for a few rows.
    """
    n = rows.shape[0]
    q, r, inverse = rows.copy(), np.zeros((n, n)), np.zeros((n, n))
    for c in range(n):
        length = np.sqrt(np.sum(q[c] * q[c]))
        for _ in range(2):
            for b in range(c):
                part = np.sum(q[b] * q[c])
                r[b, c] += part
                q[c] -= part * q[b]
        r[c, c] = np.sqrt(np.sum(q[c] * q[c]))
        if not r[c, c] > 1e-6 * length:
            return q, inverse, False
        q[c] /= r[c, c]
    for c in range(n):
        inverse[c, c] = 1 / r[c, c]
        for b in range(c - 1, -1, -1):
            total = 0.0
            for k in range(b + 1, c + 1):
                total += r[b, k] * inverse[k, c]
            inverse[b, c] = -total / r[b, b]
    return q, inverse, True


@compiled
def weights_of(q, inverse):
    """Return the weights of each coefficient, shape (n, m): `inverse @ q`, in a fixed order."""
    out = np.zeros(q.shape)
    for c in range(q.shape[0]):
        for b in range(c, q.shape[0]):
            out[c] += inverse[c, b] * q[b]
    return out
