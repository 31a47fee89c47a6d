"""The names under which the reference system's viewer asks: thin words for our own routes.

Their names are the reference's. Its answers are not documented anywhere that we know, so parameters and
answers are ours, in the plainest form: a list of objects.
"""

from egmsql.web import parameters as p
from egmsql.web.answers import as_json, rows_of
from egmsql.web.lake_api import areas, health, info
from egmsql.web.limits import FAST_MS
from egmsql.web.points_api import find_points, product_facts
from egmsql.web.queries import listed, points_where
from egmsql.web.routes import Route

_MOST = 20_000


async def get_points(call):
    """Answer the points of a box as a list of objects, evenly chosen where they are more than the limit."""
    where = points_where(call.snapshot, call.filters, call["bbox"])
    columns = [
        "pid",
        "product",
        "latitude",
        "longitude",
        "height_ortho",
        "velocity_mm_yr",
        "temporal_coherence",
    ]
    columns += [c for c in ("class",) if c in call.snapshot.tables["points"].columns]
    shown = listed(call.snapshot.tables["points"], columns)
    # A sample, not the first rows: those would lie in one corner.
    text = (
        f"from (select {shown} from points where {where}) using sample {call['limit']:d} rows (reservoir, 1)"
    )
    table = await call.run(lambda cursor: cursor.execute(text, where.params).to_arrow_table(), FAST_MS)
    return as_json({"points": rows_of(table)})


async def get_timeseries(call):
    """Answer the series of one pid as a list of dates and millimetres for each product."""

    def query(cursor):
        return [
            (row["product"], call.snapshot.series.read(row["product"], [row["pid"]])[1])
            for row in find_points(cursor, call, call["pid"][:1])
        ]

    found = await call.run(query, FAST_MS)
    listed = [
        {
            "pid": call["pid"][0],
            "product": product,
            "dates": product_facts(call.snapshot.products[product])["epochs"],
            "displacements_mm": values[0],
        }
        for product, values in found
        if len(values)
    ]
    if not listed:
        raise p.RequestError(f"pid {call['pid'][0]}", "has no series in the lake", "see /-/egms/search", 404)
    return as_json({"timeseries": listed})


_LIMIT = p.whole("limit", "most rows in the answer", 1, _MOST, 5_000)
_BOX = (
    p.bbox(required=False),
    _LIMIT,
    p.choice("format", "form of the answer", "json", "geojson"),
    *p.FILTERS[:3],
)

_MEDIA = ("application/json", "application/geo+json")

ROUTES = (
    Route("/get_points", "Points of a box.", (p.bbox(), _LIMIT, *p.FILTERS), get_points),
    Route("/get_timeseries", "The series of a point.", (p.pids(), *p.FILTERS[:4]), get_timeseries),
    Route("/get_info", "What the lake holds.", (), info),
    Route(
        "/get_clusters",
        "Areas of moving ground, where the lake has them.",
        _BOX,
        areas,
        _MEDIA,
        table="areas",
    ),
    Route("/get_subclusters", "Parts of areas that move alike.", _BOX, areas, _MEDIA, table="subareas"),
    Route("/health", "Whether the server can answer.", (), health, table=None, cached=False),
)
