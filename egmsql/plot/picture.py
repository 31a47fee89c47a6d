"""The page of one measurement point: its series, the shape that explains it, and how sure its class is."""

import io
from pathlib import Path

import numpy as np

from egmsql.errors import SettingError
from egmsql.plot.model import fit_curve
from egmsql.plot.point import read_point

_FORMATS = ("png", "svg", "pdf")
# Colours that the colour-blind tell apart (Okabe and Ito).
_INK, _CURVE, _BREAK, _BAND = "#333333", "#d55e00", "#0072b2", "#56b4e9"


def plot(lake, pid, out, product=None):
    """Write a picture of one measurement point; the ending of `out` says which kind: png, svg or pdf.

    Parameters
    ----------
    lake : str or Path
    pid : str
    out : str or Path
    product : str, optional
        Which product, if several hold the pid; the last by default.

    Raises
    ------
    SettingError
        If the ending is of no known kind.
    LakeError
        If the lake has no such point, or its classes are not built.
    """
    out = Path(out)
    kind = out.suffix.lower().removeprefix(".")
    if kind not in _FORMATS:
        raise SettingError(out, "is no picture", f"end it in .{', .'.join(_FORMATS)}")
    point = read_point(lake, pid, product)
    drawn = io.BytesIO()
    _draw(point).savefig(drawn, format=kind, dpi=110, bbox_inches="tight")
    unfinished = out.with_name(f".{out.name}.part")
    unfinished.write_bytes(drawn.getvalue())
    unfinished.replace(out)
    return out


def _draw(point):
    from matplotlib.figure import Figure  # takes half a second, which no other command should wait for

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    series, bars = figure.subplots(1, 2, width_ratios=[3.2, 1])
    _draw_series(series, point)
    _draw_probabilities(bars, point)
    return figure


def _draw_series(axes, point):
    facts = point.facts
    curve = fit_curve(point) if facts["family"] else None
    if curve:
        low, high = curve.whole - 1.96 * curve.sigma, curve.whole + 1.96 * curve.sigma
        axes.fill_between(point.epochs, low, high, color=_BAND, alpha=0.25, lw=0, label="95 % of the noise")
    axes.plot(point.epochs, point.displacements, ".", color=_INK, ms=4, label="published")
    if curve:
        axes.plot(point.epochs, curve.whole, color=_CURVE, lw=1.2, label=f"{facts['family']} and wave")
        axes.plot(point.epochs, curve.trend, color=_CURVE, lw=1.2, ls="--", label="without the wave")
    for date, earliest, latest in _breaks(facts):
        axes.axvline(date, color=_BREAK, lw=1.2, label=f"break {date}")
        if earliest and latest:
            axes.axvspan(earliest, latest, color=_BREAK, alpha=0.15, lw=0, label="its 95 % interval")
    direction = {"E": "east", "U": "up"}.get(facts["component"], "towards the satellite")
    axes.set_ylabel(f"displacement (mm), + {direction}")
    axes.set_title(f"{point.pid} in {point.product}\n{_described(facts)}", fontsize=10, loc="left")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="best")


def _breaks(facts):
    """Yield (date, earliest, latest) of the breaks of the winning shape."""
    family = facts["family"]
    if family in ("hinge", "step"):
        yield facts[f"{family}_date"], facts[f"{family}_from_date"], facts[f"{family}_to_date"]
    elif family == "step_hinge":
        yield facts["step_hinge_date"], None, None
    elif family == "several":
        for date in (facts["first_break_date"], facts["second_break_date"]):
            if date:
                yield date, None, None


def _described(facts):
    words = [facts["class"].replace("_", " ")]
    if facts["probability"] is not None:
        words[0] += f" ({facts['probability']:.0%})"
    words.append(_rate("velocity", facts["velocity_mm_yr"], facts["velocity_sigma_mm_yr"], "mm/yr"))
    words.append(_rate("wave", facts["wave_mm"], facts["wave_sigma_mm"], "mm"))
    if facts["temporal_coherence"] is not None:
        words.append(f"coherence {facts['temporal_coherence']:.2f}")
    return ", ".join(word for word in words if word)


def _rate(name, value, sigma, unit):
    if value is None:
        return ""
    return f"{name} {value:.1f} ± {sigma:.1f} {unit}" if sigma is not None else f"{name} {value:.1f} {unit}"


def _draw_probabilities(axes, point):
    shares = point.probabilities
    if not shares:
        axes.axis("off")
        axes.text(0, 0.5, "unclassified:\ntoo little coherence\nor too few epochs", va="center")
        return
    places = np.arange(len(shares))
    colours = [_CURVE if name == point.facts["class"] else "#bbbbbb" for name in shares]
    axes.barh(places, list(shares.values()), color=colours)
    axes.set_yticks(places, [name.replace("_", " ") for name in shares], fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability")
    for place, share in zip(places, shares.values(), strict=True):
        axes.text(min(share + 0.02, 0.85), place, f"{share:.2f}", va="center", fontsize=8)
