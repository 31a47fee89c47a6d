"""When Sentinel-1 saw a burst: 6- and 12-day lattices with outages; and the 6-day grid of L3.

Source: the date lists of real files (release 2020_2024) and the specification; `releases` begin in January
but for 2015, when the archive begins in February (L3: 2016).
"""

import datetime

from egmsql.simulator.randomness import Stream, generator

YEAR = 365  # days; EGMS's unit of time in every fit

# Where Sentinel-1A was, by a real scene; 175 orbits, one on each track, take 12 days.
_TRACK, _PASSAGE, _ORBIT = 117, datetime.datetime(2020, 1, 3, 17, 4), 30_639
_REPEAT, _TRACKS = 12, 175
_ORBITS_1B_IS_BEHIND = 11_071  # Sentinel-1B follows after six days; it was launched later
_TILE_ORIGIN = datetime.date(2020, 1, 3)  # a date of the real L3 list
_S1B_FROM = datetime.date(2016, 10, 1)
_S1B_LOST = datetime.date(2021, 12, 23)
_OUTAGES_PER_YEAR = 1.0


def burst_epochs(seed, track, burst, release):
    """Return the acquisition dates of one burst, ascending; every burst has its own gaps.

    Sentinel-1A alone passes every 12 days, with 1B every 6. An outage takes one acquisition; while there
    are two satellites, in one case of three two in a row (steps of 12, 18, 24 days).
    """
    first_year, last_year = years_of(release)
    start = datetime.date(first_year, 2 if first_year == 2015 else 1, 1)
    lattice = _lattice(_first_pass(track), start, datetime.date(last_year, 12, 31))
    dates = [date for date in lattice if _has_pass(date, track)]
    rng = generator(seed, Stream.EPOCHS, track, burst, first_year, last_year)
    n_outages = rng.poisson(_OUTAGES_PER_YEAR * (last_year - first_year + 1))
    # The first and the last epoch stay, so that the period is the release's.
    lost = set()
    for at in rng.integers(1, len(dates) - 2, n_outages):
        is_long = rng.random() < 1 / 3 and days_since(dates[at], dates[at + 1 : at + 2]) == [6]
        lost |= {at, at + 1} if is_long else {at}
    return [date for index, date in enumerate(dates) if index not in lost]


def tile_epochs(release):
    """Return the dates of an L3 tile: every sixth day, ending with the earlier of its two geometries."""
    first_year, last_year = years_of(release)
    start = datetime.date(2016 if first_year == 2015 < last_year else first_year, 1, 1)
    return _lattice(_TILE_ORIGIN, start, datetime.date(last_year, 12, 25))


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
    return is_sentinel_1a(date, track) or _S1B_FROM <= date < _S1B_LOST
