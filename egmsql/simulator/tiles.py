"""Rows of one L3 tile: both components from L2b series by the producer's recipe, a band of cells at a time.

Source: egms-format.md, section 10. Every series is put on the L3 dates by its nearest acquisition, the mean
of both on a tie; each cell that both geometries see is one unweighted least-squares problem for east and up,
date by date, without north. Series of a band are made again here, so memory does not grow with the region.
"""

import numba
import numpy as np

from egmsql import pids
from egmsql.simulator.columns import column_decimals, column_names, matrix
from egmsql.simulator.epochs import days_since, nearest
from egmsql.simulator.observer import Observer, years_of
from egmsql.simulator.paths import Facts, Period
from egmsql.simulator.region import CELL_SIDE, TILE_SIDE
from egmsql.simulator.statistics import Fits, publish
from egmsql.simulator.terrain import gnss_velocity
from egmsql.simulator.text import format_rows
from egmsql.simulator.truth import describe_cells

_ROWS, _COLUMNS = 10, TILE_SIDE // CELL_SIDE  # cells of a band
_REACH = 106  # m from the middle of a block to its corner
_CHUNK = 4096  # points made at once
_N_FACTS = 6


class TileMaker:
    """Makes the bands of one tile; `products` are its components, made together."""

    def __init__(self, products, ground):
        self.products, self._ground = products, ground
        tile = products[0]
        fits = Fits.at(days_since(tile.epochs[0], tile.epochs))
        self._fits, self._period = fits, Period(ground, years_of(tile.epochs), fits)
        self._names = column_names("L3", tile.header)
        self._decimals = column_decimals("L3", tile.header)
        self._sources = [source for view in tile.views if (source := _Source(ground, view, tile)).is_inside]
        self._bands = sorted({band for source in self._sources for band in source.bands})

    @property
    def n_batches(self):
        """How many bands of the tile have points."""
        return len(self._bands)

    def make(self, number):
        """Return the csv lines (uint8 arrays) and the truths (record batches) of one band, by component."""
        band = self._bands[number]
        sums = _Sums(len(self._fits.t), *self._extent(band))
        for source in self._sources:
            source.add(band, self._period, sums)
        cells = sums.cells()
        rows, columns = np.divmod(cells, sums.n_columns)
        corner = self.products[0].corner
        eastings = corner[0] + (columns + sums.first) * CELL_SIDE + CELL_SIDE / 2
        northings = corner[1] + (band * _ROWS + rows) * CELL_SIDE + CELL_SIDE / 2
        places = {"easting": eastings, "northing": northings, "height_ortho": sums.heights(cells)}
        names = ("gnss_velocity_n", "gnss_velocity_e", "gnss_velocity_u")
        places |= dict(zip(names, gnss_velocity(eastings, northings), strict=True))
        made = [self._make_component(product, sums, cells, places) for product in self.products]
        return [text for text, _ in made], [truth for _, truth in made]

    def _make_component(self, product, sums, cells, places):
        """Return csv lines and truth of one component of a band; sums along it are solved cell by cell."""
        axis = "EU".index(product.name.component)
        series = _solve(sums.normal, sums.series, cells, axis)
        published = publish(series, self._fits)
        series -= published["offset"].astype(np.float32)[:, None]
        # Without a facility of its own: EGMS's tiles all come from EGEOS.
        pid = pids.encode_l3(product.facility, places["easting"], places["northing"])
        rows = format_rows(
            pid, matrix(places | published, self._names), self._decimals, series, product.is_padded
        )
        facts = Facts.from_stacked(
            _solve(sums.normal, sums.facts, cells, axis).astype(float), sums.areas[cells]
        )
        plate = places[("gnss_velocity_e", "gnss_velocity_u")[axis]]
        return rows, describe_cells(product, self._period, facts, plate, pid, places)

    def _extent(self, band):
        """Return the first column of cells in which a band may have points, and how many columns."""
        found = [source.columns[band] for source in self._sources if band in source.columns]
        first, last = min(low for low, _ in found), max(high for _, high in found)
        return first, last - first + 1


class _Source:
    """One burst's points in one tile."""

    def __init__(self, ground, view, tile):
        self._observer, self._corner = Observer(ground, view), tile.corner
        self._is_ascending = view.burst.track.is_ascending
        blocks, track = view.blocks, view.burst.track
        east, north = track.on_ground(blocks.first_lines + 5, blocks.first_pixels + 20)
        east, north = east - tile.corner[0], north - tile.corner[1]
        near = (np.minimum(east, north) > -_REACH) & (np.maximum(east, north) < TILE_SIDE + _REACH)
        self._blocks, east, north = blocks.take(near), east[near], north[near]
        height = _ROWS * CELL_SIDE
        low = np.maximum((north - _REACH) // height, 0).astype(int)
        high = np.minimum((north + _REACH) // height, TILE_SIDE // height - 1).astype(int)
        self._near = {band: np.flatnonzero((low <= band) & (band <= high)) for band in np.unique([low, high])}
        self.columns = {band: self._columns_of(east[chosen]) for band, chosen in self._near.items()}
        self._indices = nearest(view.epochs, tile.epochs)

    @property
    def is_inside(self):
        return len(self._blocks) > 0

    @property
    def bands(self):
        return self._near

    @staticmethod
    def _columns_of(east):
        low, high = (east.min() - _REACH) // CELL_SIDE, (east.max() + _REACH) // CELL_SIDE
        return max(int(low), 0), min(int(high), _COLUMNS - 1)

    def add(self, band, period, sums):
        """Add the points of a band to the sums of its cells."""
        if band not in self._near:
            return
        chosen = self._near[band]
        ends = np.cumsum(self._blocks.counts[chosen])
        starts = np.unique(np.searchsorted(ends, np.arange(0, ends[-1], _CHUNK), side="right"))
        for some in np.split(chosen, starts[1:]):
            self._add_some(self._blocks.take(some), band, period, sums)

    def _add_some(self, blocks, band, period, sums):
        seen = self._observer.observe(blocks)
        points = seen.points
        # The cell is the one of the written coordinates.
        columns = (np.round(points.eastings, 2) - self._corner[0]) // CELL_SIDE - sums.first
        rows = (np.round(points.northings, 2) - self._corner[1]) // CELL_SIDE - band * _ROWS
        inside = (columns >= 0) & (columns < sums.n_columns) & (rows >= 0) & (rows < _ROWS)
        cells = np.where(inside, rows * sums.n_columns + columns, -1).astype(np.int64)
        progress, of_tile = period.progress(seen.motion.area)
        seen.paths.structure = of_tile
        facts = period.facts(seen.motion.area, seen.paths, progress)
        sums.add(cells, seen.looks.los, self._is_ascending, seen.series, self._indices, facts)
        sums.add_places(cells, np.round(self._observer.heights(points), 1), facts)


class _Sums:
    """What least squares need to know of the points of each cell of a band; 4 kB a cell."""

    def __init__(self, n_epochs, first, n_columns):
        self.first, self.n_columns = first, n_columns
        n = _ROWS * n_columns
        self.normal = np.zeros((n, 3))  # sums of east², east·up, up²
        self.counts = np.zeros((n, 2), dtype=np.int64)  # points seen while descending, ascending
        self.series = np.zeros((n, 2, n_epochs), dtype=np.float32)
        self.facts = np.zeros((n, 2, _N_FACTS), dtype=np.float32)
        self.areas = np.full(n, -1)
        self._strongest = np.zeros(n)
        self._height = np.zeros(n)

    def add(self, cells, los, is_ascending, series, indices, facts):
        """Add the series and facts of points; a cell of -1 is none."""
        one, other = indices
        _add(cells, los, int(is_ascending), series, one, other, self.normal, self.counts, self.series)
        _add_plain(cells, los, facts.stacked(), self.facts)

    def add_places(self, cells, heights, facts):
        """Add the heights of points; remember the area that moves most, or else any."""
        _add_heights(
            cells, heights, facts.area, np.abs(facts.pace) + 1e-6, self._height, self._strongest, self.areas
        )

    def cells(self):
        """Return the cells that both geometries see, from south to north and west to east."""
        return np.flatnonzero((self.counts > 0).all(axis=1))

    def heights(self, cells):
        """Return the mean height of all points of cells (m)."""
        return self._height[cells] / self.counts[cells].sum(axis=1)


@numba.njit(nogil=True, cache=True)
def _add(cells, los, geometry, series, one, other, normal, counts, sums):
    for i in range(len(cells)):
        cell = cells[i]
        if cell < 0:
            continue
        east, up = los[i, 0], los[i, 2]
        normal[cell, 0] += east * east
        normal[cell, 1] += east * up
        normal[cell, 2] += up * up
        counts[cell, geometry] += 1
        half_east, half_up = np.float32(east / 2), np.float32(up / 2)
        for e in range(len(one)):
            twice = series[i, one[e]] + series[i, other[e]]
            sums[cell, 0, e] += half_east * twice
            sums[cell, 1, e] += half_up * twice


@numba.njit(nogil=True, cache=True)
def _add_plain(cells, los, facts, sums):
    for i in range(len(cells)):
        if cells[i] >= 0:
            for k in range(facts.shape[1]):
                sums[cells[i], 0, k] += los[i, 0] * facts[i, k]
                sums[cells[i], 1, k] += los[i, 2] * facts[i, k]


@numba.njit(nogil=True, cache=True)
def _add_heights(cells, heights, area, strength, sums, strongest, areas):
    for i in range(len(cells)):
        if cells[i] >= 0:
            sums[cells[i]] += heights[i]
            if area[i] >= 0 and strength[i] > strongest[cells[i]]:
                strongest[cells[i]], areas[cells[i]] = strength[i], area[i]


@numba.njit(nogil=True, cache=True)
def _solve(normal, sums, cells, axis):
    """Return the east (axis 0) or up (axis 1) that fits the sums of each cell best, at every date."""
    found = np.empty((len(cells), sums.shape[2]), dtype=np.float32)
    for i in range(len(cells)):
        ee, eu, uu = normal[cells[i]]
        own, cross = (uu, ee)[axis], eu
        determinant = ee * uu - eu * eu
        for e in range(sums.shape[2]):
            found[i, e] = (own * sums[cells[i], axis, e] - cross * sums[cells[i], 1 - axis, e]) / determinant
    return found
