"""Which products a simulation makes: their names, their places in Italy and beyond, how many points each.

Bursts come in pairs: product 2k ascends and product 2k + 1 descends over the same patch of ground. Tracks
follow each other eastwards as Sentinel-1's do; the burst numbers are near the real ones of Naples.
"""

import datetime
import math
from dataclasses import dataclass

from egmsql.errors import SettingError
from egmsql.products import ProductName
from egmsql.simulator.epochs import burst_epochs, tile_epochs
from egmsql.simulator.places import N_PIXELS, BurstPlaces, TilePlaces

POINTS_PER_BURST, POINTS_PER_TILE = 100_000, 200_000  # at most, unless `products` says how many files

_PAIR_AT_LEAST = 1_000  # points: fewer go into one burst
_WEST, _SOUTH = 4_650_000, 1_990_000  # m, the first patch
_PATCH_EAST, _PATCH_NORTH = 80_000, 19_000  # m, a burst is slightly larger
_PATCH_ROWS, _PATCH_COLUMNS = 40, 21
_FIRST_TILE, _TILES_EAST, _TILES_NORTH = (46, 20), 10, 10
_SLANT_SPACING = 2.33  # m, a pixel along the line of sight
_SWATH_INCIDENCE = {1: 30.3, 2: 36.2, 3: 41.3}  # degrees at pixel 0
_INCIDENCE_PER_PIXEL = 2.39e-4  # degrees; both as on the real bursts


@dataclass(frozen=True)
class View:
    """How the satellite looks at a burst."""

    is_ascending: bool
    track_angle: float  # degrees clockwise from north
    near_incidence: float  # degrees at pixel 0

    def incidence(self, pixels):
        """Return the incidence angle (degrees) at pixels."""
        return self.near_incidence + _INCIDENCE_PER_PIXEL * pixels


@dataclass(frozen=True)
class Product:
    """One file to make."""

    name: ProductName
    index: int  # the number of the file: seeds its random numbers
    n_points: int
    epochs: tuple[datetime.date, ...]
    places: BurstPlaces | TilePlaces
    view: View | None  # None on L3


def plan_products(arguments, ground):
    """Return the products that the arguments ask for; points are spread evenly, the first have one more."""
    make = _make_tile if arguments.level == "L3" else _make_burst
    n_products = _count(arguments)
    rest = arguments.points % n_products
    return [
        make(arguments, ground, index, arguments.points // n_products + (index < rest))
        for index in range(n_products)
    ]


def _count(arguments):
    if arguments.level == "L3":
        n_components = 1 if arguments.component else min(2, arguments.points)
        most, capacity = _TILES_EAST * _TILES_NORTH * (1 if arguments.component else 2), TilePlaces.capacity
        wanted = -(-arguments.points // (n_components * POINTS_PER_TILE)) * n_components
    else:
        most, capacity = 2 * _PATCH_ROWS * _PATCH_COLUMNS, BurstPlaces.capacity
        # An even number: every patch is seen by both geometries.
        pairs = -(-arguments.points // (2 * POINTS_PER_BURST))
        wanted = 1 if arguments.points < _PAIR_AT_LEAST else 2 * pairs
    n_products = arguments.products or min(wanted, most)
    if n_products > most:
        raise SettingError(f"products {n_products}", "are more than the region has", f"give at most {most}")
    if arguments.points > n_products * capacity:
        wrong = f"are more than {n_products} file(s) of {capacity} cells hold"
        raise SettingError(f"points {arguments.points}", wrong, "give fewer points or more products")
    return n_products


def _make_burst(arguments, ground, index, n_points):
    patch, is_descending = divmod(index, 2)
    column, row = divmod(patch, _PATCH_ROWS)
    # The satellite looks to its right: ascending, IW1 is the westernmost swath, descending the easternmost.
    swath = 3 - column % 3 if is_descending else column % 3 + 1
    track = ((22 if is_descending else 44) + 102 * (column // 3) - 1) % 175 + 1
    burst = 833 - row if is_descending else 240 + row
    view = View(not is_descending, 191.42 if is_descending else -8.94, _SWATH_INCIDENCE[swath])
    centre = (_WEST + column * _PATCH_EAST, _SOUTH + row * _PATCH_NORTH)
    spacing = round(_SLANT_SPACING / math.sin(math.radians(view.incidence(N_PIXELS // 2))), 2)
    return Product(
        name=ProductName(arguments.level, track, burst, swath, "VV", **_suffix(arguments)),
        index=index,
        n_points=n_points,
        epochs=tuple(burst_epochs(arguments.seed, track, burst, arguments.release)),
        places=BurstPlaces(ground, (track, burst, swath), centre, view.track_angle, spacing),
        view=view,
    )


def _make_tile(arguments, ground, index, n_points):
    # A component alone is the file that it is beside the other.
    number, second = (index, "EU".index(arguments.component)) if arguments.component else divmod(index, 2)
    east, north = _FIRST_TILE[0] + number % _TILES_EAST, _FIRST_TILE[1] + number // _TILES_EAST
    tile = f"E{east}N{north}"
    return Product(
        name=ProductName("L3", tile=tile, component="EU"[second], **_suffix(arguments)),
        index=2 * number + second,
        n_points=n_points,
        epochs=tuple(tile_epochs(arguments.release)),
        places=TilePlaces(ground, (east, north), n_points),
        view=None,
    )


def _suffix(arguments):
    return {"release": arguments.release, "version": 1} if arguments.suffix else {}
