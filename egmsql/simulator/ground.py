"""How the simulated ground moves: towns, subsidence bowls, landslides, aquifers, over a slow plate motion.

The ground is a function of the seed and of the place (m, EPSG:3035) alone, so every product that looks at a
place sees the same motion. It is made of sites of 20 km; what a site holds stays inside it. A richer region
grows here: another kind of Structure, or another field in Motion.
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from egmsql.simulator.randomness import Stream, generator

SITE = 20_000  # m
REFERENCE_YEAR = 2020  # ground velocities hold on 1 January of it
KINDS = ("countryside", "town", "bowl", "slope")
SHAPES = ("stable", "linear", "accelerating", "decelerating")

_MOVING = 1.0  # mm/yr: slower ground is stable
# A velocity changes by this share a year: the sign stays for ten years around the reference.
_ACCELERATIONS = {"linear": 0.0, "accelerating": 0.1, "decelerating": -0.1}


@dataclass(frozen=True)
class Structure:
    """A round part of a site that moves in its own way, at its centre with these rates."""

    kind: str
    easting: float  # m
    northing: float
    radius: float  # m; nothing moves beyond it
    up: float = 0.0  # mm/yr, + up
    east: float = 0.0  # mm/yr, + east
    shape: str = "linear"
    season: float = 0.0  # mm, amplitude of the annual wave, up

    def covers(self, eastings, northings):
        """If the structure has any influence at places."""
        return (eastings - self.easting) ** 2 + (northings - self.northing) ** 2 < self.radius**2

    def influence(self, eastings, northings):
        """Return the distance to the east (in radii) and the share of the motion, 1 at the centre."""
        dx, dy = (eastings - self.easting) / self.radius, (northings - self.northing) / self.radius
        square = dx**2 + dy**2
        share = np.exp(-4 * square) if self.kind == "bowl" else np.clip(5 * (1 - square), 0, 1)
        return dx, np.where(square < 1, share, 0.0)


@dataclass
class Motion:
    """How some points of the ground move; arrays of one length."""

    up_velocity: np.ndarray  # mm/yr on 1 January 2020
    east_velocity: np.ndarray
    up_acceleration: np.ndarray  # mm/yr2
    east_acceleration: np.ndarray
    season: np.ndarray  # mm, amplitude of the annual wave, up
    season_day: np.ndarray  # days from 1 January 2020 to a maximum of the wave
    kind: np.ndarray  # index into KINDS
    shape: np.ndarray  # index into SHAPES


class Ground:
    """The ground of one simulation; safe to ask from several threads."""

    def __init__(self, seed):
        self.seed = seed
        self._sites = {}

    def motion(self, eastings, northings):
        """Return the Motion of places (m), without the plate motion of `gnss_velocity`."""
        found = _background(eastings, northings)
        for inside, structure in self._around(eastings, northings):
            _add(found, inside, structure, eastings[inside], northings[inside])
        return found

    def structures(self, row, column):
        """Return the structures of one site, by its northing and easting / 20 km."""
        if (row, column) not in self._sites:
            rng = generator(self.seed, Stream.GROUND, row, column)
            self._sites[row, column] = _make_site(rng, row, column)
        return self._sites[row, column]

    def is_dense(self, eastings, northings):
        """If many scatterers stand at a place: inside any structure."""
        dense = np.zeros(len(eastings), dtype=bool)
        for inside, structure in self._around(eastings, northings):
            dense[inside] |= structure.covers(eastings[inside], northings[inside])
        return dense

    def _around(self, eastings, northings):
        """Yield every structure near the places, with the indices of those on its site."""
        sites = np.floor_divide(northings, SITE).astype(np.int64) * 2**20
        sites += np.floor_divide(eastings, SITE).astype(np.int64)
        for site in np.unique(sites):
            inside = np.flatnonzero(sites == site)
            for structure in self.structures(*divmod(int(site), 2**20)):
                yield inside, structure


def gnss_velocity(eastings, northings):
    """Return the plate's north, east and up velocity (mm/yr), planes as smooth as the GNSS model's."""
    x, y = (eastings - 4_600_000) / 1e6, (northings - 1_740_000) / 1e6
    return 2.1 - 0.9 * x + 0.4 * y, -0.7 + 1.3 * x - 0.6 * y, -1.5 + 0.8 * x + 1.1 * y


def height(eastings, northings):
    """Return the height of what scatters above EGM2008 (m): hills, and on them what is 100 m wide."""
    hills = 130 * np.sin(eastings / 7_300) * np.cos(northings / 5_900) + 60 * np.sin(northings / 31_000)
    return 180 + hills + 8 * np.sin(eastings / 37) * np.sin(northings / 29)


def undulation(eastings, northings):
    """Return the height of EGM2008 above WGS84 (m)."""
    return 43.6 + (eastings - 4_600_000) / 4e5 + (northings - 1_740_000) / 6e5


def _background(eastings, northings):
    size = len(eastings)
    found = Motion(**{field.name: np.zeros(size) for field in fields(Motion)})
    found.season = 0.7 + 0.5 * np.sin(eastings / 17_000) * np.cos(northings / 23_000)
    found.season_day = 75 + 30 * np.sin(eastings / 60_000 + northings / 90_000)
    found.kind, found.shape = np.zeros(size, dtype=np.int8), np.zeros(size, dtype=np.int8)
    return found


def _add(motion, inside, structure, eastings, northings):
    dx, share = structure.influence(eastings, northings)
    touched = share > 0
    at, dx, share = inside[touched], dx[touched], share[touched]
    up = structure.up * share
    # What sinks pulls its rim inwards, half as fast.
    east = 0.5 * up * dx if structure.kind == "bowl" else structure.east * share
    change = _ACCELERATIONS[structure.shape]
    motion.up_velocity[at] += up
    motion.east_velocity[at] += east
    motion.up_acceleration[at] += change * up
    motion.east_acceleration[at] += change * east
    motion.season[at] += structure.season * share
    motion.kind[at] = KINDS.index(structure.kind)
    moving = at[np.hypot(up, east) >= _MOVING]
    motion.shape[moving] = SHAPES.index(structure.shape)


def _make_site(rng, row, column):
    south, west = row * SITE, column * SITE
    towns = []
    for quarter in range(2):  # one town in the west and one in the east, clear of the site's borders
        at = (west + 5_000 + 10_000 * quarter + rng.uniform(-2e3, 2e3), south + rng.uniform(4e3, 16e3))
        towns.append(Structure("town", *at, radius=rng.uniform(700, 1500), season=rng.uniform(0, 2)))
    # Neighbouring sites take turns, so that a single burst shows every shape.
    slope_shape, bowl_shape = (list(_ACCELERATIONS)[(row + column + k) % 3] for k in range(2))
    return (*towns, _make_slope(rng, towns[0], slope_shape), _make_bowl(rng, towns[1], bowl_shape))


def _make_slope(rng, town, shape):
    """A landslide at the edge of a town; the azimuth decides which geometry sees it better."""
    speed, azimuth, dip = rng.uniform(6, 30), rng.uniform(0, 2 * math.pi), math.radians(rng.uniform(10, 35))
    return Structure(
        "slope",
        town.easting + town.radius * math.cos(azimuth),
        town.northing + town.radius * math.sin(azimuth),
        radius=rng.uniform(250, 700),
        up=-speed * math.sin(dip),
        east=speed * math.cos(dip) * math.sin(azimuth),
        shape=shape,
    )


def _make_bowl(rng, town, shape):
    """A bowl over an aquifer in a town; one of six rises, as after pumping has ended."""
    sign = 1 if rng.random() < 1 / 6 else -1
    return Structure(
        "bowl",
        town.easting + rng.uniform(-300, 300),
        town.northing + rng.uniform(-300, 300),
        radius=rng.uniform(600, 1800),
        up=sign * rng.uniform(5, 25),
        shape=shape,
        season=rng.uniform(1, 6),
    )
