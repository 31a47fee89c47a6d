"""When points are seen and what their noise is: lists of epochs, and covariances of unit variance.

Correlation goes by the number of epochs, not by days: so real files are (0.33 at one epoch, be it 6 or 12 days).
"""

import numpy as np

FIRST = np.datetime64("2020-01-03")


def epochs_of(layout):
    """Return the acquisition dates of a layout, as datetime64[D].

    `six_twelve` is that of the real files of 2020-2024: 6 days, from 2022 on 12, two gaps of 24. `regular` is
    five years of 6 days, `gaps` loses each winter, `few` has 60 epochs of 12 days, `short` 30.
    """
    if layout == "six_twelve":
        days = np.r_[np.arange(0, 714, 6), np.arange(714, 1818, 12)]
        days = np.delete(days, [150, 181])
    elif layout == "regular":
        days = np.arange(0, 1825, 6)
    elif layout == "gaps":
        days = np.arange(0, 1825, 6)
        season = (days + 2) % 365
        days = days[(season > 75) & (season < 330)]
    elif layout == "few":
        days = np.arange(0, 720, 12)
    elif layout == "short":
        days = np.arange(0, 360, 12)
    else:
        raise ValueError(f"layout {layout!r}: unknown")
    return FIRST + days


def years_of(epochs):
    """Return years of 365 days since the first epoch."""
    return (epochs - epochs[0]).astype(float) / 365.0


def fading_correlation(n, correlation, fading):
    """Return the covariance of AR(1) under white noise: 1, r, r f, r f², ... by epochs."""
    lags = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return np.where(lags == 0, 1.0, correlation * fading ** np.maximum(lags - 1.0, 0.0))


def draw_covariance(kind, n, rng):
    """Return a covariance of unit mean variance, shape (n, n), of noise of a kind with parameters drawn.

    Parameters
    ----------
    kind : str
        `white`; `ar1`: AR(1) under white noise, correlation of neighbours 0 to 0.4, which fades by at most
        0.8 an epoch; `typical`: the same at the median of real files (0.33, 0.6); `long_memory`: fades as a
        power of the lag, half of it white; `mixture`: two AR(1), slow and fast, and white noise;
        `changing_variance`: `ar1` whose standard deviation changes up to threefold on the way;
        `outliers`, `atmosphere`: `ar1`; what `draw_noise` adds to it is white, with a third of the variance.
    """
    if kind == "white":
        return np.eye(n)
    if kind == "typical":
        return fading_correlation(n, 0.33, 0.6)
    if kind == "long_memory":
        lags = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        share, power = rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.7)
        return np.where(lags == 0, 1.0, share * (1.0 + lags) ** -power)
    if kind == "mixture":
        slow = fading_correlation(n, 1.0, rng.uniform(0.9, 0.97))
        slow[np.diag_indices(n)] = 1.0
        fast = fading_correlation(n, 0.4, 0.4)
        share = rng.uniform(0.1, 0.25)
        return share * slow + (1 - share) * fast
    fading = rng.uniform(0.3, 0.8)
    covariance = fading_correlation(n, rng.uniform(0, min(0.4, fading)), fading)
    if kind == "changing_variance":
        spread = np.geomspace(1.0, rng.uniform(2, 3), n)
        spread = spread[:: rng.choice([-1, 1])]
        spread /= np.sqrt(np.mean(spread**2))
        return covariance * np.outer(spread, spread)
    if kind in ("outliers", "atmosphere"):
        return (2 * covariance + np.eye(n)) / 3
    if kind == "ar1":
        return covariance
    raise ValueError(f"noise {kind!r}: unknown")


def draw_noise(kind, covariance, n, rng):
    """Return n noise series of unit variance with the covariance given, shape (n, epochs).

    Outliers are ± 3 to 9 standard deviations at about one epoch in hundred; the common atmosphere is one
    white series that all of this call share. For both the covariance is the exact one, the law not normal
    or the series not independent.
    """
    m = len(covariance)
    if kind == "outliers":
        rate = 1 / 3 / np.mean(np.linspace(3, 9, 1001) ** 2)
        hits = rng.random((n, m)) < rate
        odd = hits * rng.uniform(3, 9, (n, m)) * rng.choice([-1, 1], (n, m))
        covariance = covariance - np.eye(m) / 3
    elif kind == "atmosphere":
        odd = np.sqrt(1 / 3) * rng.standard_normal(m)
        covariance = covariance - np.eye(m) / 3
    else:
        odd = 0.0
    return rng.standard_normal((n, m)) @ np.linalg.cholesky(covariance).T + odd
