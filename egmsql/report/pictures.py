"""The pictures of the page, as SVG that takes the page's own colours and needs nothing else.

They are drawn from answers that are counted already: cells of a map, bars of a histogram. Nothing here is
random, and the same answers give the same bytes.
"""

import io
import re

import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from egmsql.report import wording as say

_INK, _FAINT, _ACCENT = "#010203", "#040506", "#070809"  # stand for colours of the page; see `_svg`
_PAGE = {_INK: "currentColor", _FAINT: "var(--faint)", _ACCENT: "var(--accent)"}
_GROUND = "#c4c4c4"  # of maps: neither end nor middle of the ramp
_RAMP = "RdBu"  # diverging, told apart also by colour-blind readers
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "egmsql",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.axisbelow": True,
    "axes.facecolor": "none",
}

QUANTITIES = {  # question's name -> title, unit, decimals of the median
    "velocity_mm_yr": ("Velocity", "mm/yr", 1),
    "rmse_mm": ("rmse of the series", "mm", 1),
    "temporal_coherence": ("Temporal coherence", "", 2),
    "residual_correlation_1": ("Correlation of the noise", "", 2),
}


def velocity_limit(cells):
    """Return the velocity, mm/yr, at which the colours of all maps end: 98 of 100 cells lie within it."""
    if not cells:
        return 5.0
    wanted = float(np.quantile(np.abs([cell["mean_velocity"] for cell in cells]), 0.98))
    return next((limit for limit in (2.0, 3.0, 5.0, 10.0, 20.0, 50.0) if wanted <= limit), 100.0)


def velocity_map(cells, name, label, limit, signs):
    """Return a map of cells of one level, direction and release: (easting, northing) in km of EPSG:3035."""
    size = cells[0]["cell"]
    columns = np.array([cell["column_number"] for cell in cells])
    rows = np.array([cell["row_number"] for cell in cells])
    west, south = columns.min(), rows.min()
    grid = np.full((rows.max() - south + 1, columns.max() - west + 1), np.nan)
    grid[rows - south, columns - west] = [cell["mean_velocity"] for cell in cells]
    left, bottom = west * size / 1e3, south * size / 1e3
    extent = (left, left + grid.shape[1] * size / 1e3, bottom, bottom + grid.shape[0] * size / 1e3)
    wide, high = extent[1] - extent[0], extent[3] - extent[2]
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(4.6, min(7.0, max(2.6, 0.9 + 3.9 * high / wide))), layout="constrained")
        axes = figure.add_subplot(facecolor=_GROUND)
        shown = axes.imshow(
            grid,
            cmap=_RAMP,
            norm=Normalize(-limit, limit),
            origin="lower",
            extent=extent,
            interpolation="none",
        )
        axes.set_aspect("equal")
        axes.margins(0)
        _pad(axes, extent)
        axes.set_xlabel("easting, km (EPSG:3035)")
        axes.set_ylabel("northing, km")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(matplotlib.ticker.MaxNLocator(4))
            axis.set_major_formatter(matplotlib.ticker.FuncFormatter(_kilometres))
        _mark_extremes(axes, cells, size)
        _scale_bar(axes, extent)
        _north(axes)
        bar = figure.colorbar(shown, ax=axes, extend="both", location="bottom", aspect=30, pad=0.02)
        bar.set_label(f"mm/yr:  − {signs[0]},  + {signs[1]}")
        bar.outline.set_edgecolor(_FAINT)
        bar.ax.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(_plain))
        return _svg(figure, name, label)


def _pad(axes, extent):
    """Leave room around the cells: below for the scale, above for north."""
    wide, high = extent[1] - extent[0], extent[3] - extent[2]
    margin = 0.06 * max(wide, high)
    axes.set_xlim(extent[0] - margin, extent[1] + margin)
    axes.set_ylim(extent[2] - 2 * margin, extent[3] + 2 * margin)


def _mark_extremes(axes, cells, size):
    """Mark the fastest cell of each sign with its velocity: to be read without colour too."""
    for cell, mark in ((min(cells, key=_speed), "v"), (max(cells, key=_speed), "^")):
        easting = (cell["column_number"] + 0.5) * size / 1e3
        northing = (cell["row_number"] + 0.5) * size / 1e3
        axes.plot(easting, northing, mark, markersize=8, markerfacecolor="none", markeredgecolor="black")
        text = axes.annotate(
            say.number(cell["mean_velocity"], 1),
            (easting, northing),
            (0, 7 if mark == "^" else -7),
            textcoords="offset points",
            ha="center",
            va="bottom" if mark == "^" else "top",
            color="black",
        )
        text.set_bbox({"boxstyle": "round,pad=0.15", "facecolor": "#ffffffd9", "edgecolor": "none"})


def _speed(cell):
    return (cell["mean_velocity"], -cell["row_number"], -cell["column_number"])


def _scale_bar(axes, extent):
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    wanted = (extent[1] - extent[0]) / 3
    ten = 10.0 ** np.floor(np.log10(wanted))
    length = max(step * ten for step in (1, 2, 5) if step * ten <= wanted)
    x, y = left + 0.04 * (right - left), bottom + 0.035 * (top - bottom)
    axes.add_patch(Rectangle((x, y), length, 0.012 * (top - bottom), color="black"))
    label = f"{length:g} km" if length >= 1 else f"{1000 * length:g} m"
    middle = (x + length / 2, y + 0.016 * (top - bottom))
    axes.annotate(label, middle, ha="center", va="bottom", color="black")


def _north(axes):
    arrow = {"arrowstyle": "-|>", "color": "black", "linewidth": 1.4}
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center", "va": "center"}
    axes.annotate("N", (0.95, 0.98), (0, -25), color="black", arrowprops=arrow, **place)


def histogram(bins, name, label, quantity, middle):
    """Return a histogram of counted bins; the outermost bars hold what lies beyond them."""
    title, unit, decimals = QUANTITIES[quantity]
    width = bins[0]["width"]
    lowest, highest = _span(bins)
    counts = np.zeros(highest - lowest + 1)
    for each in bins:
        counts[np.clip(each["bin"], lowest, highest) - lowest] += each["n_points"]
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(3.3, 1.75), layout="constrained")
        axes = figure.add_subplot()
        starts = width * np.arange(lowest, highest + 1)
        axes.bar(starts, counts, width=width, align="edge", color=_ACCENT, linewidth=0)
        if middle is not None:
            axes.axvline(middle, color=_INK, linewidth=1.2, linestyle=(0, (4, 2)))
        axes.set_title(title, fontsize=9, loc="left", fontweight="bold")
        axes.set_xlabel(f"{unit + ', ' if unit else ''}median {say.number(middle, decimals)}")
        axes.set_ylabel("points")
        axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(3, integer=True))
        axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(_count))
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(6))
        axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(_plain))
        return _svg(figure, name, label)


def _span(bins):
    """Return the first and last bin between which all but one point in five hundred at each end lie."""
    numbers = np.array([each["bin"] for each in bins])
    order = np.argsort(numbers)
    reached = np.cumsum(np.array([each["n_points"] for each in bins])[order])
    ends = np.searchsorted(reached, [0.002 * reached[-1], 0.998 * reached[-1]])
    low, high = numbers[order][np.minimum(ends, len(numbers) - 1)]
    return int(low), int(high)


def scatter(pairs, name, label):
    """Return refitted over published velocity as hexagons that count points."""
    published = np.array([row["published"] for row in pairs])
    refitted = published + np.array([row["difference"] for row in pairs])
    counts = np.array([row["n_points"] for row in pairs], dtype=float)
    ends = float(min(published.min(), refitted.min())), float(max(published.max(), refitted.max()))
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(3.5, 3.1), layout="constrained")
        axes = figure.add_subplot()
        hexagons = axes.hexbin(
            published,
            refitted,
            C=counts,
            reduce_C_function=np.sum,
            gridsize=36,
            norm=LogNorm(1),
            cmap="cividis",
            linewidths=0.1,
        )
        hexagons.set_clim(1, max(10, hexagons.get_array().max()))
        axes.axline((ends[0], ends[0]), slope=1, color=_INK, linewidth=0.8, linestyle=(0, (4, 2)))
        axes.set_aspect("equal")
        axes.set_xlabel("published, mm/yr")
        axes.set_ylabel("refitted, mm/yr")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(matplotlib.ticker.MaxNLocator(5))
            axis.set_major_formatter(matplotlib.ticker.FuncFormatter(_plain))
        bar = figure.colorbar(hexagons, ax=axes, shrink=0.8)
        bar.ax.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(_count))
        bar.set_label("points in a hexagon")
        bar.outline.set_edgecolor(_FAINT)
        return _svg(figure, name, label)


def differences(pairs, name, label):
    """Return a histogram of refitted less published velocity, with what rounding alone allows marked."""
    values = np.array([row["difference"] for row in pairs])
    reach = max(0.12, float(np.quantile(np.abs(values), 0.99)))
    steps, place = np.unique(np.round(np.clip(values, -reach, reach), 2), return_inverse=True)
    counts = np.bincount(place, [row["n_points"] for row in pairs])
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(3.5, 3.1), layout="constrained")
        axes = figure.add_subplot()
        axes.axvspan(-0.05, 0.05, color=_FAINT, alpha=0.25, linewidth=0)
        axes.bar(steps, counts, width=0.009, color=_ACCENT, linewidth=0)
        axes.set_xlabel("refitted − published, mm/yr")
        axes.set_ylabel("points")
        axes.annotate(
            "rounding", (0, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=8
        )
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5))
        axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(_plain))
        axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(4, integer=True))
        axes.yaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(_count))
        return _svg(figure, name, label)


def _plain(value, _):
    return f"{value:g}".replace("-", "−")


def _count(value, _):
    return f"{value / 1e6:g} M" if value >= 1e6 else say.number(value)


def _kilometres(value, _):
    return f"{value:,.4g}" if value < 1 else f"{value:.6g}"


def _svg(figure, name, label):
    """Return a figure as an element for the page: its ids are its own, its colours the page's."""
    FigureCanvasSVG(figure)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=False, facecolor="none", metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    for stand_in, colour in _PAGE.items():
        text = text.replace(stand_in, colour)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    width = round(figure.get_figwidth() * 96)
    opening = f'<svg role="img" aria-label="{escape(label)}" style="max-width: {width}px"'
    return Markup(text.replace("<svg", opening, 1))  # drawn here; its only foreign text is escaped
