"""Plain F-tests in a row, as PS-Time does them: constant, linear, quadratic, bilinear, step; noise taken as white.

At 1 %; a bilinear series needs five epochs a side, and must beat the quadratic by 1.2 in BIC weight. All
models have the annual wave, which the original lacks, and the limits of 2.5 mm/yr and 4 mm that the classes
stable and noisy have by definition; effects of bends and steps have no limits, as in the original.
"""

import numpy as np
from bench.science import noise, shapes
from bench.science.predictions import Prediction, no_epochs, one_hot, patterns, sense_of
from bench.science.truths import CLASSES
from scipy import stats

LEVEL, SIDE, RATIO = 0.01, 5, 1.2
PARAMETERS = {"constant": 3, "linear": 4, "quadratic": 5, "hinge": 6, "step": 6}
_FAMILIES = tuple(PARAMETERS)


def classify(dataset):
    """Return the classes of a dataset by F-tests."""
    n = len(dataset)
    result = Prediction(
        np.full(n, "", dtype=object), np.zeros((n, len(CLASSES))), np.full(n, "", dtype=object), no_epochs(n)
    )
    for rows, present in patterns(dataset.series):
        found = _classified(dataset.epochs[present], dataset.series[np.ix_(rows, present)])
        for name in ("label", "probability", "sense", "break_epoch"):
            getattr(result, name)[rows] = getattr(found, name)
    return result


def _classified(epochs, series):
    fits = _fits(noise.years_of(epochs), series)
    m, n = len(epochs), len(series)
    tests = {
        name: (fits["linear"]["sse"] / fits[name]["sse"] - 1) * (m - k) / (k - 4)
        > stats.f.isf(LEVEL, k - 4, m - k)
        for name, k in PARAMETERS.items()
        if k > 4
    }
    moves = (fits["constant"]["sse"] / fits["linear"]["sse"] - 1) * (m - 4) > stats.f.isf(LEVEL, 1, m - 4)
    bic = {name: m * np.log(fits[name]["sse"] / m) + PARAMETERS[name] * np.log(m) for name in _FAMILIES}
    ranked = np.stack([np.where(tests[name], bic[name], np.inf) for name in ("quadratic", "hinge", "step")])
    ranked[1] += 2 * np.log(RATIO)
    best = np.where(np.isinf(ranked.min(0)), "", np.array(["quadratic", "hinge", "step"])[ranked.argmin(0)])
    label, senses = {}, {}
    for name in _FAMILIES:
        label[name], senses[name] = _class_of(name, fits[name], m, moves)
    family = np.where(best == "", np.where(moves, "linear", "constant"), best)
    pick = lambda of: np.select([family == f for f in _FAMILIES], [of[f] for f in _FAMILIES]).astype(object)  # noqa: E731
    weights = np.exp(-(np.stack(list(bic.values())) - np.min(list(bic.values()), axis=0)) / 2)
    weights /= weights.sum(0)
    probability = sum(w[:, None] * one_hot(label[name]) for name, w in zip(_FAMILIES, weights, strict=True))
    at = {name: epochs[fits[name].get("at", np.zeros(n, dtype=int))] for name in _FAMILIES}
    breaks = np.where(family == "hinge", at["hinge"], np.where(family == "step", at["step"], no_epochs(n)))
    return Prediction(pick(label), probability, pick(senses), breaks.astype("datetime64[D]"))


def _class_of(family, fit, m, moves):
    """Return the class and the sense of each series if a family holds."""
    n = len(fit["sse"])
    senses = sense_of(fit["first"], fit["last"])
    if family == "step":
        return np.full(n, "step", dtype=object), np.full(n, "", dtype=object)
    if family == "hinge":
        return np.full(n, "velocity_change", dtype=object), senses
    if family == "quadratic":
        faster = np.abs(fit["last"]) > np.abs(fit["first"])
        return np.where(faster, "accelerating", "decelerating").astype(object), senses
    still = np.where(np.sqrt(fit["sse"] / m) > 4, "noisy", "stable")
    creeps = moves & (np.abs(fit["first"]) >= 2.5) & (family == "linear")
    return np.where(creeps, "linear", still).astype(object), np.full(n, "", dtype=object)


def _fits(years, series):
    """Return for each family SSE, velocities over the first and last fifth, and the place of the best break."""
    wave = 2 * np.pi * years
    constant = np.linalg.qr(np.stack([np.ones_like(years), np.cos(wave), np.sin(wave)], axis=1))[0]
    base = np.stack([years, np.ones_like(years), np.cos(wave), np.sin(wave)], axis=1)
    weights = np.linalg.pinv(base)
    velocity = series @ weights[0]
    left = series - (series @ weights.T) @ base.T
    sse = (left**2).sum(1)
    without = ((series - (series @ constant) @ constant.T) ** 2).sum(1)
    fits = {
        "constant": {"sse": without, "first": 0 * velocity, "last": 0 * velocity},
        "linear": {"sse": sse, "first": velocity, "last": velocity},
    }
    places = np.arange(SIDE, len(years) - SIDE + 1)
    grids = {
        "quadratic": (years**2)[None],
        "hinge": np.stack([shapes.hinge(years, years[k]) for k in places]),
        "step": np.stack([shapes.step(years, years[k]) for k in places]),
    }
    for name, grid in grids.items():
        outside = grid - (grid @ weights.T) @ base.T
        length = np.linalg.norm(outside, axis=1)
        drops = left @ (outside / length[:, None]).T
        best = (drops**2).argmax(1)
        taken = drops[np.arange(len(series)), best]
        coefficient = taken / length[best]
        line = velocity - coefficient * (grid @ weights[0])[best]
        first, last = shapes.end_slopes(years, grid)
        fits[name] = {
            **{"sse": sse - taken**2, "at": places[best]},
            **{"first": line + coefficient * first[best], "last": line + coefficient * last[best]},
        }
    return fits
