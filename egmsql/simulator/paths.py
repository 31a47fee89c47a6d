"""From the ground's motion to what one product sees of it: along the line of sight, at its epochs.

Here truth is settled: which part of a structure's motion is seen, what EGMS's definitions would find in it
without noise, and which class it is.
"""

from dataclasses import dataclass

import numpy as np

from egmsql.simulator.ground import progress_of
from egmsql.simulator.series import Paths
from egmsql.simulator.sites import COLUMNS, SHAPES
from egmsql.simulator.terrain import gnss_velocity

MOVING = 1.0  # mm/yr, on average over the period: slower ground is stable
STEPPING = 5.0  # mm: a smaller step of the earthquake is no step
_EDGE = 0.5  # years: a change nearer to an end of the period is not seen as one

_STABLE, _LINEAR, _CHANGE, _STEP = (
    SHAPES.index(name) for name in ("stable", "linear", "velocity_change", "step")
)


@dataclass
class Facts:
    """What is known of some points in one product; arrays of one length, along its look direction."""

    velocity: np.ndarray  # mm/yr of the structure: EGMS's mean_velocity of its part of the series
    acceleration: np.ndarray  # mm/yr2, likewise
    pace: np.ndarray  # mm/yr, signed: range over the period by its length
    step: np.ndarray  # mm, 0 if the earthquake lies outside the period
    wave: np.ndarray  # mm, complex: amplitude times exp(i·2π·day of the maximum/365)
    area: np.ndarray  # index into the ground's structures, -1 without

    def stacked(self):
        """Return all but the area as real columns, shape (points, 6): what may be averaged."""
        return np.stack(
            [self.velocity, self.acceleration, self.pace, self.step, self.wave.real, self.wave.imag], axis=1
        )

    @classmethod
    def from_stacked(cls, numbers, area):
        """Return the Facts that `stacked` made the numbers of."""
        return cls(*numbers.T[:4], numbers[:, 4] + 1j * numbers[:, 5], area)


class Period:
    """The epochs of one product: years since 2020, the two fits and the earthquake in them."""

    def __init__(self, ground, years, fits):
        self.ground, self.years, self.fits = ground, years, fits
        self.is_after_quake = (years >= ground.quake[5]).astype(float)
        self.has_quake = 0 < self.is_after_quake.sum() < len(years)
        self.step_velocity, self.step_acceleration = (
            float(weights @ self.is_after_quake)
            for weights in (fits.velocity_weights, fits.acceleration_weights)
        )

    def progress(self, areas):
        """Return the progress (mm) of the structures in `areas` and the row of it for each; row 0 is zero."""
        found, rows = np.unique(areas, return_inverse=True)
        table = progress_of(self.ground.table[found[found >= 0]], self.years)
        if found[0] < 0:
            return np.vstack([np.zeros(len(self.years)), table]), rows
        return np.vstack([np.zeros(len(self.years)), table]), rows + 1

    def facts(self, areas, paths, progress):
        """Return the Facts of points in `areas` with Paths and their table of progress."""
        span = self.years[-1] - self.years[0]
        slopes, bends = progress @ self.fits.velocity_weights, progress @ self.fits.acceleration_weights
        paces = np.sign(progress[:, -1] - progress[:, 0]) * np.ptp(progress, axis=1) / span
        velocity, acceleration, pace = (
            some[paths.structure] * paths.factor for some in (slopes, bends, paces)
        )
        step = paths.step * self.has_quake
        return Facts(velocity, acceleration, pace, step, paths.wave, areas)

    def classify(self, facts):
        """Return the class of points, as index into SHAPES."""
        table = self.ground.table[facts.area]
        shape = np.where(facts.area >= 0, table[:, COLUMNS["shape"]], _STABLE).astype(np.int8)
        # A change outside the period, or near its ends, is none in it.
        first, last = self.years[0] + _EDGE, self.years[-1] - _EDGE
        turn, start = table[:, COLUMNS["turn"]], table[:, COLUMNS["start"]]
        shape[(shape == _CHANGE) & ~((first < turn) & (turn < last))] = _LINEAR
        loaded = (shape == SHAPES.index("decelerating")) & (start > first)
        shape[loaded] = _CHANGE
        shape[np.abs(facts.pace) < MOVING] = _STABLE
        shape[(shape == _STABLE) & (np.abs(facts.step) >= STEPPING)] = _STEP
        return shape


def look_at(motion, looks, plate, rows):
    """Return the Paths of points with a Motion, seen in Looks.

    Parameters
    ----------
    motion : Motion
    looks : Looks
    plate : float array
        mm/yr along the look.
    rows : int array
        Of the table of progress.
    """
    return Paths(
        plate,
        rows,
        (motion.direction * looks.los).sum(axis=1),
        (motion.step * looks.los).sum(axis=1),
        (motion.wave * looks.los).sum(axis=1),
    )


def plate_velocity(eastings, northings, looks):
    """Return the plate's velocity (mm/yr) along the look; real L2b files hold no north component."""
    _, east, up = gnss_velocity(eastings, northings)
    return looks.los[:, 0] * east + looks.los[:, 2] * up
