"""The curve of the shape that explains a series best, drawn again from what the lake stores of it."""

from dataclasses import dataclass

import numpy as np

_DAYS_PER_YEAR = 365.0


@dataclass(frozen=True)
class Curve:
    """A fitted model at the epochs of a series, in mm."""

    whole: np.ndarray
    trend: np.ndarray  # without the annual wave
    sigma: float  # standard deviation of what it leaves


def fit_curve(point):
    """Return the Curve of the winning family, fitted with its stored epochs and time constants."""
    first = np.datetime64(point.facts["first_epoch"], "D")
    years = (point.epochs - first).astype(float) / _DAYS_PER_YEAR
    wave = [np.cos(2 * np.pi * years), np.sin(2 * np.pi * years)]
    trend = [np.ones_like(years), *_trend(point.facts, years, first)]
    if point.facts["family"] == "semiannual":
        wave += [np.cos(4 * np.pi * years), np.sin(4 * np.pi * years)]
    matrix = np.stack(trend + wave, axis=1)
    coefficients, *_ = np.linalg.lstsq(matrix, point.displacements, rcond=None)
    whole = matrix @ coefficients
    straight = matrix[:, : len(trend)] @ coefficients[: len(trend)]
    free = max(len(years) - matrix.shape[1], 1)
    return Curve(whole, straight, float(np.sqrt(np.sum((point.displacements - whole) ** 2) / free)))


def _trend(facts, years, first):
    """Return the regressors of the family beside constant and wave."""
    family = facts["family"]
    if family in (None, "constant"):
        return []
    shapes = [family]
    if family == "several":
        shapes = [(facts["first_break"], "first_break_date"), (facts["second_break"], "second_break_date")]
    found = [years]
    for shape in shapes:
        name, date = shape if isinstance(shape, tuple) else (shape, f"{shape}_date")
        found += _shape(name, years, facts, first, date)
    return found


def _shape(name, years, facts, first, date):
    at = facts.get(date)
    since = years - (np.datetime64(at, "D") - first).astype(float) / _DAYS_PER_YEAR if at else None
    if name == "quadratic":
        return [years**2]
    if name == "decay" and facts["decay_time_yr"]:
        return [1 - np.exp(-years / facts["decay_time_yr"])]
    if name == "growth" and facts["growth_time_yr"]:
        return [np.exp((years - years[-1]) / facts["growth_time_yr"])]
    if since is None:
        return []
    # A hinge's date is its last epoch before the bend, a step's its first after the jump.
    bend, jump = np.maximum(since, 0), (since >= 0).astype(float)
    return {"hinge": [bend], "step": [jump], "step_hinge": [jump, bend]}.get(name, [])
