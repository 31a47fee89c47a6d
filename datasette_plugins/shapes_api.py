"""Routes about shapes: the points in a polygon and their mean series, and a profile along a line."""

import itertools

import numpy as np
import pyarrow as pa
from egmsql.web import parameters as p
from egmsql.web.answers import as_arrow, as_csv, as_geojson, as_json, columnar
from egmsql.web.limits import (
    MAX_LINE_KM,
    MAX_POLYGON_POINTS,
    MAX_POLYGON_SERIES,
    MAX_ROW_GROUPS,
    MAX_WIDTH_M,
    SLOW_MS,
)
from egmsql.web.parameters import RequestError
from egmsql.web.points_api import product_facts
from egmsql.web.queries import box_around, first_rows, inside, listed, placed, points_where, resolve
from egmsql.web.routes import PREFIX, Route

_COLUMNS = (
    *("pid", "product", "viewing", "longitude", "latitude", "height_ortho", "velocity_mm_yr"),
    *("velocity_sigma_mm_yr", "acceleration_mm_yr2", "seasonality_mm", "temporal_coherence"),
)
_QUARTILES = (0.25, 0.5, 0.75)


def _columns(snapshot):
    further = [c for c in ("class", "probability") if c in snapshot.tables["points"].columns]
    return [*_COLUMNS, *further]


def points_inside(cursor, call, corners, most=MAX_POLYGON_POINTS, margin_m=0.0):
    """Return the Arrow table of points in the box around corners; RequestError for more than `most`."""
    where = points_where(call.snapshot, call.filters, box_around(corners, margin_m))
    shown = listed(call.snapshot.tables["points"], _columns(call.snapshot))
    text = f"select {shown} from points where {where}"
    table = first_rows(cursor, text, where.params, most + 1)
    if table.num_rows > most:
        raise RequestError("the shape", f"spans more than {most:,} points", "draw a smaller one")
    return table


def _coordinates(table):
    return table["longitude"].to_numpy(), table["latitude"].to_numpy()


async def polygon(call):
    """Answer statistics and the mean and quartile series of the points in a polygon."""
    snapshot, corners = call.snapshot, call["polygon"]

    def query(cursor):
        """Return (table of the points inside, their mean and quartile series)."""
        table = points_inside(cursor, call, corners)
        table = table.filter(pa.array(inside(corners, *_coordinates(table))))
        series = mean_series(snapshot, table) if call["series"] == "yes" else []
        return table, series

    table, series = await call.run(query, SLOW_MS, "slow")
    release, level = resolve(snapshot, call.filters)
    if call["format"] == "geojson":
        return as_geojson(table, {"release": release, "level": level})
    if call["format"] == "csv":
        return as_csv(table)
    used = {name for each in series for name in each["products"]}
    return as_json(
        {
            "release": release,
            "level": level,
            "n": table.num_rows,
            "velocity_mm_yr": _summary(table["velocity_mm_yr"].to_numpy()),
            "viewing": _shares(table, "viewing"),
            **({"class": _shares(table, "class")} if "class" in table.column_names else {}),
            "series": series,
            "products": {name: product_facts(snapshot.products[name]) for name in sorted(used)},
        }
    )


def _summary(values):
    values = values[np.isfinite(values)].astype(float)
    if not len(values):
        return None
    low, middle, high = np.quantile(values, _QUARTILES)
    found = {"mean": values.mean(), "std": values.std(), "min": values.min(), "max": values.max()}
    found |= {"q25": low, "median": middle, "q75": high}
    return {name: round(float(value), 3) for name, value in found.items()}


def _shares(table, column):
    counted = table[column].value_counts().to_pylist()
    return {str(each["values"]): each["counts"] for each in counted}


def mean_series(snapshot, table):
    """Return mean and quartile series for each product: their epochs differ, so they never mix."""
    found, groups = [], 0
    by_product, velocities = {}, {}
    columns = (table[name].to_pylist() for name in ("pid", "product", "velocity_mm_yr"))
    for pid, product, velocity in zip(*columns, strict=True):
        by_product.setdefault(product, []).append(pid)
        if velocity is not None and np.isfinite(velocity):
            velocities.setdefault(product, []).append(velocity)
    share = MAX_POLYGON_SERIES / max(1, table.num_rows)
    for product, pids in sorted(by_product.items()):
        kept = _evenly(sorted(pids), max(1, int(len(pids) * min(1.0, share))))
        groups += snapshot.series.count_groups(product, kept)
        if groups > MAX_ROW_GROUPS:
            raise RequestError(
                "polygon", "needs series from too many places", "draw a smaller one, or series=no"
            )
        held, displacements = snapshot.series.read(product, kept)
        if not held:
            continue
        with np.errstate(all="ignore"):
            present = np.isfinite(displacements).any(axis=0)
            mean, quartiles = np.full(len(present), np.nan), np.full((3, len(present)), np.nan)
            mean[present] = np.nanmean(displacements[:, present], axis=0)
            quartiles[:, present] = np.nanquantile(displacements[:, present], _QUARTILES, axis=0)
        named = dict(zip(("q25_mm", "median_mm", "q75_mm"), np.round(quartiles, 2), strict=True))
        found.append(
            {
                "products": [product],
                "viewing": snapshot.products[product]["viewing"],
                "n": len(pids),
                "n_series": len(held),
                "velocity_mm_yr": round(float(np.mean(velocities[product])), 3)
                if product in velocities
                else None,
                "mean_mm": np.round(mean, 2),
                **named,
            }
        )
    return found


def _evenly(pids, n):
    """Return `n` of the pids, evenly spread."""
    if n >= len(pids):
        return pids
    return [pids[i] for i in np.linspace(0, len(pids) - 1, n).round().astype(int)]


async def profile(call):
    """Answer the points beside a line by their position along it, and displacement between two dates."""
    snapshot, line, width = call.snapshot, call["line"], call["width_m"]
    if (call["from"] is None) != (call["to"] is None):
        raise RequestError("from, to", "one of them is missing", "give both dates, or neither")
    _, _, length = placed(line, np.zeros(1), np.zeros(1))
    if length > MAX_LINE_KM * 1000:
        raise RequestError("line", f"is longer than {MAX_LINE_KM} km", "draw a shorter one")

    def query(cursor):
        """Return the points of the corridor in order along the line."""
        # Leg by leg: the box around a long slanting line would hold far more than its corridor.
        parts = [points_inside(cursor, call, leg, margin_m=width / 2) for leg in _legs(line)]
        table = pa.concat_tables(parts)
        along, beside, _ = placed(line, *_coordinates(table))
        keep = _once(table, np.flatnonzero(np.abs(beside) <= width / 2))
        keep = keep[np.argsort(along[keep], kind="stable")]
        table = table.take(keep)
        table = table.append_column("along_m", pa.array(np.round(along[keep], 1)))
        table = table.append_column("beside_m", pa.array(np.round(beside[keep], 1)))
        if call["from"] is not None:
            table = table.append_column(
                "displacement_mm", _between(snapshot, table, call["from"], call["to"])
            )
        return table

    table = await call.run(query, SLOW_MS, "slow")
    release, level = resolve(snapshot, call.filters)
    described = {"release": release, "level": level, "n": table.num_rows, "length_m": round(length, 1)}
    described["width_m"] = width
    if call["format"] == "arrow":
        return as_arrow(table, described)
    if call["format"] == "csv":
        return as_csv(table)
    return as_json({**described, "columns": columnar(table)})


def _once(table, rows):
    """Return the rows without those that a box before gave already."""
    seen = {}
    pids, names = table["pid"].take(rows).to_pylist(), table["product"].take(rows).to_pylist()
    for row, key in zip(rows, zip(pids, names, strict=True), strict=True):
        seen.setdefault(key, row)
    return np.array(list(seen.values()), dtype=int)


def _legs(line, most_m=2_000.0):
    """Yield the two ends of pieces of a line, each short enough for a tight box."""
    for a, b in itertools.pairwise(line):
        _, _, length = placed([a, b], np.zeros(1), np.zeros(1))
        n = max(1, int(np.ceil(length / most_m)))
        ends = [(a[0] + (b[0] - a[0]) * i / n, a[1] + (b[1] - a[1]) * i / n) for i in range(n + 1)]
        yield from (list(pair) for pair in itertools.pairwise(ends))


def _between(snapshot, table, start, end):
    """Return the displacement in mm between the epochs nearest to two dates, for each row."""
    if table.num_rows > MAX_POLYGON_SERIES:
        raise RequestError("line", f"passes more than {MAX_POLYGON_SERIES:,} points", "leave out from and to")
    result = np.full(table.num_rows, np.nan)
    pids, names = table["pid"].to_pylist(), table["product"].to_pylist()
    places = {}
    for row, name in enumerate(names):
        places.setdefault(name, {})[pids[row]] = row
    for name, rows in places.items():
        epochs = snapshot.products[name]["epochs"]
        first, last = (
            min(range(len(epochs)), key=lambda i, day=day: abs(epochs[i] - day)) for day in (start, end)
        )
        held, displacements = snapshot.series.read(name, rows)
        for pid, values in zip(held, displacements, strict=True):
            result[rows[pid]] = round(values[last] - values[first], 1)
    return pa.array(result, from_pandas=True)


ROUTES = (
    Route(
        f"{PREFIX}/polygon",
        "Statistics and the mean and quartile series of the points in a polygon.",
        (
            p.path("polygon", 3, "the corners"),
            p.choice("series", "with series, or statistics only", "yes", "no"),
            p.choice("format", "json: statistics; csv and geojson: the points", "json", "csv", "geojson"),
            *p.FILTERS,
        ),
        polygon,
        ("application/json", "text/csv", "application/geo+json"),
    ),
    Route(
        f"{PREFIX}/profile",
        "Points beside a line: position along it, velocity, height, displacement between two dates.",
        (
            p.path("line", 2, "the line"),
            p.whole("width_m", "width of the corridor in metres", 1, MAX_WIDTH_M, 250),
            p.day("from", "first date, for displacement_mm"),
            p.day("to", "second date"),
            p.choice("format", "form of the answer", "json", "arrow", "csv"),
            *p.FILTERS,
        ),
        profile,
        ("application/json", "application/vnd.apache.arrow.stream", "text/csv"),
    ),
)
