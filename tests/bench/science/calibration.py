"""A monotone map from stated to right probabilities, fitted on the calibration set, as rows a model can hold.

The map is an isotonic regression of "was it right" on the stated probability of the class given, thinned to
few knots; between knots it is linear. It changes no class. Series count half as in the equal and half as in
the realistic mix. A temperature for the whole distribution is fitted beside it: p_k ∝ p_k^(1/T).
"""

import numpy as np
from bench.science import metrics
from bench.science.truths import CLASSES
from scipy.optimize import minimize_scalar
from sklearn.isotonic import IsotonicRegression

N_KNOTS = 12


def both_mixes(truth):
    """Return weights half of the equal and half of the realistic mix."""
    return (metrics.weights_of(truth, "equal") + metrics.weights_of(truth, "realistic")) / 2


def fit_map(stated, right, weights):
    """Return knots (stated, right), both increasing, ends at 0 and 1 included."""
    isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(stated, right, weights)
    order = np.argsort(stated, kind="stable")
    place = np.cumsum(weights[order]) / weights.sum()
    members = np.searchsorted(place, np.arange(1, N_KNOTS) / N_KNOTS)
    knots = []
    for rows in np.split(order, members):
        if len(rows):
            value = np.average(isotonic.predict(stated[rows]), weights=weights[rows])
            knots.append((float(np.average(stated[rows], weights=weights[rows])), float(value)))
    knots = [(0.0, 0.0), *knots, (1.0, max(knots[-1][1], float(isotonic.predict([1.0])[0])))]
    return _increasing(np.round(knots, 4))


def _increasing(knots):
    kept = [knots[0]]
    for stated, right in knots[1:]:
        if stated > kept[-1][0] + 1e-3:
            kept.append((stated, max(right, kept[-1][1])))
        else:
            kept[-1] = (kept[-1][0], max(right, kept[-1][1]))
    return np.array(kept)


def apply_map(knots, stated):
    """Return calibrated probabilities, linear between the knots."""
    return np.interp(stated, knots[:, 0], knots[:, 1])


def fit_temperature(probability, truth, weights):
    """Return T that makes p^(1/T), scaled to sum 1, most likely."""
    places = np.array([CLASSES.index(name) for name in truth])
    logarithms = np.log(np.clip(probability, 1e-9, 1))

    def loss(log_t):
        scaled = logarithms / np.exp(log_t)
        scaled -= scaled.max(1, keepdims=True)
        likelihood = scaled[np.arange(len(places)), places] - np.log(np.exp(scaled).sum(1))
        return -np.sum(weights * likelihood)

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 3), method="bounded").x))


def warm(probability, temperature):
    """Return p^(1/T), scaled to sum 1."""
    scaled = np.log(np.clip(probability, 1e-9, 1)) / temperature
    scaled = np.exp(scaled - scaled.max(1, keepdims=True))
    return scaled / scaled.sum(1, keepdims=True)


def as_values(knots):
    """Return the knots as rows of SQL."""
    rows = ",\n".join(f"    ({stated:.4f}, {right:.4f})" for stated, right in knots)
    return f"values  -- stated, right\n{rows}"
