"""One batch of rows of one product, from nothing to csv text and truth."""

from dataclasses import dataclass

import numpy as np

from egmsql import pids
from egmsql.simulator.columns import column_decimals, column_names, describe_places, matrix
from egmsql.simulator.epochs import YEAR, days_since
from egmsql.simulator.ground import KINDS, REFERENCE_YEAR, SHAPES, gnss_velocity
from egmsql.simulator.metadata import FACILITY
from egmsql.simulator.randomness import Stream, generator
from egmsql.simulator.series import FADING, Motions, compose
from egmsql.simulator.statistics import Fits, publish
from egmsql.simulator.text import format_rows

BATCH = 4096  # rows; part of what the seed means: another size makes other files

_L3_FADING = 0.85  # the grid of L3 interpolates, so its residuals stay correlated for longer
# Of neighbouring epochs; residuals of a fit show about 0.05 less.
_CORRELATION = {"L2a": (0.2, 0.57), "L2b": (0.2, 0.57), "L3": (0.5, 0.84)}
_MISSING_POINTS = 0.1  # share of the points that miss epochs, if any do
_REFERENCE = np.datetime64(f"{REFERENCE_YEAR}-01-01")


@dataclass(frozen=True)
class Looks:
    """How a satellite sees points; unit vectors from the ground to it. Source: egms-format.md, section 9."""

    incidence: np.ndarray  # degrees
    track_angle: np.ndarray  # degrees clockwise from north
    east: np.ndarray
    north: np.ndarray
    up: np.ndarray

    @classmethod
    def at(cls, view, pixels):
        """Return the Looks of a View at pixels."""
        incidence = view.incidence(pixels)
        track_angle = np.full(len(pixels), view.track_angle)
        track, sine = np.radians(track_angle), np.sin(np.radians(incidence))
        los = (-np.cos(track) * sine, np.sin(track) * sine, np.cos(np.radians(incidence)))
        return cls(incidence, track_angle, *los)


class BatchMaker:
    """Makes the batches of one product, in any order and thread."""

    def __init__(self, product, arguments, ground):
        self.product, self.arguments, self.ground = product, arguments, ground
        self.days = days_since(product.epochs[0], product.epochs)
        self.fits = Fits.at(self.days)
        self.names = column_names(arguments.level, arguments.header)
        self.decimals = column_decimals(arguments.level, arguments.header)
        product.places.locate(0, 1)  # prepares its blocks once, before threads share them

    @property
    def n_batches(self):
        """How many batches the product has."""
        return -(-self.product.n_points // BATCH)

    def make(self, number):
        """Return the csv lines (uint8 array) and the truth (dict of arrays) of one batch."""
        first = number * BATCH
        places = self.product.places.locate(first, min(first + BATCH, self.product.n_points))
        looks = Looks.at(self.product.view, places.pixels) if self.product.view else None
        rng = self._rng(Stream.SCATTERERS, number)
        motion = self.ground.motion(places.eastings, places.northings)
        motions = self._look_at(motion, places, looks, rng)
        columns = describe_places(places, looks, rng, BATCH, motions.noise_sigma)
        series = compose(motions, self.days, self._noise_rng(number), FADING if looks else _L3_FADING)
        self._publish(columns, series, looks, places, number)
        rows = format_rows(
            self._pids(places),
            matrix(columns, self.arguments.level, self.arguments.header),
            self.decimals,
            series,
            self.arguments.decimals == "padded",
        )
        return rows, self._truth(places, motion, motions)

    def _rng(self, stream, number):
        return generator(self.arguments.seed, stream, self.product.index, number)

    def _noise_rng(self, number):
        # Two releases of one burst hold other noise, for their epochs differ.
        years = [int(year) for year in self.arguments.release.split("_")]
        return generator(self.arguments.seed, Stream.NOISE, self.product.index, number, *years)

    def _look_at(self, motion, places, looks, rng):
        """Return the Motions along the look direction: line of sight on L2, east or up on L3."""
        n = len(places.eastings)
        if looks:
            east, up = looks.east, looks.up
        else:
            east, up = (np.full(n, float(self.product.name.component == axis)) for axis in "EU")
        since = (np.datetime64(self.product.epochs[0]) - _REFERENCE).astype(int)
        acceleration = east * motion.east_acceleration + up * motion.up_acceleration
        velocity = east * motion.east_velocity + up * motion.up_velocity
        if self.arguments.level != "L2a":  # L2a is relative: it is not tied to the GNSS model
            velocity = velocity + self._gnss(places, east, up)
        median = np.where(motion.kind > 0, 3.0, 3.8)  # mm, the countryside scatters less well
        return Motions(
            initial_velocity=velocity + acceleration * since / YEAR,
            acceleration=acceleration,
            seasonality=up * motion.season,
            season_day=(motion.season_day - since) % YEAR,
            noise_sigma=np.clip(median * np.exp(rng.normal(0, 0.35, BATCH)[:n]), 0.5, 7.0),
            noise_correlation=rng.uniform(*_CORRELATION[self.arguments.level], BATCH)[:n],
        )

    @staticmethod
    def _gnss(places, east, up):
        # The real L2b files hold no north component.
        _, east_velocity, up_velocity = gnss_velocity(places.eastings, places.northings)
        return east * east_velocity + up * up_velocity

    def _publish(self, columns, series, looks, places, number):
        """Add the published statistics to the columns; shift the series as EGMS does, and empty cells."""
        published = publish(series, self.fits)
        if self.arguments.missing:
            self._lose(published, series, number)
        series -= published["offset"].astype(np.float32)[:, None]
        columns |= published
        if looks and "gnss_velocity" in self.names:
            smooth = self._gnss(places, looks.east, looks.up)
            columns["gnss_velocity"] = smooth
            # The series carry the smooth rate, the column the rounded one (egms-format.md, section 8).
            columns["mean_velocity"] = published["mean_velocity"] - smooth + np.round(smooth, 1)

    def _lose(self, published, series, number):
        """Make epochs of a tenth of the points missing, and fit those points to the others."""
        rng = self._rng(Stream.MISSING, number)
        rows = np.flatnonzero(rng.random(BATCH)[: len(series)] < _MISSING_POINTS)
        n_epochs = series.shape[1]
        order = rng.random((len(rows), n_epochs)).argsort(axis=1)
        present = order >= round(self.arguments.missing * n_epochs)
        if len(rows) and not present.all():
            for name, values in publish(series[rows], Fits.at(self.days, present)).items():
                published[name][rows] = values
            series[rows] = np.where(present, series[rows], np.float32(np.nan))

    def _pids(self, places):
        name = self.product.name
        if name.level == "L3":
            return pids.encode_l3(FACILITY, places.eastings, places.northings)
        burst = (name.track, name.burst, name.swath, name.polarisation)
        return pids.encode_l2(FACILITY, *burst, places.lines, places.pixels)

    def _truth(self, places, motion, motions):
        return {
            "pid": self._pids(places).view("S10").ravel().astype("U10"),
            "product": np.full(len(places.eastings), self.product.name.product),
            "easting": places.eastings,
            "northing": places.northings,
            # What EGMS's definition of mean_velocity finds without noise.
            "velocity_mm_yr": motions.initial_velocity + motions.acceleration * self.fits.half_square_slope,
            "acceleration_mm_yr2": motions.acceleration,
            "seasonality_mm": motions.seasonality,
            "season_day": motions.season_day,
            "noise_sigma_mm": motions.noise_sigma,
            "noise_correlation": motions.noise_correlation,
            "shape": np.array(SHAPES)[motion.shape],
            "kind": np.array(KINDS)[motion.kind],
            "up_velocity_mm_yr": motion.up_velocity,
            "east_velocity_mm_yr": motion.east_velocity,
        }
