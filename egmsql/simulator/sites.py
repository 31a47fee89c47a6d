"""What stands and moves in one site of 4 km: a town, villages, a bowl, landslides, often a dam.

The middle site of the island has all of it, so the smallest region shows every kind.
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from egmsql.simulator.randomness import Stream, generator
from egmsql.simulator.terrain import CENTRE, downslopes, heights, margins

SITE = 4_000  # m
KINDS = ("countryside", "town", "village", "bowl", "landslide", "dam", "reservoir", "earthquake")
SHAPES = ("stable", "linear", "accelerating", "decelerating", "velocity_change", "step")

_MARGIN = 60  # m between the things of a site, and to its border
_STEEP = 0.08  # m a m: flatter ground does not slide
_NOWHERE = 2**15  # makes rows and columns of sites positive


@dataclass
class Structure:
    """Something on the ground, an ellipse, with the motion of its middle; years count from 1 January 2020.

    Along its direction it has moved by rate·T + acceleration·T²/2 + total·(1 - exp(-(T - start)/tau))
    + change·max(T - turn, 0) at time T.
    """

    kind: int  # index into KINDS
    easting: float  # m
    northing: float
    radius: float  # m, half of the long axis
    width: float  # m, half of the short axis
    angle: float  # radians of the long axis, counter-clockwise from east
    shape: int = 0  # index into SHAPES
    rate: float = 0.0  # mm/yr; bowls: up, landslides: down the slope, dams: along the short axis
    acceleration: float = 0.0  # mm/yr2
    total: float = 0.0  # mm
    tau: float = 1.0  # years
    start: float = 0.0  # year
    change: float = 0.0  # mm/yr
    turn: float = 0.0  # year


COLUMNS = {field.name: at for at, field in enumerate(fields(Structure))}


def make_site(seed, terrain, row, column):
    """Return the Structures of the site `row` sites north and `column` east of the island's middle."""
    rng = generator(seed, Stream.GROUND, row + _NOWHERE, column + _NOWHERE)
    is_home = row == column == 0
    x, y = (axis.ravel() for axis in np.meshgrid(*[np.linspace(-1_750, 1_750, 36)] * 2))
    x, y = x + CENTRE[0] + column * SITE, y + CENTRE[1] + row * SITE
    steepness = downslopes(x, y, terrain.waves, terrain.coast)[1]
    found = []
    free = _Room(x, y, terrain, found)
    radius = rng.uniform(420, 650)
    central = np.hypot(x - CENTRE[0] - column * SITE, y - CENTRE[1] - row * SITE) < 800
    town = free.best(-steepness - 9 * ~central, radius)
    if town is None:
        return []
    found.append(_round("town", *town, radius))
    if is_home or rng.random() < 0.7:
        size = radius * rng.uniform(0.45, 0.65)
        found.append(_make_bowl(rng, town, size, 0 if is_home else rng.integers(3)))
    if is_home or rng.random() < 0.4:
        found += _make_dam(rng, free, heights(x, y, terrain.waves, terrain.coast))
    for number in range(3):
        if is_home or rng.random() < 0.7:
            found += _make_landslide(rng, terrain, free, steepness, (number + row + column) % 3)
    size = rng.uniform(240, 360)
    if (is_home or rng.random() < 0.6) and (at := free.best(-steepness, size)):
        found.append(_make_bowl(rng, at, size, 1 if is_home else rng.integers(3)))
    for _ in range(2):
        size = rng.uniform(90, 200)
        if at := free.best(rng.random(len(x)), size):
            found.append(_round("village", *at, size))
    # Where several lie, the last one counts: a bowl in a town must follow it.
    return found


class _Room:
    """The places of a site, and which of them are free."""

    def __init__(self, x, y, terrain, taken):
        self.x, self.y, self._taken = x, y, taken
        self._inland = margins(x, y, terrain.coast)

    def best(self, scores, radius):
        """Return the place with the highest score where something of a radius (m) fits, or None."""
        free = self._inland > radius + _MARGIN
        for other in self._taken:
            apart = np.hypot(self.x - other.easting, self.y - other.northing)
            free &= apart > other.radius + radius + _MARGIN
        x, y = self.x - self.x.mean(), self.y - self.y.mean()
        free &= np.maximum(np.abs(x), np.abs(y)) < SITE / 2 - radius - 20
        at = np.argmax(np.where(free, scores, -np.inf))
        return (self.x[at], self.y[at]) if free.any() else None


def _round(kind, easting, northing, radius, **motion):
    return Structure(KINDS.index(kind), easting, northing, radius, radius, 0.0, **motion)


def _make_bowl(rng, at, radius, which):
    """Return a bowl: it consolidates, its pumping changes, or it moves evenly; some rise."""
    speed = rng.uniform(6, 22) * (-1 if rng.random() < 0.85 else 1)
    if which == 0:
        tau, start = rng.uniform(1.2, 3.5), rng.uniform(-4.5, -2.5)
        motion = {"shape": SHAPES.index("decelerating"), "tau": tau, "start": start}
        # Loaded in 2015 to 2017; at the start of 2020 it still moves twice as fast as others.
        motion["total"] = 2 * speed * tau * math.exp(-start / tau)
    elif which == 2:
        motion = {"shape": SHAPES.index("linear"), "rate": speed}
    else:
        turn = rng.uniform(1.5, 3.2)
        motion = {
            "shape": SHAPES.index("velocity_change"),
            "rate": speed,
            "turn": turn,
            "change": -0.8 * speed,
        }
    return _round("bowl", *at, radius, **motion)


def _make_landslide(rng, terrain, free, steepness, which):
    """Return a landslide on the steepest free place, long down the slope: slow, accelerating or reactivated.

    In a list, which is empty where nothing is steep or free.
    """
    length = rng.uniform(220, 400)
    if (at := free.best(steepness, length)) is None:
        return []
    x, y = at
    (down,), (tangent,) = downslopes(np.array([x]), np.array([y]), terrain.waves, terrain.coast)
    if tangent < _STEEP:
        return []
    speed = rng.uniform(8, 28)
    motion = (
        {"shape": SHAPES.index("accelerating"), "rate": speed / 2, "acceleration": speed / 2 * 0.25},
        {"shape": SHAPES.index("linear"), "rate": speed},
        {
            "shape": SHAPES.index("velocity_change"),
            **{"rate": speed / 4, "turn": rng.uniform(1.5, 3.2), "change": speed},
        },
    )[which]
    angle = math.atan2(down[1], down[0])
    width = length * rng.uniform(0.5, 0.8)
    return [Structure(KINDS.index("landslide"), x, y, length, width, angle, **motion)]


def _make_dam(rng, free, altitudes):
    """Return a reservoir in the lowest free place and the dam at its end, which settles and swings."""
    length = rng.uniform(280, 380)
    if (at := free.best(-altitudes, length + 160)) is None:
        return []
    x, y = at
    angle = rng.uniform(0, 2 * math.pi)
    width = length * 0.45
    reservoir = Structure(KINDS.index("reservoir"), x, y, length, width, angle)
    at = (x + (length + 150) * math.cos(angle), y + (length + 150) * math.sin(angle))
    motion = {"tau": 6.0, "start": -6.0, "total": rng.uniform(40, 90), "shape": SHAPES.index("decelerating")}
    return [reservoir, Structure(KINDS.index("dam"), *at, width, 70.0, angle + math.pi / 2, **motion)]
