"""Which products a simulation makes: the size of the island, its bursts and tiles, the points of each."""

import datetime
import math
from dataclasses import dataclass

import numpy as np

from egmsql.errors import SettingError
from egmsql.products import ProductName
from egmsql.simulator.epochs import burst_passes, tile_epochs, track_passes
from egmsql.simulator.ground import Ground
from egmsql.simulator.scatterers import BURST_CAPACITY, Blocks, block_keys, share_out, survey
from egmsql.simulator.tracks import TRACKS, Burst, bursts_over

TILE_SIDE, CELL_SIDE = 100_000, 100  # m
_DENSITY = 1_100  # points a km² and track on a natural island
_SMALLEST, _LARGEST = 3_200.0, 130_000.0  # m, radius: room for one town, and for three swaths
_MOST_PRODUCTS = 100


@dataclass(frozen=True)
class View:
    """One burst in one release: where its points are and when they were seen."""

    burst: Burst
    release: str
    blocks: Blocks  # those with points
    passes: tuple[int, ...]  # numbers in the list of the track

    @property
    def epochs(self):
        """Dates of the passes."""
        dates = track_passes(self.burst.track.number)
        return tuple(dates[number] for number in self.passes)


@dataclass(frozen=True)
class BurstProduct:
    """One L2 file to make."""

    name: ProductName
    view: View
    neighbour: Burst | None  # the delivered burst before, with which it shares points
    header: str
    is_padded: bool

    @property
    def burst(self):
        """Which burst it shows."""
        return self.view.burst

    @property
    def epochs(self):
        """Dates of its columns."""
        return self.view.epochs

    @property
    def facility(self):
        """Who made it."""
        return self.burst.track.facility

    @property
    def n_points(self):
        """Rows of the file."""
        return int(self.view.blocks.counts.sum())


@dataclass(frozen=True)
class TileProduct:
    """One component of one L3 tile to make; both components of a tile are made together."""

    name: ProductName
    views: tuple[View, ...]  # all bursts of the release
    epochs: tuple[datetime.date, ...]
    header: str
    is_padded: bool
    facility: int = 1

    @property
    def corner(self):
        """South-west corner of the tile (m)."""
        return int(self.name.tile[1:3]) * TILE_SIDE, int(self.name.tile[4:6]) * TILE_SIDE


@dataclass(frozen=True)
class Region:
    """The ground and all products that look at it; tiles as tuples of their components."""

    ground: Ground
    bursts: tuple[BurstProduct, ...]
    tiles: tuple[tuple[TileProduct, ...], ...]


def plan_region(arguments):
    """Return the Region that the arguments ask for."""
    if arguments.products and arguments.points > arguments.products * BURST_CAPACITY:
        wrong = f"are more than {arguments.products} file(s) of {BURST_CAPACITY} hold"
        raise SettingError(f"points {arguments.points}", wrong, "give fewer points or more products")
    radius = _natural_radius(arguments)
    while True:
        ground = Ground(arguments.seed, radius)
        surveys = {track: survey(track, ground) for track in TRACKS[: arguments.tracks]}
        bursts = _choose(arguments, surveys, radius)
        if bursts is not None:
            break
        radius *= 1.3
    shared = _share_out(arguments, surveys, bursts)
    views = {
        release: tuple(
            View(burst, release, blocks, tuple(burst_passes(arguments.seed, *_key(burst), release)))
            for burst, blocks in shared.items()
        )
        for release in arguments.releases
    }
    tiles = ()
    if "L3" in arguments.levels:
        tiles = tuple(tile for release in views for tile in _tiles(arguments, release, views[release]))
    return Region(ground, tuple(_burst_products(arguments, views)), tiles)


def _key(burst):
    return burst.track.number, burst.number


def _natural_radius(arguments):
    # With `products`, two bursts of each track see the island, half of it each.
    n_halves = 2 * arguments.tracks if arguments.products is None else arguments.products
    covered = min(n_halves, 2 * arguments.tracks) / 2
    radius = 1_000 * math.sqrt(arguments.points / _DENSITY / covered / math.pi)
    return min(max(radius, _SMALLEST), _LARGEST)


def _choose(arguments, surveys, radius):
    """Return the bursts to deliver, the middle ones first, tracks in turns; None if there are too few."""
    turns = []
    for at, (track, blocks) in enumerate(surveys.items()):
        seen = [burst for burst in bursts_over(track, radius) if blocks.seen_by(burst).any()]
        turns += [(turn, at, burst) for turn, burst in enumerate(seen)]
    bursts = [burst for _, _, burst in sorted(turns, key=lambda turn: turn[:2])]
    if arguments.products is None:
        return bursts[: arguments.points]
    if arguments.products > _MOST_PRODUCTS:
        raise SettingError(
            f"products {arguments.products}", "are more than the region has", f"give at most {_MOST_PRODUCTS}"
        )
    return bursts[: arguments.products] if arguments.products <= len(bursts) else None


def _share_out(arguments, surveys, bursts):
    """Return the Blocks with points that each burst sees, by burst."""
    tracks = [track for track in surveys if any(burst.track == track for burst in bursts)]
    lengths = [len(surveys[track]) for track in tracks]
    seen = [
        sum(surveys[track].seen_by(burst).astype(int) for burst in bursts if burst.track == track)
        for track in tracks
    ]
    counts = share_out(
        arguments.points,
        np.concatenate([surveys[track].counts for track in tracks]),
        np.concatenate(seen),
        np.concatenate([block_keys(arguments.seed, track, surveys[track]) for track in tracks]),
    )
    starts = dict(zip(tracks, np.cumsum([0, *lengths[:-1]]), strict=True))
    rows = {b: starts[b.track] + np.flatnonzero(surveys[b.track].seen_by(b)) for b in bursts}
    _fill_empty(counts, np.concatenate(seen), rows)
    shared = {}
    for burst in bursts:
        blocks, own = surveys[burst.track], rows[burst][counts[rows[burst]] > 0]
        chosen = own - starts[burst.track]
        shared[burst] = Blocks(blocks.first_lines[chosen], blocks.first_pixels[chosen], counts[own])
    return {burst: blocks for burst, blocks in shared.items() if len(blocks)}


def _fill_empty(counts, seen, rows):
    """Give every burst a point, if it can be taken from another; their number together stays.

    Parameters
    ----------
    counts, seen : int arrays
        Points of each block, changed here, and how many bursts see it.
    rows : dict of int arrays
        Which blocks each burst sees.
    """
    for own in rows.values():
        if counts[own].any():
            continue
        receiver = own[np.argmin(seen[own])]
        poor = [theirs for theirs in rows.values() if counts[theirs].sum() <= seen[receiver]]
        donors = np.setdiff1d(np.flatnonzero(counts > 0), np.concatenate(poor))
        alike, single = donors[seen[donors] == seen[receiver]], donors[seen[donors] == 1]
        chosen = alike[:1] if len(alike) else single[: seen[receiver]]
        if len(chosen) and seen[chosen].sum() == seen[receiver]:
            counts[receiver] += 1
            counts[chosen] -= 1


def _burst_products(arguments, views):
    for release, seen in views.items():
        delivered = {(view.burst.track, view.burst.row, view.burst.column): view.burst for view in seen}
        for level in ("L2a", "L2b"):
            if level not in arguments.levels:
                continue
            for view in seen:
                burst = view.burst
                name = ProductName(level, *_key(burst), burst.swath, "VV", **_suffix(arguments, release))
                neighbour = delivered.get((burst.track, burst.row - 1, burst.column))
                is_padded = arguments.is_padded(release, burst.track.facility)
                yield BurstProduct(name, view, neighbour, arguments.header_of(release), is_padded)


def _tiles(arguments, release, views):
    if len({view.burst.track.is_ascending for view in views}) < 2:
        return
    epochs = tuple(tile_epochs([view.epochs for view in views]))
    style = (arguments.header_of(release), arguments.is_padded(release, 1))
    for tile in _tiles_with(views):
        yield tuple(
            TileProduct(
                ProductName("L3", tile=tile, component=component, **_suffix(arguments, release)),
                views,
                epochs,
                *style,
            )
            for component in "EU"
            if arguments.component in (None, component)
        )


def _tiles_with(views):
    """Return the names of the tiles in which the middles of blocks lie, from south to north."""
    corners = set()
    for view in views:
        east, north = view.burst.track.on_ground(view.blocks.first_lines, view.blocks.first_pixels)
        corners |= set(
            zip(
                (north // TILE_SIDE).astype(int).tolist(),
                (east // TILE_SIDE).astype(int).tolist(),
                strict=True,
            )
        )
    return [f"E{east:02d}N{north:02d}" for north, east in sorted(corners)]


def _suffix(arguments, release):
    return {"release": release, "version": 1} if arguments.suffix else {}
