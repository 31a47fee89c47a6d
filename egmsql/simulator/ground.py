"""How the ground of one island stands, moves and breathes, in east, north and up.

A function of the seed and of the place (m, EPSG:3035): every satellite that looks at a place sees the same
motion. What differs from place to place is a direction; how it goes on in time belongs to its Structure.
"""

import math
from dataclasses import astuple, dataclass

import numba
import numpy as np

from egmsql.simulator.randomness import NORMALS, Stream, generator, join, seed_key, share
from egmsql.simulator.sites import COLUMNS, KINDS, SITE, Structure, make_site
from egmsql.simulator.terrain import (
    CENTRE,
    REACH,
    Terrain,
    downslopes,
    groundwater,
    heights,
    inland,
)

# Of scatterers, a km² and geometry; the specification wants 5,000 in cities and 100 in open spaces.
_DENSITIES = {"town": 4_500, "village": 2_600, "bowl": 4_500, "landslide": 2_200, "dam": 4_000}
_OPEN, _OPEN_SPREAD, _FIELD = 250, 1.3, 700  # a km², median; log; m, how wide fields are
_SHORE = 106  # m, half the diagonal of a block of cells and a little more
_BUILDING = 25.0  # m
_QUAKE_REACH = 2.4  # lengths of the earthquake beyond which nothing moves
_THERMAL_DAY = 208  # end of July

_KIND, _X, _Y, _RADIUS, _WIDTH, _ANGLE = range(6)
_TOWN, _VILLAGE, _BOWL, _LANDSLIDE, _DAM, _RESERVOIR = range(1, 7)
_DENSITY = np.array([_DENSITIES.get(kind, 0) for kind in KINDS], dtype=float)


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
        return _density(
            eastings, northings, self.table, self._starts, self.terrain.coast, self.key ^ np.uint64(1)
        )

    def heights(self, eastings, northings):
        """Return the height of the land above EGM2008 (m)."""
        return heights(eastings, northings, self.terrain.waves, self.terrain.coast)

    def motion(self, eastings, northings):
        """Return the Motion of places (m), without the plate motion of `gnss_velocity`."""
        area, influence, dx, dy = _survey(eastings, northings, self.table, self._starts, CENTRE[0], CENTRE[1])
        kind = np.where(area >= 0, self.table[area, _KIND], 0).astype(np.int8)
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
        wave[:, 2] += np.where(built, _growths(eastings, northings, self.key ^ np.uint64(2)), 0) * _turn(
            _THERMAL_DAY
        )
        # A full reservoir pushes its dam, along the short axis.
        dam = np.flatnonzero(kind == _DAM)
        push = 5 * influence[dam] * _turn(60)
        angle = self.table[area[dam], _ANGLE] - math.pi / 2
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


@numba.njit(nogil=True, cache=True)
def _find(x, y, table, starts, west, south):
    """Return the last structure that covers a place, -1 without, and where in it the place lies."""
    half = len(starts) // 2
    column = int(math.floor((x - west) / SITE + 0.5)) + half
    row = int(math.floor((y - south) / SITE + 0.5)) + half
    if row < 0 or row >= len(starts) or column < 0 or column >= len(starts):
        return -1, 1.0
    for at in range(starts[row, column + 1] - 1, starts[row, column] - 1, -1):
        dx, dy = x - table[at, _X], y - table[at, _Y]
        if dx * dx + dy * dy < table[at, _RADIUS] ** 2:
            cosine, sine = math.cos(table[at, _ANGLE]), math.sin(table[at, _ANGLE])
            along = (dx * cosine + dy * sine) / table[at, _RADIUS]
            across = (dy * cosine - dx * sine) / table[at, _WIDTH]
            square = along * along + across * across
            if square < 1:
                return at, square
    return -1, 1.0


@numba.njit(nogil=True, cache=True)
def _survey(eastings, northings, table, starts, west, south):
    n = len(eastings)
    area, influence = np.full(n, -1), np.zeros(n)
    dx, dy = np.zeros(n), np.zeros(n)
    edge = math.exp(-4.0)
    for i in range(n):
        at, square = _find(eastings[i], northings[i], table, starts, west, south)
        area[i] = at
        if at >= 0:
            dx[i] = (eastings[i] - table[at, _X]) / table[at, _RADIUS]
            dy[i] = (northings[i] - table[at, _Y]) / table[at, _RADIUS]
            if table[at, _KIND] == _BOWL:
                influence[i] = (math.exp(-4 * square) - edge) / (1 - edge)
            else:
                influence[i] = min(3 * (1 - square), 1.0)
    return area, influence, dx, dy


@numba.njit(nogil=True, cache=True)
def _density(eastings, northings, table, starts, coast, key):
    found = np.zeros(len(eastings))
    for i in range(len(eastings)):
        x, y = eastings[i], northings[i]
        if inland(x, y, coast) < 1.3 * _SHORE or _is_wet(x, y, table, starts, coast):
            continue
        at, _ = _find(x, y, table, starts, coast[0], coast[1])
        field = join(join(key, int(x // _FIELD)), int(y // _FIELD))
        density = _OPEN * math.exp(_OPEN_SPREAD * NORMALS[field >> np.uint64(52)])
        if at >= 0:
            density = max(density, _DENSITY[int(table[at, _KIND])])
        found[i] = density
    return found


@numba.njit(nogil=True, cache=True)
def _is_wet(x, y, table, starts, coast):
    half = len(starts) // 2
    column = min(max(int(math.floor((x - coast[0]) / SITE + 0.5)) + half, 0), len(starts) - 1)
    row = min(max(int(math.floor((y - coast[1]) / SITE + 0.5)) + half, 0), len(starts) - 1)
    for at in range(starts[row, column], starts[row, column + 1]):
        if table[at, _KIND] == _RESERVOIR:
            dx, dy = x - table[at, _X], y - table[at, _Y]
            cosine, sine = math.cos(table[at, _ANGLE]), math.sin(table[at, _ANGLE])
            along = (dx * cosine + dy * sine) / (table[at, _RADIUS] + _SHORE)
            across = (dy * cosine - dx * sine) / (table[at, _WIDTH] + _SHORE)
            if along * along + across * across < 1:
                return True
    return False


@numba.njit(nogil=True, cache=True)
def _growths(eastings, northings, key):
    """Return by how much (mm) the building at each place grows until midsummer: exponential, mean 0.9."""
    found = np.empty(len(eastings))
    for i in range(len(eastings)):
        building = join(join(key, int(eastings[i] // _BUILDING)), int(northings[i] // _BUILDING))
        found[i] = -0.9 * math.log(1 - share(building))
    return found


def _steps(eastings, northings, quake):
    """Return the earthquake's displacement (mm): one side rises, the other sinks, the middle moves across."""
    dx, dy = (eastings - quake[0]) / quake[2], (northings - quake[1]) / quake[2]
    cosine, sine = math.cos(quake[3]), math.sin(quake[3])
    along = dx * cosine + dy * sine
    square = dx**2 + dy**2
    fading = np.exp(-square / 2) * np.clip((_QUAKE_REACH**2 - square) / 2, 0, 1)
    shift = 0.5 * quake[4] * fading
    return np.stack([shift * cosine, shift * sine, quake[4] * 1.65 * along * fading], axis=1)


def is_on_water(ground, eastings, northings):
    """If places lie in the sea or in a reservoir."""
    area = _survey(eastings, northings, ground.table, ground._starts, *CENTRE)[0]
    in_sea = [inland(x, y, ground.terrain.coast) <= 0 for x, y in zip(eastings, northings, strict=True)]
    return np.array(in_sea) | ((area >= 0) & (ground.table[area, _KIND] == _RESERVOIR))


__all__ = ["Ground", "Motion", "Structure", "is_on_water", "progress_of"]
