"""Shapes that choose points: a box, or the polygons of a vector file, cut so small that a test is cheap."""

from pathlib import Path

import duckdb

from egmsql.errors import SettingError
from egmsql.storage import quoted

LAKE_CRS = "EPSG:3035"

_CORNERS = 256  # a piece with no more is left whole
_SIDE = 20.0  # m: nor is one cut that is smaller

# A country has a hundred thousand corners, and a point would be held against all of them. Quarters of
# quarters know the few beside a point; each owns its west and south side, so that a point is in one of them.
_SPLIT = """
create or replace temp table {pieces} as
with recursive cut as (
    select number, shape as piece, floor(st_xmin(shape)) as west, floor(st_ymin(shape)) as south,
        floor(st_xmax(shape)) + 1 as east, floor(st_ymax(shape)) + 1 as north
    from {shapes}
    where not st_isempty(shape)

    union all

    select number, st_intersection(piece, st_makeenvelope(west, south, east, north)), west, south, east, north
    from (
        select number, piece,
            case when x = 0 then west else (west + east) / 2 end as west,
            case when y = 0 then south else (south + north) / 2 end as south,
            case when x = 0 then (west + east) / 2 else east end as east,
            case when y = 0 then (south + north) / 2 else north end as north
        from cut cross join (select unnest([0, 0, 1, 1]) as x, unnest([0, 1, 0, 1]) as y) as quarters
        where {is_large}
    ) as quartered
    where st_intersects(piece, st_makeenvelope(west, south, east, north))
)

select number, piece, west, south, east, north from cut where not ({is_large})
"""
_IS_LARGE = f"st_npoints(piece) > {_CORNERS} and greatest(east - west, north - south) > {_SIDE}"

# Written so that DuckDB joins by the tree of boxes and looks at the sides afterwards.
OWNS = "{x} - west >= 0 and east - {x} > 0 and {y} - south >= 0 and north - {y} > 0"


def load_shapes(connection, path, name):
    """Make a temporary table (number, shape in EPSG:3035, and the file's own columns) of a vector file."""
    if not Path(path).exists():
        raise SettingError(path, "does not exist", "give a vector file with polygons")
    try:
        relation = connection.sql(f"select * from st_read({quoted(str(path))})")
    except duckdb.Error as error:
        text = " ".join(str(error).split())[:200]
        raise SettingError(path, f"cannot be read as a vector file ({text})", "give another format") from None
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    column = next((c for c, t in types.items() if t.startswith("GEOMETRY")), None)
    if column is None:
        raise SettingError(path, "has no shapes", "give a vector file with polygons")
    crs = types[column][len("GEOMETRY(") + 1 : -2] or "EPSG:4326"  # GeoJSON without a word is WGS84
    others = ", ".join(f'"{c}"' for c in types if c != column)
    shape = (
        f"st_makevalid(st_transform(\"{column}\"::geometry, {quoted(crs)}, '{LAKE_CRS}', always_xy := true))"
    )
    connection.execute(
        f"create or replace temp table {name} as select row_number() over () as number,"
        f" {shape} as shape{', ' + others if others else ''} from st_read({quoted(str(path))})"
    )


def split_shapes(connection, shapes, pieces):
    """Make a temporary table of pieces (number, piece, and the sides that it owns) of a table of shapes."""
    connection.execute(_SPLIT.format(shapes=shapes, pieces=pieces, is_large=_IS_LARGE))


def box_around(bbox):
    """Return SQL for a box of (west, south, east, north), degrees or m, as a shape in EPSG:3035."""
    west, south, east, north = bbox
    box = f"st_makeenvelope({west!r}, {south!r}, {east!r}, {north!r})"
    if max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90:
        # Straight edges in degrees are bent in metres: more corners follow them closely.
        return (
            f"st_transform({_dense(west, south, east, north)}, 'EPSG:4326', '{LAKE_CRS}', always_xy := true)"
        )
    return box


def _dense(west, south, east, north, n=16):
    xs = [west + (east - west) * i / n for i in range(n)]
    ys = [south + (north - south) * i / n for i in range(n)]
    corners = [(x, south) for x in xs] + [(east, y) for y in ys]
    corners += [(west + east - x, north) for x in xs] + [(west, south + north - y) for y in ys]
    text = ", ".join(f"{x!r} {y!r}" for x, y in [*corners, corners[0]])
    return f"st_geomfromtext('POLYGON (({text}))')"
