"""Routes about the lake: search, products, areas, info, health."""

import orjson
from egmsql.web import parameters as p
from egmsql.web.answers import as_json, columnar, feature_collection, rows_of
from egmsql.web.limits import FAST_MS, LICENCE, LICENCE_URL, MAX_PIDS, MAX_POINTS, NUMBERS, SOURCE, WORDS
from egmsql.web.parameters import RequestError
from egmsql.web.points_api import find_points
from egmsql.web.projection import to_degrees
from egmsql.web.queries import Selection, listed
from egmsql.web.routes import PREFIX, Route


async def search(call):
    """Answer where something is: a pid, a product, or coordinates in degrees or metres (EPSG:3035)."""
    text = call["q"]
    matches = []
    if len(text) == 10 and text.isascii() and text.isalnum():
        rows = await call.run(lambda cursor: find_points(cursor, call, [text]), FAST_MS)
        matches += [
            {"kind": "point", "label": f"{r['pid']} in {r['product']}", **_place(r), "pid": r["pid"]}
            for r in rows
        ]
    matches += [
        _product_match(q) for q in call.snapshot.products.values() if text.lower() in q["product"].lower()
    ]
    matches += _coordinates(text)
    matches += await call.run(lambda cursor: _areas_named(cursor, call.snapshot, text), FAST_MS)
    return as_json({"q": text, "matches": matches[:100]})


def _areas_named(cursor, snapshot, text):
    """Return areas and subareas by a part of their names, the largest first."""
    found = []
    for kind, key in (("area", "cluster"), ("subarea", "subarea")):
        if len(text) < 3 or f"{kind}s" not in snapshot.tables:
            continue
        rows = cursor.execute(
            f"select {key}, class, viewing, n_points, longitude, latitude, outline, release, level"
            f" from {kind}s where contains(lower({key}), lower(?)) order by n_points desc, {key} limit 20",
            [text],
        ).fetchall()
        for name, motion, viewing, n, longitude, latitude, outline, release, level in rows:
            label = f"{kind} {name}: {motion}, {viewing}, {n:,} points"
            place = {"longitude": longitude, "latitude": latitude, "bbox": _box_of(outline)}
            found.append(
                {"kind": kind, "label": label, **place, kind: name, "release": release, "level": level}
            )
    return found


def _box_of(outline):
    """Return the box of a polygon or multipolygon in GeoJSON."""
    shape = orjson.loads(outline)
    parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
    lons, lats = zip(*(corner for part in parts for corner in part[0]), strict=True)
    return [min(lons), min(lats), max(lons), max(lats)]


def _place(row):
    return {"longitude": row["longitude"], "latitude": row["latitude"]}


def _product_match(product):
    box = [product[f"{c}_{side}"] for side in ("min", "max") for c in ("longitude", "latitude")]
    centre = {"longitude": (box[0] + box[2]) / 2, "latitude": (box[1] + box[3]) / 2}
    return {"kind": "product", "label": product["product"], **centre, "bbox": box}


def _coordinates(text):
    parts = text.replace(";", ",").replace(" ", ",").split(",")
    try:
        first, second = (float(part) for part in parts if part)
    except ValueError:
        return []
    if -90 <= first <= 90 and -180 <= second <= 180:
        place = {"latitude": first, "longitude": second}
        return [{"kind": "coordinates", "label": f"latitude {first}, longitude {second}", **place}]
    if 9e5 <= first <= 8e6 and 5e5 <= second <= 6e6:
        longitude, latitude = to_degrees(first, second)
        label = f"easting {first}, northing {second} (EPSG:3035)"
        return [{"kind": "coordinates", "label": label, "latitude": latitude, "longitude": longitude}]
    return []


async def products(call):
    """Answer the products, as GeoJSON outlines or as columns."""
    found = [q for q in call.snapshot.products.values() if _wanted(q, call.filters)]
    if call["format"] == "geojson":
        features = [
            {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [q["outline"]]},
                "properties": {k: v for k, v in q.items() if k not in ("outline", "epochs")},
            }
            for q in found
        ]
        return feature_collection(features, {})
    return as_json({"products": found})


def _wanted(product, filters):
    return (
        filters.release in (None, product["release"])
        and filters.level in (None, product["level"])
        and product["viewing"] in filters.words.get("viewing", [product["viewing"]])
        and product["product"] in filters.words.get("product", [product["product"]])
    )


async def areas(call):
    """Answer the rows of a table of areas, as columns or GeoJSON."""
    name = call.route.table
    table = call.snapshot.tables.get(name)
    if table is None:
        raise RequestError(name, "are not in this lake", "build it with models that find them", 404)
    selection = Selection(table)
    if call["bbox"] and {"longitude", "latitude"} <= set(table.columns):
        selection.box(*call["bbox"])
    for column in ("release", "level", "viewing", "class"):
        given = call.values.get(column)
        if given and column in table.columns:
            selection.words(column, [given] if isinstance(given, str) else given)
    for column, (low, high) in call.filters.ranges.items():
        selection.range(column, low, high)
    shown = listed(table, table.columns)
    text = f'select {shown} from "{name}" where {selection} order by n_points desc, 1 limit {call["limit"]:d}'
    found = await call.run(lambda cursor: cursor.execute(text, selection.params).to_arrow_table(), FAST_MS)
    if call["format"] == "json":
        units = {c: unit for c, (unit, _) in table.meanings.items() if unit}
        return as_json({"n": found.num_rows, "columns": columnar(found), "units": units})
    return feature_collection([_area_feature(row) for row in rows_of(found)], {})


def _area_feature(row):
    """Return a row as a feature: `outline` is GeoJSON text, or the corners of one ring."""
    outline = row.pop("outline", None)
    if isinstance(outline, str):
        geometry = orjson.loads(outline)
    elif outline:
        geometry = {"type": "Polygon", "coordinates": [outline]}
    elif row.get("longitude") is not None:
        geometry = {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]}
    else:
        geometry = None
    return {"type": "Feature", "geometry": geometry, "properties": row}


async def info(call):
    """Answer what the lake holds: datasets, extent, columns with units, limits, licence."""
    snapshot = call.snapshot
    tables = {
        t.name: {
            "rows": t.n_rows,
            "a_row_is": t.description,
            "columns": {
                c: {
                    "type": kind,
                    "unit": t.meanings.get(c, ("", ""))[0],
                    "meaning": t.meanings.get(c, ("", ""))[1],
                }
                for c, kind in t.columns.items()
            },
        }
        for t in snapshot.tables.values()
    }
    boxes = [_product_match(q)["bbox"] for q in snapshot.products.values()]
    extent = [*map(min, list(zip(*boxes, strict=True))[:2]), *map(max, list(zip(*boxes, strict=True))[2:])]
    held = snapshot.tables["points"].columns
    return as_json(
        {
            "state": snapshot.digest,
            "datasets": _datasets(snapshot),
            "bbox": extent,
            "filters": {
                "ranges": [c for c in NUMBERS if c in held],
                "lists": [c for c in WORDS if c in held],
            },
            "tables": tables,
            "limits": {"points": MAX_POINTS, "pids": MAX_PIDS},
            "source": SOURCE,
            "licence": LICENCE,
            "licence_url": LICENCE_URL,
        }
    )


def _datasets(snapshot):
    found = {}
    for product in snapshot.products.values():
        key = product["release"], product["level"], product["viewing"]
        counts = found.setdefault(key, {"n_products": 0, "n_points": 0})
        counts["n_products"] += 1
        counts["n_points"] += product["n_points"]
    return [
        {"release": release, "level": level, "viewing": viewing, **counts}
        for (release, level, viewing), counts in sorted(found.items())
    ]


async def health(call):
    """Answer that the server can read its tables."""
    await call.run(lambda cursor: cursor.execute("select 1 from points limit 1").fetchone(), FAST_MS)
    return as_json(
        {"status": "ok", "state": call.snapshot.digest, "points": call.snapshot.tables["points"].n_rows}
    )


_AREA_PARAMETERS = (
    p.bbox(required=False),
    p.whole("limit", "most rows in the answer", 1, MAX_POINTS, 10_000),
    p.choice("format", "form of the answer", "json", "geojson"),
    *p.FILTERS[:3],
    p.words("class", "classes of motion; several by commas"),
    p.number("min_velocity_mm_yr", "least mean velocity"),
    p.number("max_velocity_mm_yr", "largest mean velocity"),
)

ROUTES = (
    Route(
        f"{PREFIX}/search",
        "Where a pid, a product, an area or coordinates are.",
        (
            p.word(
                "q",
                "a pid, part of the name of a product or an area, `lat, lon`, or `easting, northing`",
                True,
                "EGMS_L2b_022",
            ),
        ),
        search,
        also=("areas", "subareas"),
    ),
    Route(
        f"{PREFIX}/products",
        "The products, with outlines.",
        (p.choice("format", "form of the answer", "json", "geojson"), *p.FILTERS[:4]),
        products,
        ("application/json", "application/geo+json"),
        table="products",
    ),
    Route(
        f"{PREFIX}/areas",
        "Areas of moving ground in a box, where the lake has them.",
        _AREA_PARAMETERS,
        areas,
        ("application/json", "application/geo+json"),
        table="areas",
    ),
    Route(
        f"{PREFIX}/subareas",
        "Parts of areas that move alike, where the lake has them.",
        _AREA_PARAMETERS,
        areas,
        ("application/json", "application/geo+json"),
        table="subareas",
    ),
    Route(f"{PREFIX}/info", "What the lake holds.", (), info),
    Route(f"{PREFIX}/health", "Whether the server can answer.", (), health, table=None, cached=False),
)
