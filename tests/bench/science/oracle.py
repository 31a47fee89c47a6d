"""How far a movement stands out of the noise for one who knows its shape and the covariance of the noise.

Generalised least squares: with W W ᵀ = C⁻¹ the whitened base B and regressor x, the coefficient β of x has
the standard error σ/ℓ, ℓ = ‖(I - P_B) x‖, and z = |β| ℓ/σ. Nobody can do better without bias.
"""

import numpy as np
import scipy.linalg
from bench.science.shapes import decay, growth, hinge, step


class Oracle:
    """What is known once the times and a covariance of unit variance are.

    Parameters
    ----------
    years : array of float, shape (epochs,)
    covariance : array of float, shape (epochs, epochs)
    """

    def __init__(self, years, covariance):
        wave = 2 * np.pi * years
        self._factor = np.linalg.cholesky(covariance)
        base = np.stack([years, np.ones_like(years), np.cos(wave), np.sin(wave)], axis=1)
        self._base = base
        self._q = np.linalg.qr(self._whitened(base.T).T)[0]
        self._others = {
            name: self._directions(np.stack(regressors)) for name, regressors in _families(years).items()
        }

    def velocity_sigma(self):
        """Return the standard error of the velocity for noise of 1 mm, mm/yr."""
        whitened = self._whitened(self._base.T).T
        return np.sqrt(np.linalg.inv(whitened.T @ whitened)[0, 0])

    def lengths(self, regressors):
        """Return ℓ of each regressor (rows): z of β mm in noise of 1 mm is |β| ℓ."""
        return np.linalg.norm(self._outside(regressors), axis=1)

    def coefficients(self, regressor, series):
        """Return β of series (rows) that have base and one regressor, by generalised least squares."""
        outside = self._outside(regressor[None])[0]
        return self._outside(series) @ outside / (outside @ outside)

    def lengths_to_others(self, regressors, families):
        """Return what is left of ℓ once the base and the nearest regressor of other families are fitted.

        Times |β|/σ it is the distance in the noise between the curve and the nearest curve of those families.
        """
        outside = self._outside(regressors)
        square = (outside**2).sum(1)
        best = np.max([((outside @ self._others[name].T) ** 2).max(1) for name in families], axis=0)
        return np.sqrt(np.maximum(square - best, 0.0))

    def _whitened(self, rows):
        return scipy.linalg.solve_triangular(self._factor, rows.T, lower=True, check_finite=False).T

    def _outside(self, rows):
        whitened = self._whitened(np.asarray(rows, dtype=float))
        return whitened - whitened @ self._q @ self._q.T

    def _directions(self, rows):
        outside = self._outside(rows)
        return outside / np.linalg.norm(outside, axis=1, keepdims=True)


def _families(years):
    """Return the regressors of each family, on the grids of the hypothesis bank."""
    last = len(years) - 1
    smooth = [years**2]
    smooth += [decay(years, tau) for tau in (0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3)]
    smooth += [growth(years, tau) for tau in (0.5, 0.75, 1, 1.5, 2)]
    return {
        "smooth": smooth,
        "hinge": [hinge(years, years[k]) for k in range(min(12, last // 3), last - min(12, last // 3) + 1)],
        "step": [step(years, years[k]) for k in range(min(6, last // 3), last - min(6, last // 3) + 2)],
    }


# The shapes of other classes that each class could be mistaken for.
OTHERS = {
    "accelerating": ("hinge", "step"),
    "decelerating": ("hinge", "step"),
    "velocity_change": ("smooth", "step"),
    "step": ("smooth", "hinge"),
}
