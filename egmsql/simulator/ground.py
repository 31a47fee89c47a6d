"""How the ground of one island stands, moves and breathes, in east, north and up.

A function of the seed and of the place (m, EPSG:3035): every satellite that looks at a place sees the same
motion. What differs from place to place is a direction; how it goes on in time belongs to its Structure.
"""

import math
from dataclasses import astuple, dataclass

import numpy as np

from egmsql.simulator import occupation
from egmsql.simulator.randomness import Stream, generator, seed_key
from egmsql.simulator.sites import COLUMNS, SITE, make_site
from egmsql.simulator.terrain import (
    CENTRE,
    REACH,
    Terrain,
    downslopes,
    groundwater,
    heights,
    inland,
)

_QUAKE_REACH = 2.4  # lengths of the earthquake beyond which nothing moves
_THERMAL_DAY = 208  # end of July

_TOWN, _VILLAGE, _BOWL, _LANDSLIDE, _DAM = range(1, 6)  # of KINDS


@dataclass
class Motion:
    """How some points of the ground move; rows belong to points, columns are east, north, up."""

    kind: np.ndarray  # index into KINDS
    area: np.ndarray  # index into the ground's structures, -1 without
    direction: np.ndarray  # of the structure's motion, times the share of it
    wave: np.ndarray  # mm, complex: amplitude times exp(i·2π·day of the maximum/365)
    step: np.ndarray  # mm, of the earthquake


class Ground:
    """The ground of one simulation; safe to ask from several threads."""

    def __init__(self, seed, radius):
        self.seed = seed
        self.terrain = Terrain.of(seed, radius)
        self.key = seed_key(seed)
        reach = math.ceil(REACH * radius / SITE + 0.5)
        self.structures, self._starts = [], np.zeros((2 * reach + 1, 2 * reach + 2), dtype=np.int64)
        for row in range(-reach, reach + 1):
            for column in range(-reach, reach + 1):
                self._starts[row + reach, column + reach] = len(self.structures)
                self.structures += self._on_land(row, column)
            self._starts[row + reach, -1] = len(self.structures)
        self.table = np.array([astuple(structure) for structure in self.structures]).reshape(-1, len(COLUMNS))
        self.quake = self._make_quake(radius)

    def _on_land(self, row, column):
        at = (CENTRE[0] + column * SITE, CENTRE[1] + row * SITE)
        if inland(*at, self.terrain.coast) < -SITE:
            return []
        found = make_site(self.seed, self.terrain, row, column)
        return [one for one in found if inland(one.easting, one.northing, self.terrain.coast) > one.radius]

    def _make_quake(self, radius):
        """Return easting, northing, length (m), angle, size (mm) and year of the one earthquake."""
        rng = generator(self.seed, Stream.QUAKE)
        length, azimuth = min(max(0.3 * radius, 900), 6_000), rng.uniform(0, 2 * math.pi)
        at = (CENTRE[0] + 0.85 * radius * math.cos(azimuth), CENTRE[1] + 0.85 * radius * math.sin(azimuth))
        # Between the middle of 2020 and the end of 2022, so that the usual releases see it.
        return np.array(
            [*at, length, rng.uniform(0, 2 * math.pi), rng.uniform(16, 30), rng.uniform(0.5, 2.9)]
        )

    def density(self, eastings, northings):
        """Return how many scatterers a km² one geometry sees at the middles of blocks; none near water."""
        return occupation.density(
            eastings, northings, self.table, self._starts, self.terrain.coast, self.key ^ np.uint64(1)
        )

    def heights(self, eastings, northings):
        """Return the height of the land above EGM2008 (m)."""
        return heights(eastings, northings, self.terrain.waves, self.terrain.coast)

    def motion(self, eastings, northings):
        """Return the Motion of places (m), without the plate motion of `gnss_velocity`."""
        area, influence, dx, dy = occupation.survey(
            eastings, northings, self.table, self._starts, CENTRE[0], CENTRE[1]
        )
        kind = np.where(area >= 0, self.table[area, COLUMNS["kind"]], 0).astype(np.int8)
        direction = np.zeros((len(area), 3))
        for axis, lever in enumerate((dx, dy, None)):
            # What sinks pulls its rim inwards, half as fast.
            bowl = influence if lever is None else 0.5 * influence * lever
            direction[:, axis] = np.where(kind == _BOWL, bowl, 0)
        direction[:, 2] -= np.where(kind == _DAM, influence, 0)
        sliding = np.flatnonzero(kind == _LANDSLIDE)
        down, _ = downslopes(eastings[sliding], northings[sliding], self.terrain.waves, self.terrain.coast)
        direction[sliding] = down * influence[sliding, None]
        wave = self._wave(eastings, northings, kind, area, influence)
        return Motion(kind, area, direction, wave, _steps(eastings, northings, self.quake))

    def _wave(self, eastings, northings, kind, area, influence):
        amplitude, day = groundwater(eastings, northings)
        wave = np.zeros((len(kind), 3), dtype=complex)
        wave[:, 2] = amplitude * _turn(day)
        # Buildings and dams grow with the temperature, each by its own height.
        built = np.isin(kind, (_TOWN, _VILLAGE, _BOWL, _DAM))
        growths = occupation.growths(eastings, northings, self.key ^ np.uint64(2))
        wave[:, 2] += np.where(built, growths, 0) * _turn(_THERMAL_DAY)
        # A full reservoir pushes its dam, along the short axis.
        dam = np.flatnonzero(kind == _DAM)
        push = 5 * influence[dam] * _turn(60)
        angle = self.table[area[dam], COLUMNS["angle"]] - math.pi / 2
        wave[dam, 0] += push * np.cos(angle)
        wave[dam, 1] += push * np.sin(angle)
        return wave


def _turn(day):
    return np.exp(2j * np.pi * day / 365)


def progress_of(structures, years):
    """Return how far structures have moved (mm) at years since 2020, shape (structures, epochs).

    Parameters
    ----------
    structures : float array, shape (n, columns)
        Rows of `Ground.table`.
    years : float array, shape (epochs,)
        Of 365 days, since 1 January 2020.
    """
    columns = {name: structures[:, at, None] for name, at in COLUMNS.items()}
    since = np.maximum(years - columns["start"], 0)
    return (
        columns["rate"] * years
        + columns["acceleration"] * years**2 / 2
        + columns["total"] * -np.expm1(-since / columns["tau"])
        + columns["change"] * np.maximum(years - columns["turn"], 0)
    )


def _steps(eastings, northings, quake):
    """Return the earthquake's displacement (mm): one side rises, the other sinks, the middle moves across."""
    dx, dy = (eastings - quake[0]) / quake[2], (northings - quake[1]) / quake[2]
    cosine, sine = math.cos(quake[3]), math.sin(quake[3])
    along = dx * cosine + dy * sine
    square = dx**2 + dy**2
    fading = np.exp(-square / 2) * np.clip((_QUAKE_REACH**2 - square) / 2, 0, 1)
    shift = 0.5 * quake[4] * fading
    return np.stack([shift * cosine, shift * sine, quake[4] * 1.65 * along * fading], axis=1)
