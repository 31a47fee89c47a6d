"""The table and the plot of lakes of several sizes: docs/performance/scale.md and scale.png."""

import math

from page import PAGE, plt, save
from results import commit, machine

_FAR = (300e6, 5e9)  # points: a country or two, and Europe with its releases
_TELLING = 1.0  # s: what takes less says nothing about growth


def print_table(found):
    """Print what each step of each size took. `found`: (points, bytes by schema, steps) of each size."""
    for n, held, taken in found:
        print(f"\n{n:,} points: {sum(held.values()) / n:.0f} bytes/point")
        print(f"{'step':16}{'s':>9}{'processor s':>13}{'points/s':>12}{'peak MiB':>10}{'bytes/point':>13}")
        for row in taken:
            size = f"{held[row['step']] / n:13.1f}" if row["step"] in held else ""
            print(
                f"{row['step']:16}{_seconds(row):>9}{row['processor']:13.1f}{n / row['seconds']:12,.0f}"
                f"{row['peak'] / 2**20:10.0f}{size}"
            )
        total = _pipeline(taken)
        print(f"{'ingest to web':16}{total:9.1f}{'':13}{n / total:12,.0f}")


def _seconds(row):
    return f"{'≥ ' if row['resumed'] else ''}{row['seconds']:.1f}"


def _pipeline(taken):
    """Return the seconds from files to the web: without simulating and checking."""
    return sum(row["seconds"] for row in taken if row["step"] not in ("simulate", "check"))


def write_scale(found, threads):
    """Write the page: seconds, memory, bytes, growth and what follows for larger lakes."""
    PAGE.mkdir(parents=True, exist_ok=True)
    found = sorted(found, key=lambda one: one[0])
    (PAGE / "scale.md").write_text("\n".join(_page(found, threads)), encoding="utf-8")
    _plot(found, PAGE / "scale.png")


def _page(found, threads):
    largest, held, _ = found[-1]
    sizes = [f"{n / 1e6:.2g} M" for n, *_ in found]
    yield "# From files to the web, by size"
    yield ""
    yield f"Written by `make bench-scale`; {threads} threads; commit {commit()}; {machine()}. L2b of two tracks and two"
    yield "releases, simulated. Each step is a process of its own; building a group of models includes planning and publishing."
    yield f"Growth is the exponent of the seconds between the two largest sizes, where a step takes {_TELLING:g} s at least. What lies"
    yield "ahead is the straight line through the two largest sizes, or that power of the points where it is above 1."
    yield ""
    yield f"| step | {' | '.join(f'{s}: s | processor s | peak MiB' for s in sizes)} | bytes/point | growth | 300 M | 5,000 M |"
    yield f"|---|{'--:|' * (3 * len(found) + 4)}"
    totals = [0.0, 0.0]
    for i, row in enumerate(found[-1][2]):
        cells = [_cells(taken[i]) for _, _, taken in found]
        size = f"{held[row['step']] / largest:.1f}" if row["step"] in held else ""
        growth = _growth(found, i)
        ahead = [_ahead(found, i, growth, n) for n in _FAR]
        if row["step"] not in ("simulate", "check"):
            totals = [a + b for a, b in zip(totals, ahead, strict=True)]
        told = "" if growth is None else f"{growth:.2f}"
        yield f"| {row['step']} | {' | '.join(cells)} | {size} | {told} | {' | '.join(map(_time, ahead))} |"
    whole = [f"{_pipeline(taken):.0f} | | " for _, _, taken in found]
    size = f"{sum(held.values()) / largest:.0f}"
    yield f"| **ingest to web** | {' | '.join(whole)} | {size} | | {' | '.join(map(_time, totals))} |"
    yield ""
    for n, _, taken in found:
        slow = max(
            (row for row in taken if row["step"] not in ("simulate", "check")), key=lambda row: row["seconds"]
        )
        rate, share = n / _pipeline(taken), slow["seconds"] / _pipeline(taken)
        yield f"- {n:,} points: {rate:,.0f} points/s from files to the web; the most takes `{slow['step']}`, {share:.0%}."
    yield ""
    yield "![seconds of each step by size](scale.png)"
    yield ""


def _cells(row):
    return f"{_seconds(row)} | {row['processor']:.1f} | {row['peak'] / 2**20:.0f}"


def _growth(found, i):
    """Return the exponent of the seconds of step i between the two largest sizes, None where they say nothing."""
    (n, _, some), (m, _, more) = found[-2:]
    if min(some[i]["seconds"], more[i]["seconds"]) < _TELLING:
        return None
    return math.log(more[i]["seconds"] / some[i]["seconds"]) / math.log(m / n)


def _ahead(found, i, growth, n_points):
    """Return the seconds of step i for so many points: at least in proportion to what the points added so far took."""
    (n, _, some), (m, _, more) = found[-2:]
    if growth is not None and growth > 1:
        return more[i]["seconds"] * (n_points / m) ** growth
    added = max(0.0, more[i]["seconds"] - some[i]["seconds"]) / (m - n)
    return more[i]["seconds"] + added * (n_points - m)


def _time(seconds):
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def _plot(found, path):
    """Seconds of each step against the number of points, on logarithmic axes."""
    figure, axis = plt.subplots(figsize=(9, 6))
    sizes = [n for n, *_ in found]
    markers = "os^Dv<>phX*P"
    for i, row in enumerate(found[-1][2]):
        seconds = [taken[i]["seconds"] for _, _, taken in found]
        axis.plot(sizes, seconds, marker=markers[i % len(markers)], markersize=5, label=row["step"])
    axis.plot(sizes, [n / sizes[0] * 0.5 for n in sizes], color="black", linestyle=":", label="linear growth")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("points")
    axis.set_ylabel("s")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8, ncols=2)
    save(figure, path)
