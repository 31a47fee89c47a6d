"""The route of displacement over time of all points in a box: what an animation is made of."""

import datetime

import numpy as np
import pyarrow as pa
from egmsql.web import parameters as p
from egmsql.web.answers import ARROW, as_arrow, as_json, columnar
from egmsql.web.limits import MAX_POLYGON_SERIES, MAX_ROW_GROUPS, SLOW_MS
from egmsql.web.parameters import RequestError
from egmsql.web.queries import first_rows, listed, points_where, resolve
from egmsql.web.routes import PREFIX, Route

_COLUMNS = ("pid", "product", "longitude", "latitude", "viewing", "velocity_mm_yr", "class")
_ALLOWED = 200_000  # points in the box, of which an even choice is taken


async def frames(call):
    """Answer displacements of a box's points at evenly spaced dates, since the first of them."""
    snapshot = call.snapshot
    where = points_where(snapshot, call.filters, call["bbox"])
    held = snapshot.tables["points"]
    shown = listed(held, [c for c in _COLUMNS if c in held.columns])

    def query(cursor):
        """Return (points in the box, dates, table of an even choice with displacements)."""
        text = f"select {shown} from points where {where}"
        table = first_rows(cursor, text, where.params, _ALLOWED + 1)
        if table.num_rows > _ALLOWED:
            raise RequestError("bbox", f"holds more than {_ALLOWED:,} points", "take a smaller box")
        total = table.num_rows
        if total > call["limit"]:
            table = table.take(np.linspace(0, total - 1, call["limit"]).round().astype(int))
        names = sorted(set(table["product"].to_pylist()))
        dates = _dates([snapshot.products[name]["epochs"] for name in names], call["frames"])
        return total, dates, _with_displacements(snapshot, table, dates)

    total, dates, table = await call.run(query, SLOW_MS, "slow")
    release, level = resolve(snapshot, call.filters)
    described = {"kind": "points", "release": release, "level": level, "n": table.num_rows, "n_in_box": total}
    described["dates"] = [day.isoformat() for day in dates]
    described["units"] = {"displacement_mm": "mm"}
    if call["format"] == "arrow":
        return as_arrow(table, described)
    return as_json({**described, "columns": columnar(table)})


def _dates(epochs, n):
    """Return `n` days, evenly from the first to the last that all products have."""
    if not epochs:
        return []
    first, last = max(each[0] for each in epochs), min(each[-1] for each in epochs)
    days = (last - first).days
    return [first + datetime.timedelta(days=round(days * i / (n - 1))) for i in range(n)]


def _with_displacements(snapshot, table, dates):
    """Return the table with a list for each point: displacement at the last epoch present by each date."""
    values = np.full((table.num_rows, len(dates)), np.nan, dtype=np.float32)
    rows, groups = {}, 0
    for row, (name, pid) in enumerate(
        zip(table["product"].to_pylist(), table["pid"].to_pylist(), strict=True)
    ):
        rows.setdefault(name, {})[pid] = row
    for name, places in rows.items():
        groups += snapshot.series.count_groups(name, list(places))
        if groups > MAX_ROW_GROUPS:
            raise RequestError("bbox", "needs series from too many places", "take a smaller box")
        held, displacements = snapshot.series.read(name, list(places))
        epochs = np.array(snapshot.products[name]["epochs"], dtype="datetime64[D]")
        at = np.searchsorted(epochs, np.array(dates, dtype="datetime64[D]"), side="right") - 1
        if len(held):
            filled = _filled(displacements)[:, np.maximum(at, 0)]
            values[[places[pid] for pid in held]] = filled - filled[:, :1]
    flat = pa.array(np.round(values, 1).ravel(), from_pandas=True)
    lists = pa.FixedSizeListArray.from_arrays(flat, max(1, len(dates)))
    return table.drop_columns(["product"]).append_column("displacement_mm", lists)


def _filled(displacements):
    """Return series in which a missing epoch has the value before it."""
    last = np.where(np.isfinite(displacements), np.arange(displacements.shape[1]), 0)
    np.maximum.accumulate(last, axis=1, out=last)
    return np.take_along_axis(displacements, last, axis=1)


ROUTES = (
    Route(
        f"{PREFIX}/frames",
        "Displacements of the points in a box at evenly spaced dates: an animation.",
        (
            p.bbox(),
            p.whole("frames", "how many dates", 2, 120, 60),
            p.whole(
                "limit",
                "most points; of more an even choice",
                1,
                MAX_POLYGON_SERIES,
                MAX_POLYGON_SERIES,
            ),
            p.choice("format", "form of the answer", "json", "arrow"),
            *p.FILTERS,
        ),
        frames,
        ("application/json", ARROW),
    ),
)
