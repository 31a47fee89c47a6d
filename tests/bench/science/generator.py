"""The sets of the benchmark: series of known truth, drawn from frozen seeds.

Nothing here may change without a new set of results: `tests/test_science_benchmark.py` holds a digest. The
tuning, test and calibration sets differ in the seed alone. Thresholds are tuned on `tuning`, probabilities
calibrated on `calibration`; `test` is for reporting.
"""

from dataclasses import dataclass

import numpy as np
from bench.science import noise, shapes, truths
from bench.science.oracle import OTHERS, Oracle

SEEDS = {"tuning": 11_000, "test": 22_000, "calibration": 33_000}
Z_EDGES = np.array([1.5, 3, 4, 6, 10, 20, 80])
N_COVARIANCES = 12  # drawn for each kind of noise in a set
# mm, mean of the annual waves' amplitude: its median 1.2 is that of the real files (1.1), its largest are larger.
WAVE = 1.8
_TRIES = 12  # candidates drawn for each series wanted, of which those with a clear truth are kept

# Series per set.
INSIDE = {
    **{"stable": 2400, "linear": 2400, "noisy": 600},
    **{"quadratic_faster": 500, "growth": 500, "quadratic_slower": 500, "decay": 500},
    **{"hinge_faster": 350, "hinge_slower": 350, "hinge_reversal": 300, "step": 1000},
}
OUTSIDE = {"stable": 400, "linear": 400, "noisy": 200, **dict.fromkeys(truths.OUTSIDE, 240)}
SMALL = {
    **{"stable": 300, "linear": 300, "noisy": 100, "quadratic_faster": 60, "growth": 60},
    **{"quadratic_slower": 60, "decay": 60, "hinge_faster": 40, "hinge_slower": 40, "hinge_reversal": 40},
    "step": 120,
}
SHORT = {
    "stable": 300,
    "linear": 300,
    "noisy": 100,
    "quadratic_faster": 80,
    "quadratic_slower": 80,
    "step": 120,
}
BEYOND = ("white", "mixture", "long_memory", "changing_variance", "outliers", "atmosphere")


@dataclass
class Dataset:
    """Series of one list of epochs, and the truth of each.

    `series` is mm, rounded to 0.1, NaN where missing. `columns` has arrays, one value a series: truth, shape,
    sense, z, z_strict, sigma_mm, change_mm_yr (of |v|), size_mm, break_epoch, noise.
    """

    name: str
    epochs: np.ndarray
    series: np.ndarray
    columns: dict

    def __len__(self):
        return len(self.series)

    def take(self, rows):
        """Return some of the series."""
        return Dataset(
            self.name, self.epochs, self.series[rows], {k: v[rows] for k, v in self.columns.items()}
        )


def join(name, parts):
    """Return one dataset of several with the same epochs."""
    columns = {key: np.concatenate([p.columns[key] for p in parts]) for key in parts[0].columns}
    return Dataset(name, parts[0].epochs, np.concatenate([p.series for p in parts]), columns)


class Drawn:
    """Where noise comes from: covariances of one kind, drawn once; `sigmas` (mm) is how strong it may be."""

    def __init__(self, epochs, kind, rng, present=None, sigmas=truths.NOISE):
        self.kind, self._sigmas = kind, sigmas
        covariances = [noise.draw_covariance(kind, len(epochs), rng) for _ in range(N_COVARIANCES)]
        if present is not None:
            covariances = [covariance[np.ix_(present, present)] for covariance in covariances]
            epochs = epochs[present]
        self.epochs, self._covariances = epochs, covariances
        self.oracles = [Oracle(noise.years_of(epochs), covariance) for covariance in covariances]

    def propose(self, n, rng):
        """Return for n candidates which oracle knows them, and between which σ (mm) they may lie."""
        low, high = self._sigmas
        return rng.integers(len(self.oracles), size=n), np.full(n, low), np.full(n, high)

    def noise_of(self, kept, groups, rng):
        """Return noise of unit variance for the candidates that were kept."""
        series = np.empty((len(groups), len(self.epochs)))
        for group in np.unique(groups):
            rows = groups == group
            series[rows] = noise.draw_noise(self.kind, self._covariances[group], rows.sum(), rng)
        return series


def draw(source, name, n, rng, z_edges=Z_EDGES):
    """Return a dataset of n series (or as many as have a clear truth) of one shape, in noise of a source."""
    shape = truths.SHAPES[name]
    chosen = (_null if shape.regressor is None else _effect)(source, shape, n, rng, z_edges)
    years, count = noise.years_of(source.epochs), len(chosen["sigma"])
    wave, phase = np.minimum(rng.exponential(WAVE, count), 12), rng.uniform(0, 2 * np.pi, count)
    movement = chosen["movement"] + rng.uniform(-5, 5, (count, 1))
    movement += wave[:, None] * np.cos(2 * np.pi * years - phase[:, None])
    scaled = chosen["sigma"][:, None] * source.noise_of(chosen["kept"], chosen["groups"], rng)
    columns = {
        "truth": np.full(count, shape.truth, dtype=object),
        "shape": np.full(count, name, dtype=object),
        "sense": np.full(count, shape.sense, dtype=object),
        "noise": np.full(count, source.kind, dtype=object),
        "sigma_mm": chosen["sigma"],
        **{key: chosen[key] for key in ("z", "z_strict", "change_mm_yr", "size_mm")},
        "break_epoch": chosen["break_epoch"],
    }
    return Dataset(name, source.epochs, np.round(movement + scaled, 1), columns)


def _null(source, shape, n, rng, _):
    """Points that stand still, creep, or are noisy: what decides is the distance to 2.5 mm/yr."""
    groups, low, high = source.propose(n, rng)
    kept = np.arange(n)
    sigma = low + (high - low) * rng.random(n)
    if shape.truth == "noisy":
        sigma = rng.uniform(*truths.NOISY, n)
    error = sigma * np.array([oracle.velocity_sigma() for oracle in source.oracles])[groups]
    velocity = truths.draw_velocity(shape.truth, error, rng)
    z = np.abs(np.abs(velocity) - truths.VELOCITY_LIMIT) / error
    nothing = np.zeros(n)
    return {
        **{"groups": groups, "kept": kept, "sigma": sigma, "z": z, "z_strict": z},
        **{"change_mm_yr": nothing, "size_mm": nothing},
        "break_epoch": np.full(n, np.datetime64("NaT"), dtype="datetime64[D]"),
        "movement": velocity[:, None] * noise.years_of(source.epochs),
    }


def _effect(source, shape, n, rng, z_edges):
    """Movements with an effect of size z σ/ℓ, kept where the truth is clear, evenly over the bins of z."""
    years = noise.years_of(source.epochs)
    drawn = [shapes.draw_regressor(shape.regressor, years, rng) for _ in range(_TRIES * n)]
    regressors = np.array([regressor for regressor, _ in drawn])
    groups, low, high = source.propose(len(drawn), rng)
    bins = rng.integers(len(z_edges) - 1, size=len(drawn))
    z = z_edges[bins] * (z_edges[bins + 1] / z_edges[bins]) ** rng.random(len(drawn))
    lengths, strict = _lengths(source, shape, regressors, groups)
    first, last = shapes.end_slopes(years, regressors)
    extent = {"bend": np.abs(last - first)}.get(shape.effect, np.ptp(regressors, axis=1))
    if shape.truth == "complex" and shape.effect == "bend":  # there and back: the ends tell nothing
        extent = np.abs(np.diff(regressors, axis=1) / np.diff(years)).max(1)
    per_sigma = extent * z / lengths
    least, largest = truths.least_and_largest(shape.effect, z, shape.regressor == "hinge_reversal")
    low, high = np.maximum(low, least / per_sigma), np.minimum(high, largest / per_sigma)
    kept = _even(bins, low <= high, n, len(z_edges) - 1)
    groups, z, sigma = groups[kept], z[kept], (low + (high - low) * rng.random(len(drawn)))[kept]
    regressors, first, last = regressors[kept], first[kept], last[kept]
    size = sigma * z / lengths[kept]  # |β|
    if shape.effect == "bend":
        change = size * extent[kept]
        start, end = truths.draw_ends(shape, change, z, rng)
        if shape.truth == "complex":
            coefficient = size * np.sign(end - start)
        else:
            coefficient = (end - start) / (last - first)
        velocity = start - coefficient * first
    else:
        coefficient, change = size * rng.choice([-1, 1], len(size)), np.zeros(len(size))
        error = sigma * np.array([oracle.velocity_sigma() for oracle in source.oracles])[groups]
        still = rng.random(len(size)) < 0.5 if shape.effect == "jump" else shape.truth == "stable"
        drawn_velocity = {kind: truths.draw_velocity(kind, error, rng) for kind in ("stable", "linear")}
        velocity = np.where(still, drawn_velocity["stable"], drawn_velocity["linear"])
    breaks = [drawn[k][1] for k in kept]
    return {
        **{"groups": groups, "kept": kept, "sigma": sigma, "z": z, "change_mm_yr": change},
        "z_strict": z * strict[kept] / lengths[kept],
        "size_mm": size * np.ptp(regressors, axis=1) if shape.effect == "jump" else np.zeros(len(size)),
        "break_epoch": np.array(
            [source.epochs[b[0]] if b else np.datetime64("NaT") for b in breaks], dtype="datetime64[D]"
        ),
        "movement": coefficient[:, None] * regressors + velocity[:, None] * years,
    }


def _lengths(source, shape, regressors, groups):
    """Return ℓ of each candidate, and what is left of it beside the nearest shape of another class."""
    lengths, strict = np.empty(len(groups)), np.empty(len(groups))
    for group in np.unique(groups):
        rows, oracle = groups == group, source.oracles[group]
        lengths[rows] = strict[rows] = oracle.lengths(regressors[rows])
        if shape.truth in OTHERS:
            strict[rows] = oracle.lengths_to_others(regressors[rows], OTHERS[shape.truth])
    return lengths, strict


def _even(bins, feasible, n, n_bins):
    """Return the first n feasible candidates, of each bin in turn, in order."""
    rank = np.full(len(bins), len(bins))
    for b in range(n_bins):
        rows = np.flatnonzero(feasible & (bins == b))
        rank[rows] = np.arange(len(rows))
    order = np.lexsort((bins, rank))
    return np.sort(order[feasible[order]][:n])
