"""When Sentinel-1 saw a burst: 6- and 12-day lattices with outages; and the 6-day grid of L3.

Source: the date lists of real files (release 2020_2024) and the specification; `releases` begin in January
but for 2015, when the archive begins in February (L3: 2016).
"""

import datetime

from egmsql.simulator.randomness import Stream, generator

YEAR = 365  # days; EGMS's unit of time in every fit

_LATTICE = datetime.date(2014, 4, 4)  # the real lists of tracks 22 and 117 lie on this lattice
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
    lattice = _lattice(_offset(track), start, datetime.date(last_year, 12, 31))
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
    return _lattice(0, start, datetime.date(last_year, 12, 25))


def is_sentinel_1a(date, track):
    """If the pass of a date is Sentinel-1A's: every second place of the lattice."""
    return (date - _LATTICE).days // 6 % 2 == track % 2


def days_since(first, dates):
    """Return the days from `first` to each date, as a list."""
    return [(date - first).days for date in dates]


def years_of(release):
    """Return the nominal first and last year of a release `yyyy_yyyy`."""
    return int(release[:4]), int(release[5:])


def _offset(track):
    return track * 12 // 175 % 6  # days: later tracks of the 12-day cycle pass later


def _lattice(offset, start, end):
    first = _LATTICE + datetime.timedelta(days=offset)
    steps = -((first - start).days // 6)
    date, dates = first + datetime.timedelta(days=6 * steps), []
    while date <= end:
        if date >= start:
            dates.append(date)
        date += datetime.timedelta(days=6)
    return dates


def _has_pass(date, track):
    return is_sentinel_1a(date, track) or _S1B_FROM <= date < _S1B_LOST
