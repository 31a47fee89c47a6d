"""The satellite's tracks over the island: radar cells on the ground, bursts that overlap, lines of sight.

A track has one grid of lines (along the flight) and pixels (to its right). A burst is a window of the grid;
two neighbours share 120 lines, so a scatterer there has a line, and a pid, in each.
"""

import math
from dataclasses import dataclass

import numpy as np

from egmsql.simulator.terrain import CENTRE, REACH

# Bounds that Sentinel-1 reaches, cut to whole blocks; 18.8 km from burst to burst as in EGMS.
N_LINES, N_PIXELS = 1_470, 24_360
BURST_STEP = 1_350  # lines
LINE_SPACING = 13.9  # m along the track
BLOCK_LINES, BLOCK_PIXELS = 10, 40  # about 140 m x 150 m: so fine are towns drawn

_SLANT_SPACING = 2.33  # m, a pixel along the line of sight
_SWATH_INCIDENCE = {1: 30.3, 2: 36.2, 3: 41.3}  # degrees at pixel 0
_INCIDENCE_PER_PIXEL = 2.39e-4  # degrees; both as on the real bursts
_MIDDLE = 60  # line of the upper burst under which the island's middle lies: both bursts see it


@dataclass(frozen=True)
class Track:
    """One track (relative orbit) over the island, and which swath and burst see its middle."""

    number: int
    is_ascending: bool
    track_angle: float  # degrees clockwise from north; grid and true north are not told apart here
    swath: int
    burst: int
    facility: int = 1  # of egmsql.pids.FACILITIES: who makes its products

    @property
    def pixel_spacing(self):
        """Metres on the ground, the same in all swaths."""
        incidence = _SWATH_INCIDENCE[self.swath] + _INCIDENCE_PER_PIXEL * N_PIXELS / 2
        return round(_SLANT_SPACING / math.sin(math.radians(incidence)), 2)

    def on_ground(self, lines, pixels):
        """Return easting and northing (m) of lines and pixels, which count from the island's middle."""
        along, across = lines * LINE_SPACING, pixels * self.pixel_spacing
        sine, cosine = math.sin(math.radians(self.track_angle)), math.cos(math.radians(self.track_angle))
        return (
            CENTRE[0] + along * sine + across * cosine,
            CENTRE[1] + along * cosine - across * sine,
        )

    def looks(self, swaths, pixels):
        """Return the Looks at pixels of swaths."""
        near = np.array([0.0, *_SWATH_INCIDENCE.values()])[swaths]
        incidence = near + _INCIDENCE_PER_PIXEL * pixels
        track, sine = math.radians(self.track_angle), np.sin(np.radians(incidence))
        los = np.stack(
            [-math.cos(track) * sine, math.sin(track) * sine, np.cos(np.radians(incidence))], axis=1
        )
        return Looks(incidence, np.full(len(pixels), self.track_angle), los)


@dataclass(frozen=True)
class Looks:
    """How a satellite sees points. Source: egms-format.md, section 9."""

    incidence: np.ndarray  # degrees
    track_angle: np.ndarray  # degrees clockwise from north
    los: np.ndarray  # unit vectors to the satellite: east, north, up


@dataclass(frozen=True)
class Burst:
    """One burst: the window of its track's grid that starts at `first_line` and `first_pixel`."""

    track: Track
    row: int  # bursts along the track, 0 lies under the island's middle
    column: int  # swaths to the right of the middle one

    @property
    def number(self):
        """EGMS's number of the burst in its track."""
        return self.track.burst + self.row

    @property
    def swath(self):
        """The sub-swath, 1 to 3; the satellite looks to its right, and IW1 is the nearest."""
        return self.track.swath + self.column

    @property
    def first_line(self):
        """Line 0 of the burst, counted from the island's middle."""
        return self.row * BURST_STEP - _MIDDLE

    @property
    def first_pixel(self):
        """Pixel 0 of the burst, counted from the island's middle."""
        return self.column * N_PIXELS - N_PIXELS // 2


# Real tracks over Italy; the third and the fourth see the same ground under other angles.
TRACKS = (
    Track(117, True, -8.94, 2, 227),
    Track(22, False, 191.42, 2, 845),
    Track(44, True, -9.27, 3, 240, facility=2),
    Track(95, False, 191.05, 1, 833, facility=3),
)


def bursts_over(track, radius):
    """Return the bursts of a track that may see land of an island (m), nearest to its middle first."""
    rows = math.ceil(REACH * radius / (BURST_STEP * LINE_SPACING)) + 1
    columns = math.ceil(REACH * radius / (N_PIXELS * track.pixel_spacing) + 0.5)
    found = [
        Burst(track, row, column)
        for row in range(-rows, rows)
        for column in range(-columns, columns + 1)
        if 1 <= track.swath + column <= 3
    ]
    return sorted(found, key=lambda burst: (abs(burst.column), abs(burst.row + 0.5), -burst.row))
