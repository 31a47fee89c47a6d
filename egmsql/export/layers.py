"""What can be exported, and which rows of it: queries over the lake's models."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from egmsql.errors import SettingError
from egmsql.storage import quoted

LAKE_CRS = "EPSG:3035"

# Layer -> the models it needs and its query; each has `product`, `class`, `velocity_mm_yr` and `geometry`,
# in which the filters look. `products` is a list where a shape has several.
_AREAS = "select * exclude (hull, geometry_wgs84) from clusters.areas"
LAYERS = {
    "areas": ("clusters.areas", _AREAS),
    "subareas": (
        "clusters.subareas",
        "select subareas.*, areas.products from clusters.subareas as subareas"
        " inner join (select cluster, products from clusters.areas) as areas using (cluster)",
    ),
    "points": (
        "clusters.members",
        "select pid, product, [product] as products, height_ortho, kinematics.velocity_mm_yr,"
        " kinematics.velocity_sigma_mm_yr, kinematics.acceleration_mm_yr2, kinematics.seasonality_mm,"
        " kinematics.rmse_mm, kinematics.temporal_coherence, members.cluster, motion.class,"
        " motion.probability, geometry"
        " from observed.points inner join features.kinematics as kinematics using (pid, product)"
        " left join (select pid, product, cluster from clusters.members) as members using (pid, product)"
        " left join classes.motion as motion using (pid, product)",
    ),
    # Filters of velocity look at the vertical one.
    "cells": (
        "geometry.cells",
        "select *, velocity_up_mm_yr as velocity_mm_yr, null::varchar as class, []::varchar[] as products,"
        " st_point(easting, northing)::geometry('EPSG:3035') as geometry from geometry.cells",
    ),
    "series": (
        "clusters.motions",
        "select cluster, unnest(motions.epochs) as epoch, unnest(n_series) as n_series,"
        " unnest(mean_displacements_mm) as mean_displacement_mm,"
        " unnest(lower_quartiles_mm) as lower_quartile_mm,"
        " unnest(median_displacements_mm) as median_displacement_mm,"
        " unnest(upper_quartiles_mm) as upper_quartile_mm, areas.products, areas.class,"
        " areas.velocity_mm_yr, areas.geometry"
        " from clusters.motions as motions inner join clusters.areas as areas using (cluster)",
    ),
}


@dataclass(frozen=True)
class Filters:
    """Which rows of a layer are taken; what is None does not restrict.

    Parameters
    ----------
    bbox : tuple of float, optional
        West, south, east, north: degrees if all fit (|x| ≤ 180, |y| ≤ 90), else m in EPSG:3035.
    polygon : Path, optional
        A vector file; rows that touch one of its shapes are taken.
    classes : tuple of str
    velocity : tuple of float, optional
        Lowest and highest, mm/yr.
    products : tuple of str
        Names, with * for any letters.
    """

    bbox: tuple | None = None
    polygon: Path | None = None
    classes: tuple = ()
    velocity: tuple | None = None
    products: tuple = ()


def layer_query(connection, layer, filters):
    """Return the query for the rows of a layer that pass the filters; its geometry is in EPSG:3035."""
    model, query = LAYERS[layer]
    known = "select count(*) from duckdb_views() where schema_name || '.' || view_name = ?"
    tables = "select count(*) from duckdb_tables() where schema_name || '.' || table_name = ?"
    if not any(connection.execute(sql, [model]).fetchone()[0] for sql in (known, tables)):
        raise SettingError(layer, f"needs {model}, which this lake does not have", "build the lake first")
    conditions = []
    if filters.bbox is not None:
        conditions.append(f"st_intersects(geometry, {_box(filters.bbox)})")
    if filters.polygon is not None:
        load_shapes(connection, filters.polygon, "_inside")
        conditions.append("exists (select 1 from _inside where st_intersects(layer.geometry, _inside.shape))")
    if filters.classes:
        conditions.append(f"class in ({', '.join(map(quoted, filters.classes))})")
    if filters.velocity is not None:
        lowest, highest = filters.velocity
        conditions.append(f"velocity_mm_yr between {lowest!r} and {highest!r}")
    if filters.products:
        likes = [
            f"name like {quoted(name.replace('_', chr(92) + '_').replace('*', '%'))} escape '\\'"
            for name in filters.products
        ]
        conditions.append(f"exists (select 1 from unnest(products) as t(name) where {' or '.join(likes)})")
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f"select * from ({query}) as layer{where}"


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


def _box(bbox):
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
