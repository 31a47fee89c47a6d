"""The areas file: one row for each thing on the ground, with its outline, class and velocity."""

import json
import math
import struct
from importlib import resources

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from egmsql.simulator.ground import progress_of
from egmsql.simulator.sites import KINDS, SHAPES
from egmsql.simulator.truth import date_of

NAME = "areas.parquet"
_CORNERS = 48  # of an outline
_QUAKE_LENGTHS = (
    2.2  # of its length: beyond, the earthquake moved the ground by less than a fifth of its size
)
_FROM, _TO = 0.0, 5.0  # years since 2020 over which velocities are means

COLUMNS = (
    ("area_id", pa.int32(), "as in truth.parquet; the earthquake has the last"),
    ("kind", pa.string(), "town, village, bowl, landslide, dam, reservoir or earthquake"),
    ("class", pa.string(), "how it moves: stable, linear, accelerating, decelerating, velocity_change, step"),
    ("easting", pa.float64(), "m, EPSG:3035, of the middle"),
    ("northing", pa.float64(), "m, EPSG:3035, of the middle"),
    ("east_mm_yr", pa.float64(), "at the middle, mean of 2020 to 2024, without plate and earthquake"),
    ("north_mm_yr", pa.float64(), "likewise"),
    ("up_mm_yr", pa.float64(), "likewise"),
    ("acceleration_mm_yr2", pa.float64(), "along its direction"),
    ("tau_yr", pa.float64(), "of a consolidation; NULL without one"),
    ("change_mm_yr", pa.float64(), "of a change of velocity, along its direction; NULL without one"),
    ("event_date", pa.date32(), "of the change of velocity or of the earthquake"),
    ("outline", pa.binary(), "polygon in EPSG:3035, WKB"),
)


def write_areas(file, ground):
    """Write the areas of a Ground as GeoParquet."""
    rows = [*_structure_rows(ground), _quake_row(ground)]
    schema = pa.schema(
        [pa.field(name, kind, metadata={"meaning": meaning}) for name, kind, meaning in COLUMNS],
        metadata={"geo": json.dumps(_metadata())},
    )
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file, compression="zstd")


def _metadata():
    crs = json.loads(resources.files("egmsql").joinpath("epsg3035.json").read_text(encoding="utf-8"))
    outline = {"encoding": "WKB", "geometry_types": ["Polygon"], "crs": crs}
    return {"version": "1.1.0", "primary_column": "outline", "columns": {"outline": outline}}


def _structure_rows(ground):
    middles = ground.table[:, 1:3].T
    motion = ground.motion(*middles)
    # Where areas overlap, the middle of one may belong to another: a town's to its bowl.
    own = motion.area == np.arange(len(ground.table))
    progress = progress_of(ground.table, np.array([_FROM, _TO]))
    velocities = motion.direction * ((progress[:, 1] - progress[:, 0]) / (_TO - _FROM) * own)[:, None]
    for number, (one, velocity) in enumerate(zip(ground.structures, velocities.tolist(), strict=True)):
        yield {
            **{"area_id": number, "kind": KINDS[one.kind], "class": SHAPES[one.shape]},
            **{"easting": one.easting, "northing": one.northing},
            **dict(zip(("east_mm_yr", "north_mm_yr", "up_mm_yr"), velocity, strict=True)),
            "acceleration_mm_yr2": one.acceleration,
            "tau_yr": one.tau if one.total else None,
            "change_mm_yr": one.change if one.change else None,
            "event_date": date_of(one.turn).item() if one.change else None,
            "outline": _ellipse(one.easting, one.northing, one.radius, one.width, one.angle),
        }


def _quake_row(ground):
    easting, northing, length, _, _, year = ground.quake.tolist()
    reach = _QUAKE_LENGTHS * length
    return {
        **{"area_id": len(ground.structures), "kind": "earthquake", "class": "step"},
        **{"easting": easting, "northing": northing, "acceleration_mm_yr2": 0.0},
        **{"east_mm_yr": 0.0, "north_mm_yr": 0.0, "up_mm_yr": 0.0},
        "event_date": date_of(year).item(),
        "outline": _ellipse(easting, northing, reach, reach, 0.0),
    }


def _ellipse(easting, northing, radius, width, angle):
    cosine, sine = math.cos(angle), math.sin(angle)
    points = []
    for k in [*range(_CORNERS), 0]:
        along = radius * math.cos(2 * math.pi * k / _CORNERS)
        across = width * math.sin(2 * math.pi * k / _CORNERS)
        points += [easting + along * cosine - across * sine, northing + along * sine + across * cosine]
    # Little-endian, type 3 (polygon), one ring.
    return struct.pack(f"<BIII{len(points)}d", 1, 3, 1, len(points) // 2, *points)
