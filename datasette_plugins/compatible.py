"""The routes of the reference system's viewer: its names, its parameters, its answers, from our tables.

EGMSpy's `viewer.html` asks http://127.0.0.1:5000, so `egmsql serve LAKE --port 5000 --cors` stands in for its
own server. Where the two differ: releases and levels never mix (the newest release of L2b is shown), no
answer is larger than our limits, and a view of too many points shows of each cell the strongest mover, not
the most coherent point.
"""

import math

import orjson
from egmsql.web import parameters as p
from egmsql.web.answers import as_json, feature_collection, rows_of
from egmsql.web.compatible_points import COLOURS, ORBITS, View, in_their_words, longest_gap
from egmsql.web.lake_api import health
from egmsql.web.limits import FAST_MS, MAX_POINTS, SLOW_MS
from egmsql.web.parameters import RequestError
from egmsql.web.points_api import find_points
from egmsql.web.queries import points_where, resolve
from egmsql.web.routes import Route

_CORRECTED = "classes.corrected"
_MM = 0.1  # mm in one unit of its displacements
_FACTS = (
    "min(mean_velocity), max(mean_velocity), avg(mean_velocity), stddev(mean_velocity),"
    " min(temporal_coherence), max(temporal_coherence)"
)


async def get_points(call):
    """Answer the moving points of a box as a list of objects; in headers how many there are and are shown."""
    view = View(call)
    rows, total = await call.run(view.found, FAST_MS)
    response = as_json(rows)
    response.headers |= {"X-Total-Count": str(total), "X-Rendered-Count": str(len(rows))}
    return response


async def get_timeseries(call):
    """Answer the series of a pid, as published or with unwrapping errors removed, and what is known of it."""

    def query(cursor):
        """Return (the point's row, its values in mm, the row of its correction), None where there is none."""
        row = _newest(find_points(cursor, call, [call["pid"]]))
        return (row, *_series(call.snapshot, row)) if row else (None, None, None)

    row, published, correction = await call.run(query, FAST_MS)
    if published is None:
        raise RequestError(f"pid {call['pid']}", "has no series in the lake", "search for it", 404)
    epochs = call.snapshot.products[row["product"]]["epochs"]
    is_corrected = call["corrected"] and correction is not None
    return as_json(
        {
            "pid": row["pid"],
            "dates": [epoch.strftime("%Y%m%d") for epoch in epochs],
            "values": _millimetres(correction) if is_corrected else published,
            "meta": _meta(row, epochs),
            "corrected": is_corrected,
            "gap_info": [] if correction is None else [_gap(correction)],
        }
    )


def _newest(rows):
    """Return the row of the newest release, of L2b before L3 before L2a."""
    order = {"L2b": 2, "L3": 1, "L2a": 0}
    return max(rows, key=lambda row: (row["release"], order.get(row["level"], -1)), default=None)


def _series(snapshot, row):
    """Return (displacements in mm, the row of their correction, or None); None twice without a series."""
    held, displacements = snapshot.series.read(row["product"], [row["pid"]])
    if not held:
        return None, None
    reader = snapshot.details.get(_CORRECTED)
    found = reader.rows(row["product"], [row["pid"]]) if reader else {}
    return [None if math.isnan(v) else v for v in displacements[0].tolist()], found.get(row["pid"])


def _millimetres(correction):
    return [None if value is None else round(value * _MM, 1) for value in correction["displacements"]]


def _gap(correction):
    """Return a suspected unwrapping error in the viewer's words: no motion of the ground."""
    return {"gap_before_date": correction["step_date"], "type": "artefact"}


def _meta(row, epochs):
    return {
        "mean_velocity": row["mean_velocity"],
        "temporal_coherence": row["temporal_coherence"],
        "orbit": ORBITS.get(row["viewing"], "U"),
        "latitude": row["latitude"],
        "longitude": row["longitude"],
        "height": row["height_ortho"],
        "rmse": row["rmse_mm"],
        "acceleration": row["acceleration_mm_yr2"],
        "seasonality": row["seasonality_mm"],
        "max_gap_days": longest_gap(epochs),
        "n_acquisitions": row["n_epochs"],
        "class_1": row.get("class_1") or "unclassified",
        "class_2": row.get("class_2") or "unclassified",
        "class_prob_1": row["probability"] or 0.0,
        "periodic": bool(row["is_periodic"]),
        "jumpy": row["class"] == "step",
        "variable_flag": row["class"] == "complex",
        "noisy_trend": bool(row.get("noisy_trend")),
    }


async def get_info(call):
    """Answer what the shown release and level hold."""
    snapshot, dataset = call.snapshot, resolve(call.snapshot, call.filters)
    if dataset not in snapshot.facts:  # they are of every point: once for each state
        where = points_where(snapshot, call.filters)
        text = f"select {_FACTS} from points where {where}"
        found = await call.run(lambda cursor: cursor.execute(text, where.params).fetchone(), SLOW_MS, "slow")
        snapshot.facts[dataset] = [None if value is None else round(value, 3) for value in found]
    facts = snapshot.facts[dataset]
    return as_json(
        {
            **_extent(snapshot, dataset),
            "velocity": dict(zip(("min", "max", "mean", "stddev"), facts[:4], strict=True)),
            "coherence": dict(zip(("min", "max"), facts[4:], strict=True)),
            "data_root": None,  # a path of the server's
            "has_classes": "class_1" in snapshot.tables["points"].columns,
            "class_colors": COLOURS,
            "has_clusters": _holds(snapshot, "areas"),
            "has_subclusters": _holds(snapshot, "subareas"),
            "has_corrected": _CORRECTED in snapshot.details,
        }
    )


def _holds(snapshot, name):
    return name in snapshot.tables and snapshot.tables[name].n_rows > 0


def _extent(snapshot, dataset):
    """Return how many points a (release, level) has, where and when."""
    products = [q for q in snapshot.products.values() if (q["release"], q["level"]) == dataset]
    counts = {}
    for product in products:
        orbit = ORBITS.get(product["viewing"], "U")
        counts[orbit] = counts.get(orbit, 0) + product["n_points"]
    epochs = sorted({epoch for product in products for epoch in product["epochs"]})
    return {
        "total_points": sum(counts.values()),
        "orbit_counts": counts,
        "bbox": {
            "min_lon": min(q["longitude_min"] for q in products),
            "max_lon": max(q["longitude_max"] for q in products),
            "min_lat": min(q["latitude_min"] for q in products),
            "max_lat": max(q["latitude_max"] for q in products),
        },
        "date_range": {
            "start": epochs[0].strftime("%Y%m%d"),
            "end": epochs[-1].strftime("%Y%m%d"),
            "n_dates": len(epochs),
        },
    }


async def get_clusters(call):
    """Answer the areas of moving ground of the shown release and level, as GeoJSON."""
    return feature_collection([_feature(row, _area(row)) for row in await _rows(call, "areas")], {})


async def get_subclusters(call):
    """Answer the parts of areas that move alike, as GeoJSON."""
    return feature_collection([_feature(row, _subarea(row)) for row in await _rows(call, "subareas")], {})


async def _rows(call, name):
    if name not in call.snapshot.tables:
        raise RequestError(name, "are not in this lake", "build it with models that find them", 404)
    wanted = list(resolve(call.snapshot, call.filters))
    text = f'from "{name}" where release = ? and level = ? order by n_points desc, 1 limit {MAX_POINTS:d}'
    return rows_of(
        await call.run(lambda cursor: cursor.execute(text, wanted).to_arrow_table(), SLOW_MS, "slow")
    )


def _feature(row, properties):
    return {"type": "Feature", "geometry": orjson.loads(row["outline"]), "properties": properties}


def _area(row):
    shown = in_their_words(row["class"], row["velocity_mm_yr"])
    return {
        "cluster_id": row["cluster"],
        "color": COLOURS.get(shown, COLOURS["other"]),
        "dom_class": shown,
        "class_purity": row["purity"],
        "n_points": row["n_points"],
        "area_ha": round(row["area_m2"] / 1e4, 4),
        "vel_mean": row["velocity_mm_yr"],
        "vel_min": row["velocity_min_mm_yr"],
        "vel_max": row["velocity_max_mm_yr"],
        "vel_std": row["velocity_spread_mm_yr"],
        "coh_mean": row["temporal_coherence"],
    }


def _subarea(row):
    return {
        "subcluster_id": row["subarea"],
        "parent_id": row["cluster"],
        "ts_class": in_their_words(row["class"], row["velocity_mm_yr"]),
        "n_points": row["n_points"],
        "mean_vel": row["velocity_mm_yr"],
    }


_DATASET = p.FILTERS[:2]
_VIEW = (
    p.number("min_lat", "southern side in degrees", -90),
    p.number("max_lat", "northern side in degrees", 90),
    p.number("min_lon", "western side in degrees", -180),
    p.number("max_lon", "eastern side in degrees", 180),
    p.number("thresh", "least speed, whatever its sign, in mm/yr", 2.5),
    p.number("min_coh", "least temporal coherence", 0),
    p.flag("asc", "whether ascending points are shown", True),
    p.flag("desc", "whether descending points are shown", True),
    p.whole("zoom", "zoom of the web map: sets the size of cells", 0, 24, 14),
    p.whole("max_pts", f"most points in the answer; never more than {MAX_POINTS:,}", 1, 10**8, MAX_POINTS),
)
_GEOJSON = ("application/geo+json",)

ROUTES = (
    Route("/get_points", "Moving points of a box.", (*_VIEW, *_DATASET), get_points, is_list=True),
    Route(
        "/get_timeseries",
        "The series of a point, as published or corrected.",
        (p.pid(), p.flag("corrected", "unwrapping errors removed", False), *_DATASET),
        get_timeseries,
    ),
    Route("/get_info", "What the shown release and level hold.", _DATASET, get_info),
    Route("/get_clusters", "Areas of moving ground.", _DATASET, get_clusters, _GEOJSON, table="areas"),
    Route("/get_subclusters", "Parts of areas.", _DATASET, get_subclusters, _GEOJSON, table="subareas"),
    Route("/health", "Whether the server can answer.", (), health, table=None, cached=False),
)
