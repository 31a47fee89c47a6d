"""The results as Markdown tables, for the terminal and for docs/benchmark/results.md."""

import itertools

import numpy as np
from bench.science import evaluate, generator, metrics, reference
from bench.science.truths import CLASSES, NULLS

EDGES = generator.Z_EDGES
_RANGES = ((1.5, 4), (4, 6), (6, np.inf))


def table(header, rows):
    """Return a Markdown table; the first column is left, the others right."""
    rule = "|---|" + "---:|" * (len(header) - 1)
    return "\n".join(["| " + " | ".join(map(str, row)) + " |" for row in [header]] + [rule]) + "".join(
        "\n| " + " | ".join(map(str, row)) + " |" for row in rows
    )


def full(run, about):
    """Return the whole report; `about` is a dict of what was run."""
    parts = ["# Results of `make bench-science`", "\n".join(f"- {k}: {v}" for k, v in about.items())]
    for title, part in (
        ("Goals", _goals),
        ("Macro-F1", _macro),
        ("Recall by z", _recalls),
        ("Precision and recall of each class", _by_class),
        ("False alarms", _alarms),
        ("Other epochs, other noise", _others),
        ("Shapes outside the bank", _outside),
        ("Epochs of breaks", _breaks),
        ("Calibration", _calibration),
        ("Accelerating, and seams", _last),
        ("Confusion", _confusion),
    ):
        text = part(run)
        if text:
            parts.append(f"## {title}\n\n{text}")
    return "\n\n".join(parts) + "\n"


def _goals(run):
    method = next((m for m in ("ours", "ours, with mixture") if m in run.methods), None)
    if method is None:
        return "Our models are not there yet: no goal is judged."
    rows = [
        (w, wanted, value, "met" if met else "MISSED")
        for w, wanted, value, met in evaluate.goals(run, method)
    ]
    return f"Of `{method}`.\n\n" + table(("goal", "wanted", "measured", ""), rows)


def _interval(values):
    return f"{values[0]:.3f} ({values[1]:.3f}–{values[2]:.3f})"


def _macro(run):
    rows = []
    for name in ("inside", "outside"):
        for vocabulary in metrics.VOCABULARIES if name in run.sets else ():
            for low, high in _RANGES:
                cells = [
                    _interval(metrics.score(*run.of(m, name), vocabulary, low, high)) for m in run.methods
                ]
                rows.append((f"{name}, {vocabulary}, {_range(low, high)}", *cells))
            cells = [
                _interval(metrics.score(*run.of(m, name), vocabulary, mix="realistic")) for m in run.methods
            ]
            rows.append((f"{name}, {vocabulary}, all, realistic mix", *cells))
    text = "Mean F1 over the classes, with its 95 % interval; equal mix unless said. z of the strict vocabulary is"
    text += " the distance to the nearest curve of another class, of the others the distance to a line."
    return text + "\n\n" + table(("set, vocabulary, effect", *run.methods), rows)


def _range(low, high):
    return f"z ≥ {low:g}" if np.isinf(high) else f"z {low:g}–{high:g}"


def _recalls(run):
    if "inside" not in run.sets:
        return ""
    header = ("class (merged), method", *(_range(a, b) for a, b in itertools.pairwise(EDGES)))
    rows = []
    for name in ("accelerating", "decelerating", "velocity_change", "step"):
        for method in run.methods:
            shares, counts = metrics.recall_by_z(*run.of(method, "inside"), name, EDGES)
            cells = [f"{s:.2f}" if n >= 20 else "" for s, n in zip(shares, counts, strict=True)]
            rows.append((f"{name}, {method}", *cells))
    return "Inside the bank; bins of fewer than 20 series are empty.\n\n" + table(header, rows)


def _by_class(run):
    if "inside" not in run.sets:
        return ""
    rows = []
    for mix in metrics.MIXES:
        found = {}
        for method in run.methods:
            columns, prediction = run.of(method, "inside")
            truth, label, _ = metrics.labels(columns, prediction, "strict")
            weights = metrics.weights_of(columns["truth"], mix)
            found[method] = metrics.scores(metrics.confusion(truth, label, weights))
        for k, name in enumerate(CLASSES[:7]):
            cells = [f"{recall[k]:.3f} / {precision[k]:.3f}" for recall, precision, _ in found.values()]
            rows.append((f"{name}, {mix} mix", *cells))
    return "Inside the bank, strict, all z: recall / precision.\n\n" + table(("class", *run.methods), rows)


def _alarms(run):
    rows = []
    for name in evaluate.NOISES:
        if name in run.sets:
            of = [metrics.false_alarms(*run.of(method, name)) for method in run.methods]
            kinds = [k for k in (*NULLS, "mean") if k in of[0]]
            label = "AR(1) + white" if name == "inside" else name
            rows += [(f"{label}, {k}", *(f"{100 * each[k]:.2f} %" for each in of)) for k in kinds]
    text = "Share of series without a movement that are called non-linear; `mean` is of the classes."
    return text + "\n\n" + table(("noise, truth", *run.methods), rows)


def _others(run):
    rows = []
    for name in dict.fromkeys([*evaluate.NOISES[1:], *evaluate.OTHER_SETS]):
        if name in run.sets:
            cells = [_interval(metrics.score(*run.of(m, name), "merged", 6)) for m in run.methods]
            rows.append((name, *cells))
    return "Macro-F1, merged, z ≥ 6.\n\n" + table(("set", *run.methods), rows)


def _outside(run):
    if "outside" not in run.sets:
        return ""
    rows = []
    for shape in dict.fromkeys(run.sets["outside"].columns["shape"]):
        cells = []
        for method in run.methods:
            columns, prediction = run.of(method, "outside")
            truth, found, _ = metrics.labels(columns, prediction, "merged")
            rows_of = (columns["shape"] == shape) & metrics.in_range(columns, 6, np.inf)
            cells.append(f"{np.mean(truth[rows_of] == found[rows_of]):.2f}")
        rows.append((shape, *cells))
    return "Share of series (z ≥ 6) given a class that makes sense of them.\n\n" + table(
        ("shape", *run.methods), rows
    )


def _breaks(run):
    rows = []
    for method in run.methods:
        for name in ("step", "velocity_change") if "inside" in run.sets else ():
            for low, high in ((3, 6), (6, 20), (20, np.inf)):
                median, largest, n = metrics.break_errors(*run.of(method, "inside"), name, low, high)
                if n >= 10:
                    rows.append(
                        (f"{method}, {name}, {_range(low, high)}", f"{median:.0f}", f"{largest:.0f}", n)
                    )
    text = "Days between the epoch found and the epoch made, where the class was found."
    return text + "\n\n" + table(("method, class, effect", "median", "90 %", "series"), rows)


def _calibration(run):
    rows = []
    groups = [["inside"], ["outside"], ["inside", "outside"], ["long_memory"], ["real_022", "real_117"]]
    for names in [g for g in groups if set(g) <= set(run.sets)]:
        for equal_count in (True, False):
            errors = [evaluate.calibration_errors(run, m, names, equal_count) for m in run.methods]
            for mix in metrics.MIXES:
                bins = "equal count" if equal_count else "fixed bins"
                rows.append((f"{' + '.join(names)}, {mix} mix, {bins}", *(f"{e[mix]:.3f}" for e in errors)))
    text = (
        "Expected calibration error of the probability of the class that was given, strict vocabulary, all z."
    )
    return text + "\n\n" + table(("set", *run.methods), rows)


def _last(run):
    rows = []
    if "recall" in run.sets:
        for kind, label in (("white", "white noise"), ("ar1", "AR(1) + white")):
            cells = [f"{evaluate.accelerating_recall(run, m, kind):.3f}" for m in run.methods]
            rows.append((f"recall of accelerating, Δ\\|v\\| 4–12 mm/yr, 2 mm, {label}", *cells))
    if "inside" in run.sets and "reference" in run.methods:
        jumpy, step = reference.is_jumpy(run.sets["inside"]), run.sets["inside"].columns["truth"] == "step"
        shares = f"{jumpy[step].mean():.3f}, {jumpy[~step].mean():.3f}"
        cells = [shares if method == "reference" else "" for method in run.methods]
        rows.append(("steps, and others, flagged as jumpy (the reference's word for steps)", *cells))
    if run.seams:
        cells = [f"{100 * run.seams[m]:.2f} %" for m in run.methods]
        rows.append(("series of two products that each names differently", *cells))
    return table(("", *run.methods), rows)


def _confusion(run):
    if "inside" not in run.sets:
        return ""
    parts = []
    for method in run.methods:
        columns, prediction = run.of(method, "inside")
        rows_of = metrics.in_range(columns, 6, np.inf)
        counts = metrics.confusion(
            columns["truth"][rows_of], prediction.label[rows_of], np.ones(rows_of.sum())
        )
        shares = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
        rows = [(CLASSES[k], *(f"{x:.1f}" for x in shares[k])) for k in range(7)]
        parts.append(f"`{method}`:\n\n" + table(("truth", *CLASSES), rows))
    return "Inside the bank, z to a line ≥ 6; per cent of each truth.\n\n" + "\n\n".join(parts)
