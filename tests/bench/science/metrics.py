"""Scores: who is right, how often, how sure, how far off; by the size of the effect, in two mixes.

Three vocabularies. `strict`: the classes as they are. `merged`: a velocity change of |v| is accelerating or
decelerating, in truth and prediction; reversals stay velocity changes. `reference`: merged, and what the
reference system has no word for (step, reversal, complex) is left out of the truth.
"""

import itertools

import numpy as np
from bench.science.truths import CLASSES, NONLINEAR, NULLS, SHAPES

# Shares of the classes. The realistic mix is mostly still or steady, as Li (2024) counted over whole maps.
MIXES = {
    "equal": dict.fromkeys(CLASSES[:8], 1.0),
    "realistic": {
        **{"stable": 0.80, "linear": 0.16, "noisy": 0.010, "accelerating": 0.006, "decelerating": 0.009},
        **{"velocity_change": 0.007, "step": 0.005, "complex": 0.003},
    },
}
VOCABULARIES = ("strict", "merged", "reference")
N_BOOTSTRAP = 200
N_BINS = 15  # of equal count


def merged(label, sense):
    """Return labels in which a velocity change is its sense, where it has one."""
    label = np.asarray(label, dtype=object)
    return np.where((label == "velocity_change") & (np.asarray(sense) != ""), sense, label).astype(object)


def labels(columns, prediction, vocabulary):
    """Return truth and prediction in a vocabulary, and the rows that count.

    Where several classes make sense of a shape outside the bank and the prediction is one of them, it is the
    truth; a sense, where the shape has one, must be right even so.
    """
    truth, found = columns["truth"], prediction.label
    if vocabulary != "strict":
        truth = merged(truth, columns["sense"])
        found = merged(found, prediction.sense)
    with_sense = merged(prediction.label, prediction.sense)
    sensible = np.array(
        [p in SHAPES[s].accepted for p, s in zip(prediction.label, columns["shape"], strict=True)]
    )
    wanted = columns["sense"]
    sensible &= (wanted == "") | (with_sense == wanted) | (with_sense == "velocity_change")
    truth = np.where(sensible, found, truth)
    counts = np.ones(len(truth), dtype=bool)
    if vocabulary == "reference":
        counts = ~np.isin(merged(columns["truth"], columns["sense"]), ("step", "velocity_change", "complex"))
    return truth, found, counts


def in_range(columns, low, high, strict=False):
    """Return rows whose effect has low ≤ z < high; points without an effect are in every range."""
    z = columns["z_strict" if strict else "z"]
    return ((z >= low) & (z < high)) | ~has_effect(columns)


def has_effect(columns):
    """Whether anything disturbs the line of a series: a movement or a changing wave."""
    return ~np.isin(columns["shape"], NULLS)


def weights_of(truth, mix):
    """Return weights by which the classes have their shares of a mix; those that are absent have none."""
    weights = np.zeros(len(truth))
    for name, share in MIXES[mix].items():
        rows = truth == name
        if rows.any():
            weights[rows] = share / rows.sum()
    return weights / weights.sum()


def confusion(truth, found, weights):
    """Return weighted counts, shape (classes, classes): rows truth, columns prediction."""
    place = {name: k for k, name in enumerate(CLASSES)}
    rows = np.array([place[name] for name in truth], dtype=int)
    columns = np.array([place[name] for name in found], dtype=int)
    n = len(CLASSES)
    return np.bincount(rows * n + columns, weights=weights, minlength=n * n).reshape(n, n)


def scores(counts):
    """Return recall, precision and F1 of each class; NaN without truth. A class never predicted has precision 0."""
    right, truth, found = np.diag(counts), counts.sum(1), counts.sum(0)
    known = np.where(truth > 0, truth, np.nan)
    precision = np.where(truth > 0, right / np.where(found > 0, found, 1), np.nan)
    return right / known, precision, 2 * right / (known + found)


def macro_f1(truth, found, classes, mix, seed=0):
    """Return the mean F1 over the classes with truth, and its 95 % interval by bootstrap.

    Series of one class by definition (`classes`) weigh the same, so drawing the series again is drawing their
    numbers by class and cell of the confusion from Poisson's law.
    """
    n = len(CLASSES)
    place = {name: k for k, name in enumerate(CLASSES)}
    keys = np.array([[place[name] for name in each] for each in (classes, truth, found)])
    counts = np.bincount(np.ravel_multi_index(keys, (n, n, n)), minlength=n**3).reshape(n, n * n)
    weights = np.array([MIXES[mix].get(name, 0.0) for name in CLASSES]) / np.maximum(counts.sum(1), 1)
    rng = np.random.default_rng(seed)
    draws = [rng.poisson(counts) for _ in range(N_BOOTSTRAP)]
    values = [np.nanmean(scores((weights @ c).reshape(n, n))[2]) for c in (counts, *draws)]
    return float(values[0]), *map(float, np.quantile(values[1:], [0.025, 0.975]))


def score(columns, prediction, vocabulary="strict", low=0.0, high=np.inf, mix="equal"):
    """Return macro-F1 with its interval over the rows whose effect has low ≤ z < high.

    In the strict vocabulary z is the distance to the nearest curve of another class, in the merged ones that
    to the line: each the effect that distinguishes its classes.
    """
    truth, found, counts = labels(columns, prediction, vocabulary)
    rows = counts & in_range(columns, low, high, vocabulary == "strict")
    return macro_f1(truth[rows], found[rows], columns_truth(columns, vocabulary)[rows], mix)


def columns_truth(columns, vocabulary):
    """Return the true classes in a vocabulary, by definition alone."""
    return columns["truth"] if vocabulary == "strict" else merged(columns["truth"], columns["sense"])


def recall_by_z(columns, prediction, name, edges, vocabulary="merged"):
    """Return recall of one class in bins of z, and how many series each bin has."""
    truth, found, counts = labels(columns, prediction, vocabulary)
    of = counts & (columns_truth(columns, vocabulary) == name) & has_effect(columns)
    z = columns["z_strict" if vocabulary == "strict" else "z"]
    rows = [of & (z >= a) & (z < b) for a, b in itertools.pairwise(edges)]
    return (
        np.array([np.mean(truth[r] == found[r]) if r.any() else np.nan for r in rows]),
        np.array([r.sum() for r in rows]),
    )


def false_alarms(columns, prediction):
    """Return the share of undisturbed stable, linear and noisy series called non-linear, each and the mean of them."""
    alarm = np.isin(prediction.label, NONLINEAR)
    shares = {}
    for name in NULLS:
        rows = (columns["truth"] == name) & ~has_effect(columns)
        if rows.any():
            shares[name] = float(alarm[rows].mean())
    return {**shares, "mean": float(np.mean(list(shares.values()))) if shares else float("nan")}


def break_errors(columns, prediction, name, low=6.0, high=np.inf):
    """Return median and 90th percentile of |epoch found - epoch made| in days, where the class was found, and n."""
    rows = (
        (columns["shape"] == "step")
        if name == "step"
        else np.char.startswith(columns["shape"].astype(str), "hinge")
    )
    rows &= (prediction.label == name) & ~np.isnat(prediction.break_epoch)
    rows &= (columns["z"] >= low) & (columns["z"] < high)
    if not rows.any():
        return float("nan"), float("nan"), 0
    days = np.abs((prediction.break_epoch[rows] - columns["break_epoch"][rows]).astype(float))
    return *np.quantile(days, [0.5, 0.9]), int(rows.sum())


def certainty(columns, prediction):
    """Return the probability of each class that was given, and whether it was right (strict vocabulary)."""
    truth, found, _ = labels(columns, prediction, "strict")
    places = np.array([CLASSES.index(name) for name in found])
    return prediction.probability[np.arange(len(found)), places], truth == found


def reliability(stated, right, weights, equal_count=True):
    """Return mean stated probability, share right and weight of each bin.

    Bins have about equal weight, equal probabilities staying together, or with `equal_count` false, equal width.
    """
    if equal_count:
        _, ties = np.unique(stated, return_inverse=True)
        shares = np.bincount(ties, weights)
        middle = (np.cumsum(shares) - shares / 2) / weights.sum()
        bins = np.minimum(middle * N_BINS, N_BINS - 1).astype(int)[ties]
    else:
        bins = np.minimum(stated * 10, 9).astype(int)
    total = np.bincount(bins, weights, N_BINS)
    used = total > 0
    mean = [np.bincount(bins, weights * values, N_BINS)[used] / total[used] for values in (stated, right)]
    return mean[0], mean[1], total[used] / total.sum()


def calibration_error(stated, right, weights, equal_count=True):
    """Return the expected calibration error: the weighted mean of |stated - right| over bins."""
    claimed, share, weight = reliability(stated, right, weights, equal_count)
    return float(np.sum(weight * np.abs(claimed - share)))


def seam_difference(labels_here, labels_there):
    """Return the share of series that two products name differently."""
    return float(np.mean(np.asarray(labels_here) != np.asarray(labels_there)))
