"""One burst in one release: what the satellite saw of some blocks, from nothing to series and truth."""

import datetime
from dataclasses import dataclass

import numpy as np

from egmsql.simulator.epochs import S1B_LOST, YEAR, days_since, track_passes
from egmsql.simulator.ground import Motion
from egmsql.simulator.noise import Traits, atmosphere, levels, neighbour_keys, patch_keys, traits_of
from egmsql.simulator.paths import Period, look_at, plate_velocity
from egmsql.simulator.randomness import join, seed_key, shares
from egmsql.simulator.scatterers import Scatterers, locate
from egmsql.simulator.series import Clock, Paths, compose
from egmsql.simulator.sites import KINDS
from egmsql.simulator.statistics import Fits
from egmsql.simulator.tracks import Looks

_REFERENCE = datetime.date(2020, 1, 1)  # ground velocities hold on it
_UNWRAPPED = (datetime.date(2018, 6, 1), datetime.date(2024, 10, 1))  # when unwrapping errors begin
_BUILT = [KINDS.index(kind) for kind in ("town", "village", "bowl", "dam")]


@dataclass
class Observation:
    """What a burst saw of some points; rows belong to points."""

    points: Scatterers
    looks: Looks
    motion: Motion
    paths: Paths
    traits: Traits
    progress: np.ndarray  # mm, of the structures that `paths` names by row
    series: np.ndarray  # mm, float32, before any shift or rounding
    n_outliers: np.ndarray
    plate: np.ndarray  # mm/yr along the look


def years_of(dates):
    """Return dates as years of 365 days since 1 January 2020."""
    return np.array(days_since(_REFERENCE, dates)) / YEAR


class Observer:
    """Observes the blocks of one View; on L2a without the motion of the plate. Safe in several threads."""

    def __init__(self, ground, view, is_absolute=True):
        self.ground, self.view, self.is_absolute = ground, view, is_absolute
        track, dates = view.burst.track, view.epochs
        self.fits = Fits.at(days_since(dates[0], dates))
        self.period = Period(ground, years_of(dates), self.fits)
        self.clock = Clock(
            np.array(view.passes), self.period.years, *levels(dates, S1B_LOST), self.period.is_after_quake
        )
        all_passes = track_passes(track.number)
        self._errors = tuple(
            next(number for number, date in enumerate(all_passes) if date >= limit) for limit in _UNWRAPPED
        )
        self._seed = seed_key(ground.seed)
        # The air belongs to the pass of the satellite: all bursts of a track see the same.
        self._air_key = np.uint64(join(self._seed ^ np.uint64(10), track.number))

    def observe(self, blocks, is_shuffled=False):
        """Return the Observation of some blocks, block after block or shuffled."""
        burst = self.view.burst
        points = locate(self.ground.seed, burst, blocks)
        if is_shuffled:
            points = points.take(np.argsort(points.keys))
        looks = burst.track.looks(np.full(len(points.pixels), burst.swath), points.pixels)
        motion = self.ground.motion(points.true_eastings, points.true_northings)
        plate = plate_velocity(points.eastings, points.northings, looks)
        progress, rows = self.period.progress(motion.area)
        paths = look_at(motion, looks, plate if self.is_absolute else 0 * plate, rows)
        traits = traits_of(
            points.keys, patch_keys(self._seed, points.ground_ids), np.isin(motion.kind, _BUILT), self._errors
        )
        series, n_outliers = compose(
            paths, traits, self.clock, progress, self._air(blocks), points.blocks, self._keys(points)
        )
        return Observation(points, looks, motion, paths, traits, progress, series, n_outliers, plate)

    def _air(self, blocks):
        middle = self.view.burst.track.on_ground(blocks.first_lines + 5, blocks.first_pixels + 20)
        return atmosphere(self._air_key, self.clock.passes, *middle)

    def _keys(self, points):
        own = np.where(points.is_shared, points.keys ^ np.uint64(2**20 + self.view.burst.row), np.uint64(0))
        return points.keys, neighbour_keys(self._seed, points.ground_ids), own

    def heights(self, points):
        """Return how high points stand above EGM2008 (m): on the ground or on a roof."""
        roofs = 14 * shares(points.keys, 31) ** 3
        return self.ground.heights(points.true_eastings, points.true_northings) + roofs
