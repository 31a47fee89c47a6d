"""Signals injected into the residuals of quiet points of real products."""

import numpy as np
from bench.science import noise
from bench.science.generator import draw, join
from bench.science.oracle import Oracle

TRACKS = ("022", "117")  # of the two L2b products
# What a quiet point is: slow, coherent, and no noisier than a stable point may be.
SLOW, COHERENT, NOISE = 2.0, 0.6, (0.7, 3.2)  # mm/yr, -, mm


class Quiet:
    """Noise of one real product: residuals of its quiet points, without their own line and annual wave.

    The covariance is taken from the pool: the median correlation at one and two epochs. So z is what it would
    be if all points were noisy alike; and the fit has taken the part of the noise that looks like a line
    or a wave, which makes velocities a little too easy.
    """

    kind = "real"

    def __init__(self, epochs, residuals):
        self.epochs = epochs
        self.sigmas = residuals.std(1)
        self._unit = residuals / self.sigmas[:, None]
        at_1 = np.median((self._unit[:, 1:] * self._unit[:, :-1]).mean(1))
        at_2 = np.median((self._unit[:, 2:] * self._unit[:, :-2]).mean(1))
        covariance = noise.fading_correlation(len(epochs), at_1, np.clip(at_2 / at_1, 0.05, 0.9))
        self.oracles = [Oracle(noise.years_of(epochs), covariance)]

    def propose(self, n, rng):
        """Return the oracle, and the σ (mm) of series taken at random."""
        self._rows = rng.integers(len(self.sigmas), size=n)
        return np.zeros(n, dtype=int), self.sigmas[self._rows], self.sigmas[self._rows]

    def noise_of(self, kept, groups, rng):
        """Return the series that were proposed and kept, of unit variance."""
        return self._unit[self._rows[kept]]


def injected(data, track, counts, rng, scale):
    """Return signals in the noise of the L2b product of a track; None without its file."""
    from egmsql.sources import open_source

    paths = sorted((data / "ustica").glob(f"EGMS_L2b_{track}_*.zip")) if data else []
    if not paths:
        return None
    opened = open_source(paths[0])
    table = [batch for batch in opened.batches() if batch.num_rows]
    tenths = np.concatenate([_matrix(batch.column("displacements")) for batch in table])
    columns = {
        name: np.concatenate([np.array(b.column(name).to_pylist(), dtype=float) for b in table])
        for name in ("mean_velocity", "temporal_coherence")
    }
    epochs = np.array(opened.epochs, dtype="datetime64[D]")
    residuals = _residuals(noise.years_of(epochs), tenths)
    sigmas = residuals.std(1)
    quiet = (np.abs(columns["mean_velocity"]) < SLOW) & (columns["temporal_coherence"] >= COHERENT)
    quiet &= (sigmas >= NOISE[0]) & (sigmas <= NOISE[1])
    source = Quiet(epochs, residuals[quiet])
    wanted = {name: n for name, n in counts.items() if name != "noisy"}
    return join("", [draw(source, name, max(round(n * scale), 2), rng) for name, n in wanted.items()])


def _matrix(lists):
    return lists.flatten().to_numpy(zero_copy_only=False).reshape(len(lists), -1) / 10.0


def _residuals(years, series):
    wave = 2 * np.pi * years
    base = np.linalg.qr(np.stack([np.ones_like(years), years, np.cos(wave), np.sin(wave)], axis=1))[0]
    return series - (series @ base) @ base.T
