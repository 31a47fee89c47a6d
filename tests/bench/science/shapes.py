"""How points move: regressors inside and outside the hypothesis bank, with their slopes.

Times are years since the first epoch. A regressor times its coefficient, plus a line, a constant and an
annual wave, is the movement in mm.
"""

import numpy as np


def hinge(years, at):
    """Return max(t - at, 0)."""
    return np.maximum(years - at, 0.0)


def step(years, at):
    """Return 1 from `at` on, else 0."""
    return (years >= at).astype(float)


def decay(years, tau):
    """Return 1 - exp(-t/tau)."""
    return 1 - np.exp(-years / tau)


def growth(years, tau):
    """Return exp((t - T)/tau), T the last epoch."""
    return np.exp((years - years[-1]) / tau)


def end_slopes(years, regressors):
    """Return mean slopes of regressors (rows) over the first and the last fifth of the epochs."""
    n = max(len(years) // 5, 2)
    first = (regressors[..., n - 1] - regressors[..., 0]) / (years[n - 1] - years[0])
    last = (regressors[..., -1] - regressors[..., -n]) / (years[-1] - years[-n])
    return first, last


def draw_regressor(shape, years, rng):
    """Return one regressor of a shape, its break epochs' indices, with parameters drawn.

    Returns
    -------
    regressor : array of float, shape (epochs,)
    breaks : list of int
        Index of the first epoch after each break.
    """
    return _DRAW[shape](years, rng)


def _at(years, rng, low, high):
    """Return the index of an epoch between two shares of the time span."""
    k = int(np.searchsorted(years, rng.uniform(low, high) * years[-1]))
    return min(max(k, 8), len(years) - 8)


def _quadratic(years, rng):
    return years**2, []


def _decay(years, rng):
    return decay(years, rng.uniform(0.12, 0.6) * years[-1]), []


def _growth(years, rng):
    return growth(years, rng.uniform(0.12, 0.4) * years[-1]), []


def _hinge(years, rng):
    k = _at(years, rng, 0.25, 0.75)
    return hinge(years, years[k]), [k]


def _step(years, rng):
    k = _at(years, rng, 0.1, 0.9)
    return step(years, years[k]), [k]


def _step_hinge(years, rng):
    k = _at(years, rng, 0.3, 0.7)
    return step(years, years[k]) + rng.choice([-1, 1]) * rng.uniform(0.4, 1.0) * hinge(years, years[k]), [k]


def _logistic(years, rng):
    middle, width = rng.uniform(0.3, 0.7) * years[-1], rng.uniform(0.03, 0.08) * years[-1]
    return 1 / (1 + np.exp(-(years - middle) / width)), []


def _steps(years, rng):
    places = sorted(_at(years, rng, low, low + 0.15) for low in (0.15, 0.45, 0.75)[: rng.integers(2, 4)])
    sizes = rng.uniform(0.6, 1.0, len(places)) * rng.choice([-1, 1], len(places))
    return sum(s * step(years, years[k]) for s, k in zip(sizes, places, strict=True)), places


def _slow_onset(years, rng):
    return hinge(years, rng.uniform(0.3, 0.6) * years[-1]) ** 2, []


def _failure(years, rng):
    """Inverse velocity: ln of the time that is left before a failure after the last epoch."""
    return -np.log(1.0 + rng.uniform(0.03, 0.15) - years / years[-1]), []


def _pulse(years, rng):
    k = _at(years, rng, 0.2, 0.6)
    end = min(int(np.searchsorted(years, years[k] + rng.uniform(0.08, 0.2) * years[-1])), len(years) - 4)
    return step(years, years[k]) - step(years, years[end]), [k, end]


def _decay_step(years, rng):
    k = _at(years, rng, 0.4, 0.8)
    sign = rng.choice([-1, 1])
    return decay(years, rng.uniform(0.1, 0.3) * years[-1]) + sign * rng.uniform(0.4, 0.8) * step(
        years, years[k]
    ), [k]


def _three_segments(years, rng):
    first, second = _at(years, rng, 0.25, 0.4), _at(years, rng, 0.6, 0.75)
    back = rng.uniform(0.8, 1.2)
    return hinge(years, years[first]) - back * hinge(years, years[second]), [first, second]


def _growing_wave(years, rng):
    phase = rng.uniform(0, 2 * np.pi)
    return years / years[-1] * np.cos(2 * np.pi * years - phase), []


def _changing_wave(years, rng):
    """An annual wave whose size and phase wander from year to year, as temperature and groundwater do."""
    knots = np.arange(int(years[-1]) + 3)
    parts = [np.interp(years, knots, rng.standard_normal(len(knots))) for _ in range(2)]
    return parts[0] * np.cos(2 * np.pi * years) + parts[1] * np.sin(2 * np.pi * years), []


_DRAW = {
    "quadratic": _quadratic,
    "decay": _decay,
    "growth": _growth,
    "hinge_faster": _hinge,
    "hinge_slower": _hinge,
    "hinge_reversal": _hinge,
    "step": _step,
    "step_hinge": _step_hinge,
    "logistic": _logistic,
    "steps": _steps,
    "slow_onset": _slow_onset,
    "failure": _failure,
    "pulse": _pulse,
    "decay_step": _decay_step,
    "three_segments": _three_segments,
    "growing_wave": _growing_wave,
    "changing_wave": _changing_wave,
}
