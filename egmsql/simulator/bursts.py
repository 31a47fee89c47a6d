"""Rows of one L2 file: batches of csv text with their truth, in any order and thread."""

import numpy as np

from egmsql import pids
from egmsql.simulator.columns import column_decimals, column_names, describe_places, matrix
from egmsql.simulator.observer import Observer
from egmsql.simulator.randomness import normals, shares
from egmsql.simulator.scatterers import block_keys
from egmsql.simulator.statistics import Fits, publish
from egmsql.simulator.text import format_rows
from egmsql.simulator.truth import describe_points

BATCH = 4096  # rows, or little more: whole blocks

_MISSING_POINTS = 0.1  # share of the points that miss epochs, if any do


class BurstMaker:
    """Makes the batches of one BurstProduct."""

    def __init__(self, product, arguments, ground):
        self.product, self.products = product, (product,)
        self._missing = arguments.missing
        level, header = product.name.level, product.header
        self._observer = Observer(ground, product.view, is_absolute=level == "L2b")
        self._names, self._decimals = column_names(level, header), column_decimals(level, header)
        # Real files are in no order: blocks are shuffled, and points in a batch.
        blocks = product.view.blocks
        self._blocks = blocks.take(np.argsort(block_keys(ground.seed, product.burst.track, blocks)))
        ends = np.cumsum(self._blocks.counts)
        starts = np.searchsorted(ends, np.arange(0, ends[-1], BATCH), side="right")
        self._starts = [*np.unique(starts).tolist(), len(ends)]

    @property
    def n_batches(self):
        """How many batches the file has."""
        return len(self._starts) - 1

    def make(self, number):
        """Return the csv lines (uint8 array) and the truth (record batch) of one batch, each in a list."""
        product = self.product
        seen = self._observer.observe(
            self._blocks.take(slice(self._starts[number], self._starts[number + 1])), is_shuffled=True
        )
        points, series = seen.points, seen.series
        columns = describe_places(points, self._observer.heights(points), seen.looks, _dispersions(seen))
        columns |= self._publish(seen)
        rows = format_rows(
            self._pids(product.burst, points.lines, points.pixels),
            matrix(columns, self._names),
            self._decimals,
            series,
            product.is_padded,
        )
        pid, twins = self._pids(product.burst, points.lines, points.pixels), self._twins(points)
        return [rows], [describe_points(product, self._observer, seen, pid, twins)]

    def _publish(self, seen):
        """Return the published statistics; shift the series as EGMS does, and empty cells."""
        series, fits = seen.series, self._observer.fits
        published = publish(series, fits)
        if self._missing:
            self._lose(published, seen)
        series -= published["offset"].astype(np.float32)[:, None]
        if "gnss_velocity" in self._names:
            published["gnss_velocity"] = seen.plate
            # The series carry the smooth rate, the column the rounded one (egms-format.md, section 8).
            published["mean_velocity"] = published["mean_velocity"] - seen.plate + np.round(seen.plate, 1)
        return published

    def _lose(self, published, seen):
        """Make epochs of a tenth of the points missing, and fit those points to the others."""
        series, passes = seen.series, self._observer.clock.passes
        rows = np.flatnonzero(shares(seen.points.keys, 41) < _MISSING_POINTS)
        draws = np.stack([shares(seen.points.keys[rows], 10_000 + int(one)) for one in passes], axis=1)
        present = draws.argsort(axis=1).argsort(axis=1) >= round(self._missing * len(passes))
        if len(rows) and not present.all():
            days = self._observer.fits.t * 365
            for name, values in publish(series[rows], Fits.at(days, present)).items():
                published[name][rows] = values
            series[rows] = np.where(present, series[rows], np.float32(np.nan))

    def _pids(self, burst, lines, pixels):
        number = (burst.track.number, burst.number, burst.swath, "VV")
        return pids.encode_l2(burst.track.facility, *number, lines, pixels)

    def _twins(self, points):
        """Return the pids that points have in the delivered burst before, as digits, and which have one."""
        neighbour, burst = self.product.neighbour, self.product.burst
        lines = points.lines + burst.first_line - (neighbour or burst).first_line
        has_twin = (points.lines < lines) & (lines < 1_470)
        return self._pids(neighbour or burst, np.where(has_twin, lines, 0), points.pixels), has_twin


def _dispersions(seen):
    """Return amplitude dispersions: what scatters badly has a high one. As on Ustica, 0.2 to 0.6."""
    keys = seen.points.keys
    dispersion = 0.13 + 0.1 * seen.traits.sigma + 0.05 * normals(keys, 42)
    return np.clip(np.where(shares(keys, 43) < 0.01, 2 * dispersion, dispersion), 0.09, 1.5)
