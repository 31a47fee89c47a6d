"""The points of a box as the reference system's viewer asks for them: those that move."""

import dataclasses
import itertools
import math

from egmsql.web.answers import rows_of
from egmsql.web.limits import MAX_POINTS
from egmsql.web.parameters import RequestError
from egmsql.web.queries import (
    FIRST_ZOOM,
    LAST_ZOOM,
    STRONGEST_PID,
    cells_at,
    cells_where,
    count_in,
    first_rows,
    points_where,
    resolve,
)

ORBITS = {"ascending": "A", "descending": "D"}  # U: neither, as on L3
COLOURS = {
    "stable": "#009e73",
    "noisy": "#999999",
    "linear": "#0072b2",
    "accel": "#d55e00",
    "decel": "#e69f00",
    "variable": "#cc79a7",
    "jump": "#f0e442",
    "other": "#56b4e9",
    "unclassified": "#555555",
}
# Of areas and cells, which have no velocities at both ends of a series; points have their own class_1.
_CLASSES = {
    "accelerating": "accel",
    "decelerating": "decel",
    "velocity_change": "other",
    "complex": "variable",
    "mixed": "other",
}
_MOVING = 2.5  # mm/yr, as in classes.egmspy
_FILTERABLE = 20  # times the limit: so many points are looked through for those that move
_MAP_PIXELS = 256  # of the world's width at zoom 0


class View:
    """What the viewer asks for a box: points, or of each cell the strongest mover where they are too many."""

    def __init__(self, call):
        if "class_1" not in call.snapshot.tables["points"].columns:
            raise RequestError("class_1", "is not in this lake", "run `egmsql build` on it", 404)
        self._limit, self._zoom = min(call["max_pts"], MAX_POINTS), call["zoom"]
        self._box = _clamped(call)
        _, level = resolve(call.snapshot, call.filters)
        wanted = [name for name, key in (("ascending", "asc"), ("descending", "desc")) if call[key]]
        self._is_empty = self._box is None or not wanted
        if self._is_empty:
            return
        words = {"viewing": wanted} if level != "L3" else {}
        filters = dataclasses.replace(call.filters, words=words)
        least, coherence = call["thresh"], call["min_coh"]
        self._points = points_where(call.snapshot, filters, self._box)
        self._points.where("abs(mean_velocity) >= ? and temporal_coherence >= ?", least, coherence)
        self._all_cells = cells_where(call.snapshot, filters, self._box)
        self._cells = cells_where(call.snapshot, filters, self._box).where(
            "greatest(velocity_max_mm_yr, -velocity_min_mm_yr) >= ? and temporal_coherence >= ?",
            least,
            coherence,
        )
        self._products, self._gaps = call.snapshot.products, {}

    def found(self, cursor):
        """Return (rows as dicts, how many points they stand for)."""
        if self._is_empty:
            return [], 0
        coarse = _zoom_of_cells(self._zoom - 2, self._box)
        about, _ = count_in(cursor, self._all_cells, coarse)
        if about <= _FILTERABLE * self._limit:
            text = f"select {_POINT} from points where {self._points}"
            table = first_rows(cursor, text, self._points.params, self._limit + 1)
            if table.num_rows <= self._limit:
                rows = [self._point(row) for row in rows_of(table)]
                return rows, len(rows)
        zoom = _zoom_of_cells(self._zoom, self._box)
        _, table = cells_at(cursor, self._cells, zoom, _CELL, limit=self._limit)
        rows = rows_of(table)
        total = sum(row.pop("n_points") for row in rows)
        return [_cell(row) for row in rows], total

    def _point(self, row):
        product = row.pop("product")
        if product not in self._gaps:
            self._gaps[product] = longest_gap(self._products[product]["epochs"])
        return {**row, "orbit": ORBITS.get(row["orbit"], "U"), "max_gap_days": self._gaps[product]}


_POINT = (
    "pid, latitude::double as latitude, longitude::double as longitude, mean_velocity, temporal_coherence,"
    " viewing as orbit, product, class_1, coalesce(is_periodic, false) as periodic,"
    " coalesce(class = 'step', false) as jumpy, coalesce(class = 'complex', false) as variable_flag,"
    " coalesce(noisy_trend, false) as noisy_trend"
)
_CELL = (
    f"{STRONGEST_PID}, latitude::double as latitude, longitude::double as longitude,"
    " if(velocity_max_mm_yr >= -velocity_min_mm_yr, velocity_max_mm_yr, velocity_min_mm_yr) as mean_velocity,"
    " temporal_coherence, viewing as orbit, class as class_1, n_points"
)
_NO_FLAGS = {
    "max_gap_days": 0,
    "periodic": False,
    "jumpy": False,
    "variable_flag": False,
    "noisy_trend": False,
}


def _cell(row):
    shown = in_their_words(row["class_1"], row["mean_velocity"])
    return {**row, "orbit": ORBITS.get(row["orbit"], "U"), "class_1": shown, **_NO_FLAGS}


def _clamped(call):
    """Return the box on the globe, or None: a viewer that shows the world twice asks for more."""
    west, east = max(-180.0, call["min_lon"]), min(180.0, call["max_lon"])
    south, north = max(-90.0, call["min_lat"]), min(90.0, call["max_lat"])
    return (west, south, east, north) if west < east and south < north else None


def _zoom_of_cells(map_zoom, box):
    """Return the zoom of overviews whose cells are about four pixels wide on a web map."""
    middle = math.radians((max(-85.0, box[1]) + min(85.0, box[3])) / 2)
    pixel_m = 40_075_017 / _MAP_PIXELS / 2**map_zoom * math.cos(middle)
    return min(LAST_ZOOM, max(FIRST_ZOOM, math.ceil(math.log2(4 * pixel_m / 10))))


def in_their_words(motion, velocity):
    """Return the reference system's word for a class of motion of a cell or area; velocity in mm/yr.

    A step counts as the motion around it, as in `classes.egmspy`.
    """
    if motion == "step":
        return "linear" if abs(velocity) >= _MOVING else "stable"
    return _CLASSES.get(motion, motion)


def longest_gap(epochs):
    """Return the most days between two epochs that follow each other."""
    return max(((later - sooner).days for sooner, later in itertools.pairwise(epochs)), default=0)
