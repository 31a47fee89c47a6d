"""A monotone map from stated to right probabilities, fitted on the calibration set, as rows a model can hold.

The map is an isotonic regression of "was it right" on the stated probability of the class given, thinned to
few knots; between knots it is linear. It changes no class. There are two maps, for answers without and with
a change of motion: the two mixes differ in nothing more than in how many of each they hold. Series count half
as in the equal and half as in the realistic mix.
"""

import numpy as np
from bench.science import metrics
from bench.science.truths import NULLS
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


def kinds_of(found):
    """Return `steady` or `changing` for each class that was given."""
    return np.where(np.isin(found, NULLS), "steady", "changing")


def fit_maps(stated, right, found, weights):
    """Return kind -> knots."""
    kinds = kinds_of(found)
    return {
        kind: fit_map(stated[kinds == kind], right[kinds == kind], weights[kinds == kind])
        for kind in ("steady", "changing")
    }


def apply_maps(maps, stated, found):
    """Return calibrated probabilities by the map of each answer's kind."""
    kinds = kinds_of(found)
    return np.where(kinds == "steady", apply_map(maps["steady"], stated), apply_map(maps["changing"], stated))


def as_values(maps):
    """Return the knots of all maps as rows of SQL."""
    rows = ",\n".join(
        f"    ('{kind}', {stated:.4f}, {right:.4f})"
        for kind, knots in maps.items()
        for stated, right in knots
    )
    return f"values  -- kind, stated, right\n{rows}"
