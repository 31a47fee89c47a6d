"""What lies at a place, compiled: the structure that covers it, its share of the motion, its scatterers.

Functions take the table of a Ground (a row a structure, sorted by site) and where each site starts in it.
"""

import math

import numba
import numpy as np

from egmsql.simulator.randomness import NORMALS, join, share
from egmsql.simulator.sites import KINDS, SITE
from egmsql.simulator.terrain import inland

# Of scatterers, a km² and geometry; the specification wants 5,000 in cities and 100 in open spaces.
_DENSITIES = {"town": 4_500, "village": 2_600, "bowl": 4_500, "landslide": 2_200, "dam": 4_000}
_OPEN, _OPEN_SPREAD, _FIELD = 250, 1.3, 700  # a km², median; log; m, how wide fields are
_SHORE = 106  # m, half the diagonal of a block of cells and a little more
_BUILDING = 25.0  # m

_KIND, _X, _Y, _RADIUS, _WIDTH, _ANGLE = range(6)
_BOWL, _RESERVOIR = KINDS.index("bowl"), KINDS.index("reservoir")
_DENSITY = np.array([_DENSITIES.get(kind, 0) for kind in KINDS], dtype=float)


@numba.njit(nogil=True, cache=True)
def _find(x, y, table, starts, west, south):
    """Return the last structure that covers a place, -1 without, and where in it the place lies."""
    half = len(starts) // 2
    column = math.floor((x - west) / SITE + 0.5) + half
    row = math.floor((y - south) / SITE + 0.5) + half
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
def survey(eastings, northings, table, starts, west, south):
    """Return what lies at places: structure (-1 without), share of its motion, radii east and north of it."""
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
def density(eastings, northings, table, starts, coast, key):
    """Return scatterers a km² and geometry at the middles of blocks (m); 0 near water."""
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
    column = min(max(math.floor((x - coast[0]) / SITE + 0.5) + half, 0), len(starts) - 1)
    row = min(max(math.floor((y - coast[1]) / SITE + 0.5) + half, 0), len(starts) - 1)
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
def growths(eastings, northings, key):
    """Return by how much (mm) the building at each place grows until midsummer: exponential, mean 0.9."""
    found = np.empty(len(eastings))
    for i in range(len(eastings)):
        building = join(join(key, int(eastings[i] // _BUILDING)), int(northings[i] // _BUILDING))
        found[i] = -0.9 * math.log(1 - share(building))
    return found
