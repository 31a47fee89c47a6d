"""The Gaussian mixture over effect sizes: fitting it, naming its components, scoring points."""

import math

import numpy as np

CLASSES = ("stable", "linear", "accelerating", "decelerating", "velocity_change", "step", "noisy", "complex")

# Places of the effects, as mixtures.features lists them.
_OVER_LIMIT, _BEND, _STEP, _SPEED_CHANGE, _RMSE = 0, 2, 3, 7, 8
_ALTERNATIVES = (1, 2, 3, 4, 5)  # parabola, bend, step, decay, growth
_CLEAR = 4.0  # standard errors from which a searched shape is more than the best of many chances
_SURE_OF_SIGN = 2.0  # standard errors

_COVARIANCE_FLOOR = 1e-3  # of effects scaled to 1
_FEWEST_LABELLED = 20  # points of a class from which its mean is known well enough to start from
_MORE_COMPONENTS = (0, 2, 4)  # beside one for each class; the BIC chooses


def fit(effects, labels, seed):
    """Fit mixtures of several sizes and return the best by BIC with centre and scale.

    Parameters
    ----------
    effects : array of float, shape (points, effects)
    labels : sequence of str
        Class that the rules are sure of, or empty.
    seed : int

    Returns
    -------
    mixture : sklearn.mixture.GaussianMixture
        Of the effects less `centre`, over `scale`.
    centre, scale : arrays of float, shape (effects,)
        Median, and 1.4826 times the median absolute deviation.
    """
    from sklearn.mixture import GaussianMixture  # takes a second to import, and few commands fit

    centre = np.median(effects, axis=0)
    scale = np.maximum(1.4826 * np.median(np.abs(effects - centre), axis=0), 0.1)
    scaled = (effects - centre) / scale
    starts = _class_means(scaled, np.asarray(labels))
    best = None
    for more in _MORE_COMPONENTS:
        means = np.vstack([starts, _spread_points(scaled, starts, more)]) if more else starts
        if len(scaled) < 2 * len(means):
            break
        mixture = GaussianMixture(
            len(means),
            covariance_type="full",
            reg_covar=_COVARIANCE_FLOOR,
            means_init=means,
            random_state=seed,
            max_iter=300,
        ).fit(scaled)
        bic = mixture.bic(scaled)
        if best is None or bic < best[0]:
            best = bic, mixture
    return (best[1] if best else None), centre, scale


def _class_means(scaled, labels):
    """Return the means of classes with enough sure points; the mean of all where there are none."""
    found = [scaled[labels == name] for name in CLASSES]
    means = [points.mean(axis=0) for points in found if len(points) >= _FEWEST_LABELLED]
    return np.array(means) if means else scaled.mean(axis=0, keepdims=True)


def _spread_points(scaled, starts, count):
    """Return points far from the starts and from each other, of those within the middle 98 %."""
    low, high = np.percentile(scaled, [1, 99], axis=0)
    pool = np.clip(scaled[:20_000], low, high)
    distance = np.min(((pool[:, None] - starts[None]) ** 2).sum(axis=2), axis=1)
    chosen = []
    for _ in range(count):
        chosen.append(pool[distance.argmax()])
        distance = np.minimum(distance, ((pool - chosen[-1]) ** 2).sum(axis=1))
    return np.array(chosen)


def name_of(mean):
    """Return the class that a component's mean shows, by the table of the classes; complex if by none.

    Parameters
    ----------
    mean : array of float, shape (effects,)
        In the units of mixtures.features.
    """
    sizes = np.sinh(mean)  # standard errors
    strongest = max(_ALTERNATIVES, key=lambda place: sizes[place])
    if sizes[strongest] < _CLEAR:
        if sizes[_OVER_LIMIT] > 0:
            return "linear"
        return "noisy" if mean[_RMSE] > 0 else "stable"
    if strongest == _STEP:
        return "step"
    if strongest == _BEND:
        return "velocity_change"
    if abs(sizes[_SPEED_CHANGE]) < _SURE_OF_SIGN:
        return "complex"
    return "accelerating" if sizes[_SPEED_CHANGE] > 0 else "decelerating"


def responsibilities(effects, weights, means, covariances):
    """Return each component's share of each point, shape (points, components).

    Equal to scikit-learn's `predict_proba` to the rounding of float64. Each point by itself: no product of
    matrices, whose sums depend on how many rows there are.
    """
    logs = np.empty((len(effects), len(weights)))
    for k, (weight, mean, covariance) in enumerate(zip(weights, means, covariances, strict=True)):
        lower = np.linalg.cholesky(covariance)
        whitened = np.empty_like(effects)
        for i in range(effects.shape[1]):  # forward substitution
            rest = effects[:, i] - mean[i]
            for j in range(i):
                rest = rest - lower[i, j] * whitened[:, j]
            whitened[:, i] = rest / lower[i, i]
        square = np.zeros(len(effects))
        for i in range(effects.shape[1]):
            square += whitened[:, i] ** 2
        determinant = np.log(np.diag(lower)).sum()
        logs[:, k] = math.log(weight) - 0.5 * square - determinant
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)
