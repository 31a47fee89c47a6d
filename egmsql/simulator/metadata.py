"""The XML that travels with every csv, as the producers write it."""

import datetime

from egmsql.simulator.epochs import absolute_orbit, is_sentinel_1a, years_of
from egmsql.simulator.randomness import Stream, generator

_HEAD = """<?xml version='1.0' encoding='UTF-8'?>
<{root}>
  <product_level>{level}</product_level>
{place}  <production_facility>{facility}</production_facility>
  <production_date>{date}</production_date>
  <dem>
    <version>COP-DEM_GLO-30/2020_1</version>
  </dem>
  <gnss>
    <version>2.0</version>
  </gnss>
"""
_IMAGE = """    <image>
      <orbit_type>FILTERED</orbit_type>
      <product_id>{product_id}</product_id>
    </image>
"""
_SLICES = 3  # images an acquisition that cover one burst and its neighbours
_SLICE_SECONDS, _SLICE_LENGTH = 25, 27

# UTC, over Italy: ascending or not.
_PASSAGES = {True: datetime.time(17, 4, 5), False: datetime.time(5, 12, 29)}


def write_metadata(product, seed):
    """Return the XML document of a Product, as bytes."""
    name = product.name
    release_end = years_of(name.release)[1] if name.release else product.epochs[-1].year
    head = {"level": name.level, "facility": product.facility, "date": f"06/11/{release_end + 1}"}
    if name.level == "L3":
        return (_HEAD.format(root="TILE", place="", **head) + "</TILE>").encode()
    place = (
        f"  <track>{name.track:03d}</track>\n  <burst_id>{name.burst:04d}</burst_id>\n"
        f"  <sub_swath>{name.swath}</sub_swath>\n"
    )
    rng = generator(seed, Stream.METADATA, name.track, name.burst, name.swath, product.epochs[0].year)
    reference = product.epochs[len(product.epochs) // 2]
    # The real documents leave out the last date, and list one satellite after the other.
    dates = sorted(product.epochs[:-1], key=lambda date: (not is_sentinel_1a(date, name.track), date))
    return (
        _HEAD.format(root="BURST", place=place, **head)
        + _images("reference", [reference], product, rng)
        + _images("dataset", dates, product, rng)
        + "</BURST>"
    ).encode()


def _images(role, dates, product, rng):
    images = [_IMAGE.format(product_id=scene) for date in dates for scene in _scenes(product, date, rng)]
    return f"  <{role}>\n{''.join(images)}  </{role}>\n"


def _scenes(product, date, rng):
    track = product.name.track
    satellite = "A" if is_sentinel_1a(date, track) else "B"
    passage = datetime.datetime.combine(date, _PASSAGES[product.burst.track.is_ascending])
    data_take = rng.integers(0, 2**20)
    for number, check in enumerate(rng.integers(0, 2**16, _SLICES)):
        start = passage + datetime.timedelta(seconds=number * _SLICE_SECONDS)
        stop = start + datetime.timedelta(seconds=_SLICE_LENGTH)
        yield (
            f"S1{satellite}_IW_SLC__1SDV_{start:%Y%m%dT%H%M%S}_{stop:%Y%m%dT%H%M%S}"
            f"_{absolute_orbit(date, track):06d}_{data_take:06X}_{check:04X}"
        )
