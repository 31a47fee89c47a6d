"""Least-squares fits at fixed epochs: design matrices, weights, and the orthonormal basis behind them."""

import numpy as np

DAYS_PER_YEAR = 365.0  # EGMS's own year; 365.25 agrees with the published columns in fewer rows

# The terms of EGMS's three fits, nested: the first four are the fit of the velocity, the first five of the
# acceleration, all six of the season and the rmse.
NESTED_TERMS = "1 cos sin t t² t³"


def years_since_first(epochs):
    """Return years of 365 days since the first epoch, for datetime64 epochs in increasing order."""
    days = epochs.astype("datetime64[D]")
    return (days - days[:1]).astype(float) / DAYS_PER_YEAR


def fit_matrix(years, columns):
    """Return the design matrix with the named columns, shape (epochs, columns).

    Parameters
    ----------
    years : array of float, shape (epochs,)
        Time since the first epoch of the product, in EGMS years of 365 days.
    columns : str
        Blank-separated terms of: `1`, `t`, `t²/2`, `t²`, `t³`, `cos`, `sin` (one cycle a year).
    """
    wave = 2 * np.pi * years
    terms = {
        "1": np.ones_like(years),
        "t": years,
        "t²/2": years**2 / 2,
        "t²": years**2,
        "t³": years**3,
        "cos": np.cos(wave),
        "sin": np.sin(wave),
    }
    return np.stack([terms[name] for name in columns.split()], axis=1)


def least_squares_weights(matrix):
    """Return the weights of each coefficient, shape (columns, epochs), or None if they are not determined.

    Coefficients are weights @ series.
    """
    scaled, lengths = _scaled(matrix)
    if not is_determined(matrix):
        return None
    return np.linalg.pinv(scaled) / lengths[:, None]


def is_determined(matrix):
    """Whether there are as many independent epochs as coefficients."""
    if matrix.shape[0] < matrix.shape[1]:
        return False
    scaled, _ = _scaled(matrix)
    return np.linalg.matrix_rank(scaled, tol=1e-9) == matrix.shape[1]


def orthonormal_basis(matrix):
    """Return rows that span the columns of a matrix one after the other, shape (columns, epochs).

    Row k spans what column k adds to the columns before it, so the sum of squares that the first k columns
    leave of a series y is y·y - Σ (row·y)² over the first k rows. Rows end where a column adds nothing.
    """
    n_columns = matrix.shape[1]
    while n_columns and not is_determined(matrix[:, :n_columns]):
        n_columns -= 1
    if not n_columns:
        return np.empty((0, matrix.shape[0]))
    q, r = np.linalg.qr(_scaled(matrix[:, :n_columns])[0])
    return (q * np.sign(np.diag(r))).T


def _scaled(matrix):
    """Scale columns to unit length, so that the rank decision does not depend on units."""
    lengths = np.linalg.norm(matrix, axis=0)
    return matrix / np.where(lengths > 0, lengths, 1), lengths
