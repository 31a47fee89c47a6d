"""The route about what the points of an active area have in common: facts, mean and quartile series."""

import orjson
import pyarrow as pa
from egmsql.web import parameters as p
from egmsql.web.answers import as_json, rows_of
from egmsql.web.limits import SLOW_MS
from egmsql.web.parameters import Filters, RequestError
from egmsql.web.queries import inside
from egmsql.web.routes import PREFIX, Route
from egmsql.web.shapes_api import mean_series, points_inside

_KEYS = {"areas": "cluster", "subareas": "subarea"}
_SERIES = {
    "mean_mm": "mean_displacements_mm",
    "q25_mm": "lower_quartiles_mm",
    "median_mm": "median_displacements_mm",
    "q75_mm": "upper_quartiles_mm",
}


async def motion(call):
    """Answer an area or a subarea with its mean and quartile series."""
    given = [(name, call[name[:-1]]) for name in _KEYS if call[name[:-1]]]
    if len(given) != 1:
        raise RequestError("area, subarea", "must be one of both", "give the name of one")
    ((name, wanted),) = given
    table = call.snapshot.tables.get(name)
    if table is None:
        raise RequestError(name, "are not in this lake", "build it with models that find them", 404)

    def query(cursor):
        """Return (row of the area, its series)."""
        text = f'from "{name}" where "{_KEYS[name]}" = ?'
        found = rows_of(cursor.execute(text, [wanted]).to_arrow_table())
        if not found:
            raise RequestError(f"{name[:-1]} {wanted[:60]}", "is not in the lake", "search for it", 404)
        series = _of_area(cursor, wanted) if name == "areas" else _of_subarea(cursor, call, found[0])
        return found[0], series

    row, series = await call.run(query, SLOW_MS, "slow")
    row["outline"] = orjson.loads(row["outline"])
    units = {c: unit for c, (unit, _) in table.meanings.items() if unit}
    return as_json({"kind": name[:-1], "facts": row, "units": units, "series": series})


def _of_area(cursor, cluster):
    """Return the series of the points that clustered, as the models found it."""
    found = cursor.execute("from motions where cluster = ?", [cluster]).to_arrow_table().to_pylist()
    return [
        {
            "epochs": row["epochs"],
            "n_series": max(row["n_series"], default=0),
            **{name: row[column] for name, column in _SERIES.items()},
        }
        for row in found
    ]


def _of_subarea(cursor, call, row):
    """Return the mean series of the points of a subarea's class that lie in its outline."""
    (ring, *_) = orjson.loads(row["outline"])["coordinates"]
    call.filters = Filters(
        row["release"], row["level"], {"viewing": [row["viewing"]], "class": [row["class"]]}
    )
    table = points_inside(cursor, call, ring)
    table = table.filter(pa.array(inside(ring, table["longitude"].to_numpy(), table["latitude"].to_numpy())))
    products = call.snapshot.products
    return [
        {**each, "epochs": products[each["products"][0]]["epochs"]}
        for each in mean_series(call.snapshot, table)
    ]


ROUTES = (
    Route(
        f"{PREFIX}/motion",
        "An area or a subarea with the mean and quartile series of its points.",
        (
            p.word("area", "name of an area (cluster)"),
            p.word("subarea", "name of a subarea"),
        ),
        motion,
        also=("areas", "subareas", "motions"),
    ),
)
