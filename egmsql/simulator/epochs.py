"""When Sentinel-1 saw a burst: 6- and 12-day lattices with outages; and the 6-day grid of L3.

Source: the date lists of real files (release 2020_2024) and the specification.
"""

import datetime
from functools import lru_cache

import numpy as np

from egmsql.simulator.randomness import Stream, generator

YEAR = 365  # days; EGMS's unit of time in every fit

# Where Sentinel-1A was, by a real scene; 175 orbits, one on each track, take 12 days.
_TRACK, _PASSAGE, _ORBIT = 117, datetime.datetime(2020, 1, 3, 17, 4), 30_639
_REPEAT, _TRACKS = 12, 175
_ORBITS_1B_IS_BEHIND = 11_071  # Sentinel-1B follows after six days; it was launched later
_S1B_FROM = datetime.date(2016, 10, 1)
S1B_LOST = datetime.date(2021, 12, 23)
_OUTAGES_PER_YEAR, _PASSES_PER_YEAR = 1.0, 46
_LAST_YEAR = 2036


@lru_cache(maxsize=64)
def track_passes(track):
    """Return the dates of all passes over a track since October 2014, when Sentinel-1A was ready.

    Alone it passes every 12 days, with 1B every 6. A pass has its place in this list as number, so that
    noise belongs to passes and not to files.
    """
    lattice = _lattice(_first_pass(track), datetime.date(2014, 10, 1), datetime.date(_LAST_YEAR, 12, 31))
    return tuple(date for date in lattice if _has_pass(date, track))


def burst_passes(seed, track, burst, release):
    """Return the numbers of the passes that one burst holds, ascending; every burst has its own gaps.

    An outage takes one acquisition; while there are two satellites, in one case of three two in a row
    (steps of 12, 18, 24 days). Releases miss the same acquisitions.
    """
    dates = track_passes(track)
    start, end = period_of(release)
    inside = [number for number, date in enumerate(dates) if start <= date <= end]
    draws = generator(seed, Stream.EPOCHS, track, burst).random(len(dates))
    lost = set()
    for number, draw in enumerate(draws[:-1]):
        if draw < _OUTAGES_PER_YEAR / _PASSES_PER_YEAR:
            is_long = draw < _OUTAGES_PER_YEAR / _PASSES_PER_YEAR / 3
            lost |= {number, number + 1} if is_long and dates[number + 1] < S1B_LOST else {number}
    # The first and the last epoch stay, so that the period is the release's.
    return [number for number in inside if number not in lost or number in (inside[0], inside[-1])]


def period_of(release):
    """Return the first and the last day of a release; the archive begins in February 2015."""
    first_year, last_year = years_of(release)
    start = datetime.date(first_year, 2 if first_year == 2015 else 1, 1)
    return start, datetime.date(last_year, 12, 31)


def tile_epochs(lists):
    """Return the dates of L3: every sixth day, while all of the bursts' lists of dates last."""
    start, end = max(dates[0] for dates in lists), min(dates[-1] for dates in lists)
    return [start + datetime.timedelta(days=days) for days in range(0, (end - start).days + 1, 6)]


def nearest(dates, wanted):
    """Return the index of the date nearest to each wanted one, and of the other on a tie (else the same)."""
    days, asked = (np.array([date.toordinal() for date in some]) for some in (dates, wanted))
    apart = np.abs(asked[:, None] - days)
    return apart.argmin(axis=1), len(days) - 1 - apart[:, ::-1].argmin(axis=1)


def is_sentinel_1a(date, track):
    """If the pass of a date is Sentinel-1A's: every second place of the lattice."""
    return (date - _first_pass(track)).days % _REPEAT == 0


def absolute_orbit(date, track):
    """Return the number of the orbit that passed over a track on a date, as scene names have it."""
    is_1a = is_sentinel_1a(date, track)
    n_repeats = ((date - _first_pass(track)).days + (0 if is_1a else 6)) // _REPEAT
    orbit = _ORBIT + track - _TRACK + _TRACKS * n_repeats
    return orbit if is_1a else orbit - _ORBITS_1B_IS_BEHIND


def days_since(first, dates):
    """Return the days from `first` to each date, as a list."""
    return [(date - first).days for date in dates]


def years_of(release):
    """Return the nominal first and last year of a release `yyyy_yyyy`."""
    return int(release[:4]), int(release[5:])


def _first_pass(track):
    """Return a date on which Sentinel-1A passed over a track."""
    return (_PASSAGE + datetime.timedelta(days=(track - _TRACK) * _REPEAT / _TRACKS)).date()


def _lattice(origin, start, end):
    """Return every sixth date from `start` to `end` that lies in step with `origin`."""
    first = start + datetime.timedelta(days=(origin - start).days % 6)
    return [first + datetime.timedelta(days=days) for days in range(0, (end - first).days + 1, 6)]


def _has_pass(date, track):
    return is_sentinel_1a(date, track) or _S1B_FROM <= date < S1B_LOST
