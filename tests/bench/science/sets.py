"""The datasets of one run: which shapes in which noise at which epochs."""

import numpy as np
from bench.science import generator, noise, real
from bench.science.generator import Dataset, Drawn, draw, join

LAYOUTS = ("regular", "gaps", "few", "short")
_N_PATTERNS = 5  # of missing epochs


def make_sets(family, data, scale=1.0, names=None):
    """Yield the datasets of a family of seeds: tuning, test or calibration.

    Parameters
    ----------
    family : str
    data : Path
        Where the real files are; without them the sets `real_…` are not made.
    scale : float
        Of the number of series, for short runs. Not scaled by one, the series are others, too.
    names : list of str, optional
        Which sets; all by default.
    """
    for index, (name, make) in enumerate(_makers(data).items()):
        if names is None or name in names:
            made = make(np.random.default_rng([generator.SEEDS[family], index]), scale)
            if made is not None:
                made.name = name
                yield made


def set_names():
    """Return the names of all sets, in the order of their seeds."""
    return list(_makers(None))


def _makers(data):
    makers = {"inside": lambda r, s: _plain(generator.INSIDE, "six_twelve", "ar1", r, s)}
    makers["outside"] = lambda r, s: _plain(generator.OUTSIDE, "six_twelve", "ar1", r, s)
    for kind in generator.BEYOND:
        makers[kind] = lambda r, s, kind=kind: _plain(generator.SMALL, "six_twelve", kind, r, s)
    for layout in LAYOUTS:
        counts = generator.SHORT if layout == "short" else generator.SMALL
        makers[layout] = lambda r, s, layout=layout, counts=counts: _plain(counts, layout, "ar1", r, s)
    makers["missing"] = _missing
    makers["recall"] = _recall
    for track in real.TRACKS:
        makers[f"real_{track}"] = lambda r, s, track=track: real.injected(data, track, generator.SMALL, r, s)
    makers["seam"] = _seam
    return makers


def _plain(counts, layout, kind, rng, scale):
    source = Drawn(noise.epochs_of(layout), kind, rng)
    return join("", [draw(source, name, max(round(n * scale), 2), rng) for name, n in counts.items()])


def _missing(rng, scale):
    """A tenth of the epochs at random, or a hole of half a year and a tenth: five patterns, as products have few."""
    epochs = noise.epochs_of("six_twelve")
    parts = []
    for pattern in range(_N_PATTERNS):
        present = rng.random(len(epochs)) > 0.1
        present[[0, -1]] = True
        if pattern % 2:
            start = rng.integers(30, 150)
            present[start : start + 25] = False
        part = _with_source(Drawn(epochs, "ar1", rng, present), generator.SMALL, rng, scale / _N_PATTERNS)
        series = np.full((len(part), len(epochs)), np.nan)
        series[:, present] = part.series
        parts.append(Dataset("", epochs, series, part.columns))
    return join("", parts)


def _with_source(source, counts, rng, scale):
    return join("", [draw(source, name, max(round(n * scale), 2), rng) for name, n in counts.items()])


def _recall(rng, scale):
    """Accelerating by 4 to 12 mm/yr, in white and in correlated noise of 2 mm: what must not be missed."""
    parts = []
    for kind in ("white", "ar1"):
        source = Drawn(noise.epochs_of("six_twelve"), kind, rng, sigmas=(2.0, 2.0))
        for name in ("quadratic_faster", "growth", "hinge_faster"):
            many = draw(source, name, round(1500 * scale) + 8, rng, z_edges=np.geomspace(1.5, 60, 13))
            change = many.columns["change_mm_yr"]
            parts.append(many.take(np.flatnonzero((change >= 4) & (change <= 12))))
    return join("", parts)


def _seam(rng, scale):
    """Series that two products share, each in a company of its own: quiet here, moving and noisy there."""
    source = Drawn(noise.epochs_of("six_twelve"), "ar1", rng)
    shared = _with_source(source, generator.SMALL, rng, scale / 2)
    quiet = draw(source, "stable", round(600 * scale) + 2, rng)
    busy = join("", [draw(source, name, round(300 * scale) + 2, rng) for name in ("noisy", "linear")])
    for part, where in ((shared, "shared"), (quiet, "first"), (busy, "second")):
        part.columns["noise"] = np.full(len(part), where, dtype=object)
    return join("", [shared, quiet, busy])
