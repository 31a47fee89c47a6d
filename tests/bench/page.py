"""The page of one whole run: a table of its figures, and plots of them beside their goals."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from results import commit, machine

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance"
_MET, _MISSED, _BAR = "#0072B2", "#D55E00", "#56B4E9"  # Okabe and Ito: apart for the colour-blind


def write_page(results, told, folder=PAGE):
    """Write figures.md, goals.png and models.png into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.md").write_text(_table(results.figures, told), encoding="utf-8")
    _goals(results.figures, folder / "goals.png")
    _models(results.figures, folder / "models.png")


def _table(figures, told):
    """Return the figures as a page of tables, one for each part."""
    lines = [
        "# Figures of one run",
        "",
        f"Written by `make bench`: {told}; commit {commit()}; {machine()}.",
        "",
    ]
    lines += ["Of a shared machine: look at the ratios, which were measured in the same run.", ""]
    for part in dict.fromkeys(figure.part for figure in figures):
        lines += [
            f"## {part}",
            "",
            "| what | of | figure | beside | ratio | goal | |",
            "|---|---|--:|---|--:|--:|---|",
        ]
        lines += [_row(figure) for figure in figures if figure.part == part]
        lines.append("")
    return "\n".join(lines)


def _row(figure):
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    goal = "" if figure.goal is None else f"{'≤' if figure.at_most else '≥'} {figure.goal:,g}"
    value = f"{figure.value:,.0f}" if abs(figure.value) >= 100 else f"{figure.value:.3g}"
    cells = (figure.what, figure.size, f"{value} {figure.unit}", figure.beside, ratio, goal, figure.verdict)
    return f"| {' | '.join(cells)} |"


def _goals(figures, path):
    """How many times better than its goal each judged figure is."""
    judged = [figure for figure in figures if figure.goal is not None]
    margins = [_margin(figure) for figure in judged]
    figure, axis = plt.subplots(figsize=(9, 0.8 + 0.32 * len(judged)))
    places = range(len(judged), 0, -1)
    colours = [_MET if f.verdict == "met" else _MISSED for f in judged]
    axis.hlines(places, 1, margins, colors=colours, linewidth=2)
    for place, margin, one, colour in zip(places, margins, judged, colours, strict=True):
        axis.plot(margin, place, marker="o" if one.verdict == "met" else "X", color=colour, markersize=8)
    axis.axvline(1, color="black", linewidth=1)
    axis.set_yticks(list(places), [f"{f.what} · {f.size}" for f in judged], fontsize=7)
    axis.set_xscale("log")
    ticks = [0.25, 0.5, 1, 2, 4, 8]
    axis.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axis.minorticks_off()
    axis.set_xlabel("times as good as the goal (1 = just met; dots met, crosses missed)")
    axis.grid(axis="x", alpha=0.3)
    save(figure, path)


def _margin(figure):
    judged = figure.value if figure.ratio is None else figure.ratio
    return figure.goal / judged if figure.at_most else judged / figure.goal


def _models(figures, path):
    """Points a second of each model, from Parquet to Parquet."""
    rows = [f for f in figures if f.part == "models"]
    figure, axis = plt.subplots(figsize=(9, 0.8 + 0.25 * len(rows)))
    places = list(range(len(rows), 0, -1))
    axis.barh(places, [f.value for f in rows], color=_BAR)
    axis.set_yticks(places, [f.what for f in rows], fontsize=7)
    axis.set_xscale("log")
    axis.set_xlabel(f"points/s, Parquet to Parquet, audited ({rows[0].size if rows else 'not measured'})")
    axis.grid(axis="x", alpha=0.3)
    save(figure, path)


def save(figure, path):
    """Write a figure as PNG, without the name of the program in it, and close it."""
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
