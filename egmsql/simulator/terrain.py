"""The lie of the land: an island with hills, valleys and plains, and what is smooth over all of it.

A function of the seed and of the place (m, EPSG:3035); the coast also of the radius of the island.
"""

import math
from dataclasses import dataclass

import numba
import numpy as np

from egmsql.simulator.randomness import Stream, generator

CENTRE = (4_650_000.0, 1_950_000.0)  # m, in the middle of tile E46N19
REACH = 1.3  # no land is further from the centre than this many radii

_WAVELENGTHS = (2_200, 2_900, 3_700, 4_900, 6_500, 9_000)  # m, of hills and valleys
_STEEPNESS = 0.13  # of each of them
_SMOOTH = 60.0  # m: what lies lower than the middle becomes a plain
_PLAIN, _BEACH = 6.0, 350.0  # m above the sea; m from the coast
_STEP = 15.0  # m, of a slope's difference quotient


@dataclass(frozen=True)
class Terrain:
    """One island; `waves` (6, 4) and `coast` (6,) are what the compiled functions take."""

    radius: float  # m, mean
    waves: np.ndarray
    coast: np.ndarray

    @classmethod
    def of(cls, seed, radius):
        """Return the terrain of a seed, on an island of some mean radius (m)."""
        rng = generator(seed, Stream.TERRAIN)
        angles, phases = rng.uniform(0, 2 * math.pi, (2, len(_WAVELENGTHS)))
        numbers = 2 * math.pi / np.array(_WAVELENGTHS)
        waves = np.stack(
            [numbers * np.cos(angles), numbers * np.sin(angles), phases, _STEEPNESS / numbers], axis=1
        )
        return cls(radius, waves, np.array([*CENTRE, radius, *rng.uniform(0, 2 * math.pi, 3)]))


@numba.njit(nogil=True, cache=True)
def inland(x, y, coast):
    """Return how far inside the coast a place lies (m, along the radius), negative in the sea."""
    dx, dy = x - coast[0], y - coast[1]
    angle = math.atan2(dy, dx)
    bays = 0.12 * math.sin(2 * angle + coast[3]) + 0.08 * math.sin(3 * angle + coast[4])
    return coast[2] * (1 + bays + 0.05 * math.sin(5 * angle + coast[5])) - math.hypot(dx, dy)


@numba.njit(nogil=True, cache=True)
def height(x, y, waves, coast):
    """Return the height of the land above EGM2008 (m); in the sea 0."""
    margin = inland(x, y, coast)
    if margin <= 0:
        return 0.0
    raw = 0.0
    for k in range(len(waves)):
        raw += waves[k, 3] * math.sin(
            waves[k, 0] * (x - coast[0]) + waves[k, 1] * (y - coast[1]) + waves[k, 2]
        )
    return (_PLAIN + (raw + math.sqrt(raw * raw + _SMOOTH * _SMOOTH)) / 2) * math.tanh(margin / _BEACH)


@numba.njit(nogil=True, cache=True)
def gradient(x, y, waves, coast):
    """Return how the height rises to the east and to the north (m a m)."""
    east = height(x + _STEP, y, waves, coast) - height(x - _STEP, y, waves, coast)
    north = height(x, y + _STEP, waves, coast) - height(x, y - _STEP, waves, coast)
    return east / (2 * _STEP), north / (2 * _STEP)


@numba.njit(nogil=True, cache=True)
def margins(eastings, northings, coast):
    """Return `inland` of many places."""
    found = np.empty(len(eastings))
    for i in range(len(eastings)):
        found[i] = inland(eastings[i], northings[i], coast)
    return found


@numba.njit(nogil=True, cache=True)
def heights(eastings, northings, waves, coast):
    """Return `height` of many places."""
    found = np.empty(len(eastings))
    for i in range(len(eastings)):
        found[i] = height(eastings[i], northings[i], waves, coast)
    return found


@numba.njit(nogil=True, cache=True)
def downslopes(eastings, northings, waves, coast):
    """Return unit vectors (east, north, up) down the slope, shape (n, 3), and its tangent; 0 where flat."""
    found, steepness = np.zeros((len(eastings), 3)), np.zeros(len(eastings))
    for i in range(len(eastings)):
        east, north = gradient(eastings[i], northings[i], waves, coast)
        tangent = math.hypot(east, north)
        steepness[i] = tangent
        if tangent > 0:
            length = math.sqrt(1 + tangent * tangent)
            found[i, 0], found[i, 1] = -east / tangent / length, -north / tangent / length
            found[i, 2] = -tangent / length
    return found, steepness


def gnss_velocity(eastings, northings):
    """Return the plate's north, east and up velocity (mm/yr), planes as smooth as the GNSS model's."""
    x, y = (eastings - 4_600_000) / 1e6, (northings - 1_740_000) / 1e6
    return 2.1 - 0.9 * x + 0.4 * y, -0.7 + 1.3 * x - 0.6 * y, -1.5 + 0.8 * x + 1.1 * y


def undulation(eastings, northings):
    """Return the height of EGM2008 above WGS84 (m)."""
    return 43.6 + (eastings - 4_600_000) / 4e5 + (northings - 1_740_000) / 6e5


def groundwater(eastings, northings):
    """Return amplitude (mm, up) and day of the maximum (from 1 January) of the wave of the groundwater.

    Smooth over kilometres, highest in late winter and spring.
    """
    x, y = (eastings - CENTRE[0]) / 1e3, (northings - CENTRE[1]) / 1e3
    basin = (1 + np.sin(x / 2.9 + 1) * np.cos(y / 3.7)) / 2
    return 0.4 + 1.4 * basin**2, 75 + 30 * np.sin(x / 19 + y / 27)
