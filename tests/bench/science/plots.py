"""The curves as pictures: dashes and markers tell the methods apart without colour."""

import itertools

import matplotlib
import numpy as np

matplotlib.use("Agg")
from bench.science import generator, metrics
from matplotlib import pyplot as plt

# Okabe and Ito's colours, which stay apart for the colour-blind; their greys differ too.
STYLES = {
    "reference": {"color": "#999999", "linestyle": ":", "marker": "s"},
    "F-tests": {"color": "#E69F00", "linestyle": "--", "marker": "^"},
    "ours, with mixture": {"color": "#56B4E9", "linestyle": "-.", "marker": "D"},
    "ours": {"color": "#000000", "linestyle": "-", "marker": "o"},
}
_EDGES = np.array([1.5, 3, 4, 5, 6, 8, 10, 14, 20, 40, 80])


def all_pictures(run, folder):
    """Write every picture that the sets of a run allow; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    if "inside" in run.sets:
        made += [recall(run, folder / "recall.png"), macro(run, folder / "macro-f1.png")]
        made.append(reliability(run, folder / "reliability.png"))
    made.append(alarms(run, folder / "false-alarms.png"))
    return made


def _finish(figure, path):
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
    return path


def recall(run, path):
    """Recall of each non-linear class against z."""
    figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), sharex=True, sharey=True)
    for axis, name in zip(
        axes.flat, ("accelerating", "decelerating", "velocity_change", "step"), strict=True
    ):
        for method in run.methods:
            shares, counts = metrics.recall_by_z(*run.of(method, "inside"), name, _EDGES)
            centres = np.sqrt(_EDGES[:-1] * _EDGES[1:])
            axis.plot(
                centres[counts >= 15], shares[counts >= 15], label=method, markersize=4, **STYLES[method]
            )
        axis.set_title("reversal" if name == "velocity_change" else name)
        _z_axis(axis)
    axes[1, 0].set_xlabel("z of the effect, for one who knows shape and noise")
    axes[0, 0].set_ylabel("recall (merged)")
    axes[0, 0].legend(fontsize=8)
    return _finish(figure, path)


def _z_axis(axis):
    axis.set_xscale("log")
    axis.set_xticks([2, 4, 6, 10, 20, 50], ["2", "4", "6", "10", "20", "50"])
    axis.minorticks_off()
    axis.set_ylim(-0.03, 1.03)
    axis.grid(alpha=0.3)


def macro(run, path):
    """Macro-F1 against z in both vocabularies."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True)
    edges = generator.Z_EDGES
    for axis, vocabulary in zip(axes, ("merged", "strict"), strict=True):
        for method in run.methods:
            values = np.array(
                [
                    metrics.score(*run.of(method, "inside"), vocabulary, a, b)
                    for a, b in itertools.pairwise(edges)
                ]
            )
            centres = np.sqrt(edges[:-1] * edges[1:])
            axis.plot(centres, values[:, 0], label=method, markersize=4, **STYLES[method])
            axis.fill_between(centres, values[:, 1], values[:, 2], color=STYLES[method]["color"], alpha=0.2)
        _z_axis(axis)
        axis.set_title(f"{vocabulary} classes")
    axes[0].set_xlabel("z to a line")
    axes[1].set_xlabel("z to the nearest curve of another class")
    axes[0].set_ylabel("macro-F1")
    axes[1].legend(fontsize=8, loc="lower right")
    return _finish(figure, path)


def reliability(run, path):
    """Share right against stated probability, in both mixes."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True)
    for axis, mix in zip(axes, metrics.MIXES, strict=True):
        axis.plot([0, 1], [0, 1], color="#999999", linewidth=1)
        for method in run.methods:
            columns, prediction = run.of(method, "inside")
            stated, right = metrics.certainty(columns, prediction)
            weights = metrics.weights_of(columns["truth"], mix)
            claimed, share, _ = metrics.reliability(stated, right, weights)
            axis.plot(claimed, share, label=method, markersize=4, **STYLES[method])
        axis.set_title(f"{mix} mix")
        axis.set_xlabel("stated probability")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("share right")
    axes[0].legend(fontsize=8)
    return _finish(figure, path)


def alarms(run, path):
    """False alarms by kind of noise."""
    from bench.science.evaluate import NOISES

    names = [name for name in NOISES if name in run.sets]
    figure, axis = plt.subplots(figsize=(9, 3.8))
    height = 0.8 / max(len(run.methods), 1)
    for k, method in enumerate(run.methods):
        shares = [max(100 * metrics.false_alarms(*run.of(method, name))["mean"], 0.011) for name in names]
        hatch = ("..", "//", "", "")[list(STYLES).index(method)]
        place = np.arange(len(names)) + k * height
        axis.barh(
            place, shares, height, label=method, color=STYLES[method]["color"], hatch=hatch, edgecolor="white"
        )
    axis.axvline(1, color="black", linewidth=1)
    axis.set_yticks(
        np.arange(len(names)) + 0.4 - height / 2, ["AR(1) + white" if n == "inside" else n for n in names]
    )
    axis.invert_yaxis()
    axis.set_xscale("log")
    axis.set_xlim(0.01, 100)
    axis.set_xticks([0.01, 0.1, 1, 10, 100], ["0", "0.1", "1", "10", "100"])
    axis.set_xlabel("series without a movement called non-linear, per cent (line: 1 %)")
    axis.legend(fontsize=8)
    return _finish(figure, path)
