"""Routes about points: viewport, point, series."""

import pyarrow as pa
from egmsql.web import parameters as p
from egmsql.web.answers import as_arrow, as_csv, as_geojson, as_json, columnar, rows_of
from egmsql.web.limits import FAST_MS, MAX_POINTS
from egmsql.web.parameters import RequestError
from egmsql.web.queries import (
    STRONGEST_PID,
    box_around,
    candidates,
    cells_at,
    cells_where,
    coded,
    count_in,
    first_rows,
    listed,
    pid_number,
    points_where,
    resolve,
    spelled,
    words_of,
    zoom_for,
)
from egmsql.web.routes import PREFIX, Route

_POINT_COLUMNS = ("pid", "longitude", "latitude", "viewing", "velocity_mm_yr")
_CELL_COLUMNS = (
    *("cell_x", "cell_y", "longitude", "latitude", "viewing", "n_points", "velocity_mm_yr"),
    *("velocity_min_mm_yr", "velocity_min_pid", "velocity_max_mm_yr", "velocity_max_pid"),
)
# What a map draws: a third of the bytes and of the work of two texts a cell.
_DRAWN_COLUMNS = tuple(c for c in _CELL_COLUMNS if not c.endswith("_pid") and not c.startswith("cell_"))
_FEW = 4  # files are looked into as they are
_SMALL_DEGREES = 0.01  # 1.1 km: there points are tried first
_ROUGH_DEGREES = 0.05  # 5.6 km: up to there a few large cells often tell that points are few enough
_ROUGH_WIDTH = 32  # pixels of a view that has such large cells
_COARSE_WIDTH = 256  # the same where cells tell how many points a box holds, within a hundredth


async def viewport(call):
    """Answer the points of a box, or cells of an overview where they are too many."""
    view = _View(call)
    described, table = await call.run(view.found, FAST_MS)
    release, level = resolve(call.snapshot, call.filters)
    described = {**described, "release": release, "level": level, "n": table.num_rows}
    described["units"] = _units(call.snapshot, table.column_names, described["kind"])
    if call["format"] == "arrow":
        return as_arrow(table, described)
    if call["format"] == "geojson":
        return as_geojson(table, described)
    return as_json({**described, "columns": columnar(table)})


class _View:
    """What a request for a box asks the tables."""

    def __init__(self, call):
        self._call, self._box = call, call["bbox"]
        self._limit, self._kind = call["limit"], call["kind"]
        self._points = points_where(call.snapshot, call.filters, self._box)
        self._cells = cells_where(call.snapshot, call.filters, self._box)
        tables = call.snapshot.tables
        self._shown = {
            kind: listed(tables[name], _columns(call, kind))
            for kind, name in (("points", "points"), ("cells", "overviews"))
        }
        if call["movers"] == "strongest":
            self._shown["cells"] += f", {STRONGEST_PID}"
        self._words = words_of(call.snapshot)
        self._zoom = zoom_for(self._box, call["width"])
        # Filters on numbers may leave few of the points of a cell.
        self._most = self._limit * (4 if call.filters.ranges else 1) + 100

    def found(self, cursor):
        """Return (what the rows are, Arrow table)."""
        if self._kind == "cells":
            return self._found_cells(cursor)
        n_cells = None
        if self._kind == "auto" and not self._has_few(cursor):
            # A sum over few cells tells where counting points would be the work itself.
            coarse = zoom_for(self._box, _COARSE_WIDTH)
            about, n_coarse = count_in(cursor, self._cells, coarse)
            n_cells = n_coarse * 4 ** max(0, coarse - self._zoom)
            if about > self._most:
                return self._found_cells(cursor, n_cells)
        table = self._found_points(cursor)
        if table.num_rows <= self._limit:
            return {"kind": "points"}, table
        if self._kind == "points":
            wrong = f"holds more than {self._limit:,} points"
            raise RequestError("bbox", wrong, "take a smaller box, a larger limit, or kind=auto")
        return self._found_cells(cursor, n_cells)

    def _has_few(self, cursor):
        """Return whether points are surely few enough to be read: a small box, or large cells that say so."""
        height = self._box[3] - self._box[1]
        if _SMALL_DEGREES < height <= _ROUGH_DEGREES:
            zoom = zoom_for(self._box, _ROUGH_WIDTH)
            around = box_around([self._box[:2], self._box[2:]], 10 * 2**zoom)
            cells = cells_where(self._call.snapshot, self._call.filters, around)
            return count_in(cursor, cells, zoom)[0] <= self._most
        return height <= _SMALL_DEGREES

    def _found_points(self, cursor):
        def read(shown):
            """Return the first rows with some columns."""
            text = f"select {shown} from points where {self._points}"
            return first_rows(cursor, text, self._points.params, self._limit + 1)

        shown = self._shown["points"]
        table = spelled(read(coded(shown, self._words)), self._words)
        return read(shown) if table is None else table

    def _found_cells(self, cursor, at_most=None):
        shown = coded(self._shown["cells"], self._words)
        zoom, found = cells_at(cursor, self._cells, self._zoom, shown, at_most)
        table = spelled(found, self._words)
        if table is None:
            zoom, table = cells_at(cursor, self._cells, self._zoom, self._shown["cells"], at_most)
        return {"kind": "cells", "zoom": zoom, "cell_m": 10 * 2**zoom}, table


def _columns(call, kind):
    """Return the columns of an answer: the fixed ones, and those asked for that a table has."""
    cells = _CELL_COLUMNS if call["movers"] == "both" else _DRAWN_COLUMNS
    fixed = _POINT_COLUMNS if kind == "points" else cells
    held = call.snapshot.tables["points" if kind == "points" else "overviews"].columns
    asked = call["columns"] or []
    tables = call.snapshot.tables
    unknown = [c for c in asked if c not in tables["points"].columns and c not in tables["overviews"].columns]
    if unknown:
        known = ", ".join(call.snapshot.tables["points"].columns)
        raise RequestError(f"columns: {unknown[0][:40]}", "is no column of points", f"choose among {known}")
    return list(dict.fromkeys([*fixed, *(c for c in asked if c in held)]))


def _units(snapshot, columns, kind):
    meanings = snapshot.tables["points" if kind == "points" else "overviews"].meanings
    return {c: meanings[c][0] for c in columns if c in meanings and meanings[c][0]}


async def point(call):
    """Answer everything about points by pid, a row for each product that saw it."""
    rows = await call.run(lambda cursor: find_points(cursor, call, call["pid"]), FAST_MS)
    if not rows:
        raise RequestError(f"pid {call['pid'][0]}", "is not in the lake", "search for it", 404)
    meanings = call.snapshot.tables["points"].meanings
    units = {c: unit for c, (unit, _) in meanings.items() if unit}
    return as_json({"points": rows, "units": units})


def products_of(call, pid):
    """Return the products in which a pid can be, of those that the request means."""
    filters, held = call.filters, call.snapshot.products
    return [
        name
        for name in candidates(call.snapshot, pid)
        if filters.release in (None, held[name]["release"])
        and filters.level in (None, held[name]["level"])
        and name in filters.words.get("product", [name])
        and held[name]["viewing"] in filters.words.get("viewing", [held[name]["viewing"]])
    ]


def find_points(cursor, call, pids):
    """Return the rows of points by pid as dicts, of one release or level where the request says so."""
    found, table = [], call.snapshot.tables["points"]
    shown = listed(table, table.columns)
    for pid in pids:
        products = products_of(call, pid)
        if products:
            # The number is pruned by row group; text is only by its first eight characters.
            marks = ", ".join("?" * len(products))
            text = (
                f"select {shown} from points where pid_number = ? and product in ({marks}) order by product"
            )
            found += rows_of(cursor.execute(text, [pid_number(pid), *products]).to_arrow_table())
    return found


def products_by_pid(cursor, call, pids):
    """Return product -> pids to look for in its series; the points are asked only where many could hold one.

    The pids of a burst are a range of their own. Tiles of L3 lie beside each other in it.
    """
    wanted = {}
    for pid in pids:
        products = products_of(call, pid)
        if len(products) > _FEW:
            products = [row["product"] for row in find_points(cursor, call, [pid])]
        for product in products:
            wanted.setdefault(product, []).append(pid)
    return wanted


async def series(call):
    """Answer displacement series by pid, with their epochs."""
    snapshot, pids = call.snapshot, call["pid"]

    def query(cursor):
        """Return (product, pid, displacements in mm) of each series."""
        wanted = products_by_pid(cursor, call, pids)
        found = []
        for product, some in wanted.items():
            held, displacements = snapshot.series.read(product, some)
            found += [(product, pid, values) for pid, values in zip(held, displacements, strict=True)]
        return found

    found = await call.run(query, FAST_MS)
    if not found:
        raise RequestError(f"pid {pids[0]}", "has no series in the lake", "search for it", 404)
    order = {pid: place for place, pid in enumerate(pids)}
    found.sort(key=lambda each: (order[each[1]], each[0]))
    if call["format"] != "json":
        table = _series_table(snapshot, found)
        return as_csv(table) if call["format"] == "csv" else as_arrow(table, {"kind": "series"})
    used = {product for product, _, _ in found}
    products = {name: product_facts(snapshot.products[name]) for name in sorted(used)}
    listed = [{"pid": pid, "product": name, "displacements_mm": values} for name, pid, values in found]
    return as_json({"series": listed, "products": products, "units": {"displacements_mm": "mm"}})


def product_facts(product):
    """Return what belongs to the series of a product: its epochs, once, and how it looks."""
    facts = {key: product[key] for key in ("release", "level", "viewing", "track", "incidence_angle")}
    return {**facts, "epochs": [epoch.isoformat() for epoch in product["epochs"]]}


def _series_table(snapshot, found):
    names = ("pid", "product", "epoch", "displacement_mm")
    parts = []
    for product, pid, values in found:
        epochs = snapshot.products[product]["epochs"]
        columns = [[pid] * len(epochs), [product] * len(epochs), epochs]
        displacements = pa.array(values, pa.float64(), from_pandas=True)
        parts.append(pa.table([*map(pa.array, columns), displacements], names=list(names)))
    return pa.concat_tables(parts)


ROUTES = (
    Route(
        f"{PREFIX}/viewport",
        "Points of a box, or cells of an overview where they are more than `limit`.",
        (
            p.bbox(),
            p.VIEW_WIDTH,
            p.whole("limit", "most points in the answer", 1, MAX_POINTS, MAX_POINTS),
            p.choice("kind", "points, cells, or what suits", "auto", "points", "cells"),
            p.words(
                "columns", "further columns of points; cells give those they have, as means", "height_ortho"
            ),
            p.choice(
                "movers",
                "pids that cells have: of both extremes, of the stronger, as pid, or none",
                "both",
                "strongest",
                "none",
            ),
            p.choice("format", "form of the answer", "json", "arrow", "geojson"),
            *p.FILTERS,
        ),
        viewport,
        ("application/json", "application/vnd.apache.arrow.stream", "application/geo+json"),
    ),
    Route(f"{PREFIX}/point", "Everything about points by pid.", (p.pids(), *p.FILTERS[:4]), point),
    Route(
        f"{PREFIX}/series",
        "Displacement series by pid; epochs once for each product.",
        (p.pids(), p.choice("format", "form of the answer", "json", "csv", "arrow"), *p.FILTERS[:4]),
        series,
        ("application/json", "text/csv", "application/vnd.apache.arrow.stream"),
    ),
)
