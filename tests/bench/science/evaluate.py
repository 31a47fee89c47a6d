"""Running the methods over the sets, and judging the goals."""

from dataclasses import dataclass, field

import numpy as np
from bench.science import ftests, metrics, ours, reference
from bench.science.generator import Dataset

METHODS = {
    "reference": reference.classify,
    "F-tests": ftests.classify,
    "ours": ours.classify,
    "ours, with mixture": lambda dataset: ours.classify(dataset, with_mixture=True),
}
NOISES = (
    "inside",
    "white",
    "mixture",
    "long_memory",
    "changing_variance",
    "outliers",
    "atmosphere",
    "real_022",
    "real_117",
)
OTHER_SETS = ("regular", "gaps", "few", "short", "missing")


@dataclass
class Run:
    """Datasets by name, and the predictions of each method on each."""

    sets: dict[str, Dataset] = field(default_factory=dict)
    predictions: dict = field(default_factory=dict)  # method -> set -> Prediction
    seams: dict = field(default_factory=dict)  # method -> share that differs

    def of(self, method, name):
        """Return the truth's columns and a method's prediction on a set."""
        return self.sets[name].columns, self.predictions[method][name]

    @property
    def methods(self):
        """The methods that ran."""
        return list(self.predictions)


def available(names=None):
    """Return the methods that can run, and the names of models that are missing."""
    methods, missing = {}, []
    for name, classify in METHODS.items():
        if names is not None and name not in names:
            continue
        if name.startswith("ours") and not ours.is_there():
            missing.append(f"{name} ({ours.MODEL})")
        else:
            methods[name] = classify
    return methods, missing


def evaluate(datasets, methods, tell=lambda text: None):
    """Return the run of methods over datasets."""
    run = Run(predictions={name: {} for name in methods})
    for dataset in datasets:
        run.sets[dataset.name] = dataset
        for name, classify in methods.items():
            tell(f"{dataset.name}: {len(dataset)} series, {name}")
            if dataset.name == "seam":
                run.seams[name] = _seam(dataset, classify)
            else:
                run.predictions[name][dataset.name] = classify(dataset)
    return run


def _seam(dataset, classify):
    """Classify the shared series within each of two products; return the share that differs."""
    where = dataset.columns["noise"]
    n = int((where == "shared").sum())
    halves = [
        dataset.take(np.flatnonzero((where == "shared") | (where == side))) for side in ("first", "second")
    ]
    found = [classify(half) for half in halves]
    return metrics.seam_difference(found[0].label[:n], found[1].label[:n])


def accelerating_recall(run, method, kind=None):
    """Return recall of accelerating (by sense) where |v| gains 4 to 12 mm/yr in 2 mm of noise."""
    columns, prediction = run.of(method, "recall")
    truth, found, _ = metrics.labels(columns, prediction, "merged")
    rows = np.ones(len(truth), dtype=bool) if kind is None else columns["noise"] == kind
    return float(np.mean(found[rows] == truth[rows]))


def calibration_errors(run, method, names, equal_count=True):
    """Return the calibration error in each mix over the joined sets."""
    joined, truth = [metrics.certainty(*run.of(method, name)) for name in names], _truths(run, names)
    stated, right = (np.concatenate(parts) for parts in zip(*joined, strict=True))
    return {
        mix: metrics.calibration_error(stated, right, metrics.weights_of(truth, mix), equal_count)
        for mix in metrics.MIXES
    }


def _truths(run, names):
    return np.concatenate([run.sets[name].columns["truth"] for name in names])


def goals(run, method):
    """Return the goals as rows: what, wanted, measured, whether met."""
    rows = []

    def at_least(what, wanted, value):
        rows.append((what, f"≥ {wanted:.2f}", f"{value:.3f}", value >= wanted))

    def at_most(what, wanted, value):
        rows.append((what, f"≤ {wanted:.2f}", f"{value:.4f}", value <= wanted))

    if "inside" in run.sets:
        for vocabulary in ("merged", "strict"):
            for low, high, wanted in ((6, np.inf, 0.95), (4, 6, 0.88)):
                value = metrics.score(*run.of(method, "inside"), vocabulary, low, high)[0]
                where = f"z ≥ {low}" if np.isinf(high) else f"z {low} to {high}"
                at_least(f"macro-F1 inside the bank, {vocabulary}, {where}", wanted, value)
        alarms = metrics.false_alarms(*run.of(method, "inside"))
        at_most("non-linear false alarms, AR(1) + white", 0.01, alarms["mean"])
        for mix, error in calibration_errors(run, method, ["inside"]).items():
            at_most(f"expected calibration error, {mix} mix", 0.03, error)
    if "outside" in run.sets:
        for vocabulary in ("merged", "strict"):
            value = metrics.score(*run.of(method, "outside"), vocabulary, 6)[0]
            at_least(f"macro-F1 outside shapes, {vocabulary}, z ≥ 6", 0.85, value)
    if {"inside", "outside"} <= set(run.sets):
        for mix, error in calibration_errors(run, method, ["inside", "outside"]).items():
            at_most(f"the same with outside shapes, {mix} mix", 0.03, error)
    if "recall" in run.sets:
        at_least("recall of accelerating, Δ|v| ≥ 4 mm/yr, 2 mm", 0.97, accelerating_recall(run, method))
    return rows
