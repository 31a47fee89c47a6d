"""The route about east and up: cells of 100 m, or larger ones where a view would hold too many."""

import math

from egmsql.web import parameters as p
from egmsql.web.answers import as_arrow, as_geojson, as_json, columnar
from egmsql.web.limits import FAST_MS, MAX_POINTS
from egmsql.web.parameters import RequestError
from egmsql.web.queries import METRES_PER_DEGREE, Selection
from egmsql.web.routes import PREFIX, Route

_CELL_M = 100  # of geometry.cells
_CELL_PIXELS = 4  # a cell is drawn at least this wide
_PARTS = ("east", "up")


async def cells(call):
    """Answer the cells of a box; means and strongest movers of larger ones where they are too many."""
    table = call.snapshot.tables.get("cells")
    if table is None:
        raise RequestError("cells", "are not in this lake", "build it with both viewing geometries", 404)
    box, limit = call["bbox"], call["limit"]

    def query(cursor):
        """Return (release, width in metres, table) of the first width that is not too many cells."""
        release = call["release"] or _newest(cursor)
        selection = Selection(table).box(*box).where("release = ?", release)
        side = _side(box, call["width"])
        while True:
            text = _text(side, selection, limit + 1)
            found = cursor.execute(text, selection.params).to_arrow_table()
            if found.num_rows <= limit:
                return release, side, found
            side *= 2

    release, side, found = await call.run(query, FAST_MS)
    described = {"kind": "grid", "cell_m": side, "release": release, "n": found.num_rows}
    described["units"] = {c: "mm/yr" for c in found.column_names if c.endswith("_mm_yr")}
    if call["format"] == "arrow":
        return as_arrow(found, described)
    if call["format"] == "geojson":
        return as_geojson(found, described)
    return as_json({**described, "columns": columnar(found)})


def _newest(cursor):
    return cursor.execute("select max(release) from cells").fetchone()[0]


def _side(box, width):
    """Return the width in metres of cells that suit a box drawn `width` pixels wide: 100 m * 2 ** n."""
    west, south, east, north = box
    metres = (east - west) * METRES_PER_DEGREE * math.cos(math.radians((south + north) / 2))
    doublings = math.ceil(math.log2(max(metres / width * _CELL_PIXELS / _CELL_M, 1e-9)))
    return _CELL_M * 2 ** max(0, doublings)


def _text(side, selection, limit):
    """Return the query of cells `side` metres wide; neighbours share their errors: a mean has that of one."""
    velocities = ", ".join(
        f"round(avg(velocity_{part}_mm_yr), 2)::float as velocity_{part}_mm_yr,"
        f" round(avg(velocity_{part}_sigma_mm_yr), 3)::float as velocity_{part}_sigma_mm_yr,"
        f" max_by(velocity_{part}_mm_yr, abs(velocity_{part}_mm_yr)) as velocity_{part}_strongest_mm_yr"
        for part in _PARTS
    )
    return (
        "select avg(easting) as easting, avg(northing) as northing,"
        " avg(longitude)::double as longitude, avg(latitude)::double as latitude,"
        f" count(*)::integer as n_cells, {velocities},"
        " sum(n_ascending)::integer as n_ascending, sum(n_descending)::integer as n_descending"
        f" from cells where {selection} group by easting // {side:d}, northing // {side:d} limit {limit:d}"
    )


ROUTES = (
    Route(
        f"{PREFIX}/cells",
        "East and up of the cells of a box, where the lake has both viewing geometries.",
        (
            p.bbox(),
            p.VIEW_WIDTH,
            p.whole("limit", "most cells in the answer", 1, MAX_POINTS, MAX_POINTS),
            p.choice("format", "form of the answer", "json", "arrow", "geojson"),
            p.FILTERS[0],
        ),
        cells,
        ("application/json", "application/vnd.apache.arrow.stream", "application/geo+json"),
        table="cells",
    ),
)
