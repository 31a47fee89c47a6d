"""The reference system, expressed anew from its documented thresholds: rules, and a mixture for what is left.

Its 18 features are those it documents. Its mixture has five components, is fitted on what no rule named, in
each file alone, and its components are named by their index. Eligible is every series here. Where documents
leave it open we choose what helps it: features are standardised before the mixture.
"""

import warnings

import numpy as np
from bench.science.predictions import Prediction, no_epochs, one_hot, patterns
from bench.science.truths import CLASSES
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

COMPONENTS = ("stable", "noisy", "linear", "accelerating", "decelerating")  # its order of classes
FEATURES = (
    *("v_robust", "v_first_half", "v_second_half", "v_diff", "rmse_detrended", "rmse_deseason"),
    *("seasonal_amp", "seasonal_r2", "quad_coeff", "quad_r2", "n_jumps_nonseas", "jump_max_mm"),
    *("n_valid_frac", "acf_lag1", "cusum_score", "velocity_r2", "range_mm", "noise_p90"),
)
_FEWEST = 20  # series a mixture of five can be fitted on; with fewer they stay unclassified
_JUMP_MM = 5.0


def classify(dataset):
    """Return the reference system's classes of a dataset, taken as one file."""
    found = features(dataset)
    label = rules(found)
    probability = one_hot(label)
    rest = np.flatnonzero(label == "")
    if len(rest) >= _FEWEST:
        shares = _mixture(np.stack([found[name][rest] for name in FEATURES], axis=1))
        label[rest] = np.array(COMPONENTS, dtype=object)[shares.argmax(1)]
        places = [CLASSES.index(name) for name in COMPONENTS]
        probability[np.ix_(rest, places)] = shares
    else:
        label[rest] = "unclassified"
    n = len(label)
    return Prediction(label, probability, np.full(n, "", dtype=object), no_epochs(n))


def rules(found):
    """Return the rules' classes; empty where none applies."""
    v, change, bend = found["v_robust"], found["v_diff"], found["quad_coeff"]
    slow = np.abs(v) < 2.5
    bent = (np.abs(change) > 1.5) & (found["quad_r2"] > 0.05) & (found["velocity_r2"] < 0.85)
    same = np.sign(change) == np.sign(bend)
    cases = {
        "stable": slow & (found["rmse_detrended"] <= 3),
        "noisy": slow,
        "accelerating": bent & same & (np.sign(v) == np.sign(change)),
        "decelerating": bent & same & (np.sign(v) == -np.sign(change)),
        "linear": found["velocity_r2"] >= 0.65,
    }
    return np.select(list(cases.values()), [np.array(name, dtype=object) for name in cases], "").astype(
        object
    )


def is_jumpy(dataset):
    """Return its flag of a jump: what it has to say of steps."""
    found = features(dataset)
    return (found["n_jumps_nonseas"] > 0) & (found["jump_max_mm"] > _JUMP_MM)


def features(dataset):
    """Return its 18 features, as a dict of arrays."""
    found = {name: np.empty(len(dataset)) for name in FEATURES}
    for rows, present in patterns(dataset.series):
        days = (dataset.epochs - dataset.epochs[0]).astype(float)[present]
        series = dataset.series[np.ix_(rows, present)]
        for part in (_of_line, _of_halves, _of_season, _of_sequence):
            for name, values in part(days, series).items():
                found[name][rows] = values
        found["n_valid_frac"][rows] = present.mean()
    return found


def _slope(years, series):
    centred = years - years.mean()
    return series @ centred / (centred @ centred)


def _residuals(series, *columns):
    q = np.linalg.qr(np.stack(columns, axis=1))[0]
    return series - (series @ q) @ q.T


def _of_line(days, series):
    t, one = days / 365.25, np.ones_like(days)
    detrended = _residuals(series, one, t)
    total = ((series - series.mean(1, keepdims=True)) ** 2).sum(1)
    left, bent = (detrended**2).sum(1), (_residuals(series, one, t, t**2) ** 2).sum(1)
    return {
        "v_robust": _slope(t, series),
        "rmse_detrended": np.sqrt(left / len(t)),
        "velocity_r2": 1 - left / total,
        "quad_r2": (left - bent) / total,
        "quad_coeff": np.linalg.pinv(np.stack([t**2, t, one], axis=1))[0] @ series.T,
        "range_mm": np.ptp(series, axis=1),
        "noise_p90": np.quantile(np.abs(np.diff(series, axis=1)), 0.9, axis=1),
    }


def _of_halves(days, series):
    half = len(days) // 2
    first = _slope(days[:half] / 365.25, series[:, :half])
    second = _slope(days[half:] / 365.25, series[:, half:])
    return {"v_first_half": first, "v_second_half": second, "v_diff": second - first}


def _of_season(days, series):
    t, one = days / 365.25, np.ones_like(days)
    waves = [f(2 * np.pi * k * t) for k in (1, 2) for f in (np.cos, np.sin)]
    detrended, left = _residuals(series, one, t), _residuals(series, one, t, *waves)
    annual = np.linalg.pinv(np.stack([waves[0], waves[1], waves[2], waves[3], one, t], axis=1))[:2] @ series.T
    rates = np.abs(np.diff(left, axis=1)) / np.diff(days)
    limit = np.maximum(4 * np.quantile(rates, 0.75, axis=1), 5 / 6)
    jumps = rates > limit[:, None]
    return {
        "rmse_deseason": np.sqrt((left**2).mean(1)),
        "seasonal_amp": np.hypot(*annual),
        "seasonal_r2": 1 - (left**2).sum(1) / (detrended**2).sum(1),
        "n_jumps_nonseas": jumps.sum(1).astype(float),
        "jump_max_mm": np.where(jumps, np.abs(np.diff(left, axis=1)), 0).max(1),
    }


def _of_sequence(days, series):
    detrended = _residuals(series, np.ones_like(days), days)
    unit = detrended / detrended.std(1, keepdims=True)
    return {
        "acf_lag1": (unit[:, 1:] * unit[:, :-1]).sum(1) / (unit**2).sum(1),
        "cusum_score": np.ptp(np.cumsum(unit, axis=1), axis=1) / np.sqrt(len(days)),
    }


def _mixture(table):
    spread = table.std(0)
    scaled = (table - table.mean(0)) / np.where(spread > 0, spread, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return (
            GaussianMixture(len(COMPONENTS), random_state=42, reg_covar=1e-6)
            .fit(scaled)
            .predict_proba(scaled)
        )
