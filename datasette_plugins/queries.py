"""The routes' own SQL: fixed texts with parameters, over tables whose columns are known."""

import itertools
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from egmsql.web.limits import MAX_POINTS
from egmsql.web.parameters import RequestError

METRES_PER_DEGREE = 111_320.0
FIRST_ZOOM, LAST_ZOOM = 2, 11  # of overviews: cells of 10 m * 2 ** zoom
_CELL_PIXELS = 4  # a cell is drawn at least this wide
_TRIED = 2  # times the limit: if there can be no more cells, they rarely are too many and need no counting
STRONGEST_PID = (
    "if(velocity_max_mm_yr >= -velocity_min_mm_yr, velocity_max_pid, velocity_min_pid) as pid"  # of a cell
)


def resolve(snapshot, filters):
    """Return (release, level) that a request means; the newest release, L2b before L3 before L2a.

    Raises
    ------
    RequestError
        404 if the lake has no such product.
    """
    pairs = snapshot.datasets
    found = [
        pair for pair in pairs if filters.release in (None, pair[0]) and filters.level in (None, pair[1])
    ]
    if not found:
        held = ", ".join(sorted(f"{release} {level}" for release, level in pairs)) or "nothing"
        raise RequestError("release, level", "are not in the lake", f"it holds {held}", 404)
    order = {"L2b": 0, "L3": 1, "L2a": 2}
    newest = max(release for release, _ in found)
    return min((pair for pair in found if pair[0] == newest), key=lambda pair: order.get(pair[1], 9))


def _dataset(snapshot, filters):
    return snapshot.datasets[resolve(snapshot, filters)]


def listed(table, columns):
    """Return the select list of columns, in types that every reader knows: DECIMAL is for DuckDB alone."""
    parts = (
        f'"{c}"::double as "{c}"' if table.columns[c].startswith("DECIMAL") else f'"{c}"' for c in columns
    )
    return ", ".join(parts)


_OTHER = 255  # stands for a word that was not expected


def words_of(snapshot):
    """Return column -> the words that it may hold, of the columns that repeat few words row after row."""
    counts = snapshot.tables["overviews"].columns
    classes = [c.removeprefix("n_") for c in counts if c.startswith("n_") and c != "n_points"]
    found = {"viewing": sorted({p["viewing"] for p in snapshot.products.values()}), "class": classes}
    return {column: words for column, words in found.items() if words}


def coded(text, words):
    """Return a select list that gives words as their places.

    Writing out a text for each row costs twice as much as the rest of the query.
    """
    for column, known in words.items():
        cases = "".join(f" when {_text(word)} then {i}::utinyint" for i, word in enumerate(known))
        place = f'case "{column}"{cases} else {_OTHER}::utinyint end'
        given = f'case when "{column}" is not null then {place} end as "{column}"'
        text = text.replace(f'"{column}"', given)
    return text


def _text(word):
    return "'" + word.replace("'", "''") + "'"


def spelled(table, words):
    """Return a table whose places are words again, as dictionaries; None if there was a word not expected."""
    for column in set(words) & set(table.column_names):
        places = table[column].combine_chunks()
        if pc.any(pc.equal(places, _OTHER)).as_py():
            return None
        known = pa.DictionaryArray.from_arrays(places, pa.array(words[column], pa.string()))
        table = table.set_column(table.column_names.index(column), column, known)
    return table


class Selection:
    """Conditions on one served table, and their parameters."""

    def __init__(self, table):
        self._table, self.parts, self.params = table, [], []

    def where(self, condition, *params):
        """Add a condition."""
        self.parts.append(condition)
        self.params += params
        return self

    def box(self, west, south, east, north):
        """Keep what lies in a box."""
        return self.where(
            "longitude between ?::decimal(9, 6) and ?::decimal(9, 6)"
            " and latitude between ?::decimal(9, 6) and ?::decimal(9, 6)",
            west,
            east,
            south,
            north,
        )

    def dataset(self, number):
        """Keep one release and level."""
        return self.where("dataset = ?", number)

    def words(self, column, values):
        """Keep some values of a column; RequestError if the lake does not have it."""
        if column not in self._table.columns:
            raise RequestError(column, "is no column of this lake", "leave it out")
        return self.where(f'"{column}" in ({", ".join("?" * len(values))})', *values)

    def range(self, column, low, high):
        """Keep a range of a column; RequestError if the lake does not have it."""
        if column not in self._table.columns:
            raise RequestError(f"min_{column}, max_{column}", "is no column of this lake", "leave it out")
        if low is not None:
            self.where(f'"{column}" >= ?', low)
        if high is not None:
            self.where(f'"{column}" <= ?', high)
        return self

    def __str__(self):
        return " and ".join(self.parts) or "true"


def points_where(snapshot, filters, box=None):
    """Return the Selection of points that a request means."""
    selection = Selection(snapshot.tables["points"]).dataset(_dataset(snapshot, filters))
    if box:
        selection.box(*box)
    for column, values in filters.words.items():
        selection.words(column, values)
    for column, (low, high) in filters.ranges.items():
        selection.range(column, low, high)
    return selection


def cells_where(snapshot, filters, box):
    """Return the Selection of overview cells that a request means, without their zoom.

    A cell passes a range of velocities if one of its extremes does, classes if one of its points has one, and
    other ranges by its mean; a product cannot be told from another in a cell.
    """
    table = snapshot.tables["overviews"]
    selection = Selection(table).dataset(_dataset(snapshot, filters)).box(*box)
    if "viewing" in filters.words:
        selection.words("viewing", filters.words["viewing"])
    if "class" in filters.words:
        counts = [f"n_{name}" for name in filters.words["class"] if f"n_{name}" in table.columns]
        selection.where(f"({' + '.join(counts) or '0'}) > 0")
    for column, (low, high) in filters.ranges.items():
        if column == "velocity_mm_yr":
            selection.range("velocity_max_mm_yr", low, None).range("velocity_min_mm_yr", None, high)
        elif column in table.columns:
            selection.range(column, low, high)
    return selection


def zoom_for(box, width):
    """Return the zoom of overviews whose cells suit a box drawn `width` pixels wide."""
    west, south, east, north = box
    metres = (east - west) * METRES_PER_DEGREE * math.cos(math.radians((south + north) / 2))
    cell = max(metres / width * _CELL_PIXELS, 1e-9)
    return min(LAST_ZOOM, max(FIRST_ZOOM, math.ceil(math.log2(cell / 10))))


def count_in(cursor, selection, zoom):
    """Return about how many points a box holds, by its cells at a zoom."""
    text = f"select coalesce(sum(n_points), 0), count(*) from overviews where zoom = ? and {selection}"
    return cursor.execute(text, [zoom, *selection.params]).fetchone()


def first_rows(cursor, text, params, most):
    """Return the Arrow table of a query's rows, or of the first `most` of them.

    It stops reading: a `limit` keeps their order in DuckDB and costs as much as the query itself.
    """
    reader, parts, n = cursor.execute(text, params).to_arrow_reader(most), [], 0
    for batch in reader:
        parts.append(batch)
        n += batch.num_rows
        if n >= most:
            break
    return pa.Table.from_batches(parts, reader.schema).slice(0, most)


def cells_at(cursor, selection, zoom, columns, at_most=None, limit=MAX_POINTS):
    """Return (zoom, Arrow table) of cells, at the first zoom from `zoom` up that has at most `limit`.

    `at_most`: about how many cells there can be at `zoom`, where that is known; few need no counting.
    """
    n_cells = math.inf if at_most is None else at_most
    while n_cells > _TRIED * limit and zoom < LAST_ZOOM:
        _, n_cells = count_in(cursor, selection, zoom)
        zoom += n_cells > limit
    text = f"select {columns} from overviews where zoom = ? and {selection}"
    found = first_rows(cursor, text, [zoom, *selection.params], limit + 1)
    if found.num_rows > limit and zoom < LAST_ZOOM:
        return cells_at(cursor, selection, zoom + 1, columns, None, limit)
    return zoom, found.slice(0, limit)


def candidates(snapshot, pid):
    """Return the products in which a pid can be: those whose range of pids holds it."""
    return [n for n, p in snapshot.products.items() if p["pid_min"] <= pid <= p["pid_max"]]


def pid_number(pid):
    """Return the number that a pid spells in base 62."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number = 0
    for digit in pid:
        number = number * 62 + digits.index(digit)
    return number


def inside(polygon, longitudes, latitudes):
    """Return which points lie in a polygon (even-odd rule, in degrees)."""
    found = np.zeros(len(longitudes), dtype=bool)
    corners = np.asarray(polygon, dtype=float)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > latitudes) != (y2 > latitudes)
        found ^= crosses & (longitudes < (x2 - x1) * (latitudes - y1) / (y2 - y1) + x1)
    return found


def box_around(corners, margin_m=0.0):
    """Return the box of corners, with a margin in metres."""
    lons, lats = zip(*corners, strict=True)
    up = margin_m / METRES_PER_DEGREE
    highest = min(89.0, max(abs(min(lats)), abs(max(lats))) + up)
    aside = up / math.cos(math.radians(highest))
    return min(lons) - aside, min(lats) - up, max(lons) + aside, max(lats) + up


def placed(line, longitudes, latitudes):
    """Return (metres along a line, metres beside it, + to its right) of points, on a local plane."""
    middle = math.radians(sum(lat for _, lat in line) / len(line))
    scale = np.array([METRES_PER_DEGREE * math.cos(middle), METRES_PER_DEGREE])
    corners = np.asarray(line, dtype=float) * scale
    points = np.column_stack([longitudes, latitudes]) * scale
    along, beside = np.zeros(len(points)), np.full(len(points), np.inf)
    start = 0.0
    for a, b in itertools.pairwise(corners):
        length = float(np.hypot(*(b - a)))
        if length == 0:
            continue
        unit = (b - a) / length
        t = (points - a) @ unit
        side = (points[:, 0] - a[0]) * unit[1] - (points[:, 1] - a[1]) * unit[0]
        near = (t >= 0) & (t <= length) & (np.abs(side) < np.abs(beside))
        along[near], beside[near] = start + t[near], side[near]
        start += length
    return along, beside, start
