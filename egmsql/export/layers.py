"""What can be exported, and which rows of it: queries over the lake's models."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from egmsql.errors import SettingError
from egmsql.export.shapes import OWNS, box_around, load_shapes, split_shapes
from egmsql.storage import quoted


class Layer(NamedTuple):
    """The model that a layer needs, its query, and for areas the column and model that tell them apart.

    Each query has `products`, `class`, `velocity_mm_yr` and `geometry`, in which the filters look.
    """

    model: str
    query: str
    shapes: tuple | None = None


_AREAS = "select * exclude (hull, geometry_wgs84) from clusters.areas"
LAYERS = {
    "areas": Layer("clusters.areas", _AREAS, ("cluster", "clusters.areas")),
    "subareas": Layer(
        "clusters.subareas",
        "select subareas.*, areas.products from clusters.subareas as subareas"
        " inner join (select cluster, products from clusters.areas) as areas using (cluster)",
        ("subarea", "clusters.subareas"),
    ),
    "points": Layer(
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
    "cells": Layer(
        "geometry.cells",
        "select *, velocity_up_mm_yr as velocity_mm_yr, null::varchar as class, []::varchar[] as products,"
        " st_point(easting, northing)::geometry('EPSG:3035') as geometry from geometry.cells",
    ),
    "series": Layer(
        "clusters.motions",
        "select cluster, unnest(motions.epochs) as epoch, unnest(n_series) as n_series,"
        " unnest(mean_displacements_mm) as mean_displacement_mm,"
        " unnest(lower_quartiles_mm) as lower_quartile_mm,"
        " unnest(median_displacements_mm) as median_displacement_mm,"
        " unnest(upper_quartiles_mm) as upper_quartile_mm, areas.products, areas.class,"
        " areas.velocity_mm_yr, areas.geometry"
        " from clusters.motions as motions inner join clusters.areas as areas using (cluster)",
        ("cluster", "clusters.areas"),
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


def check_built(connection, layer):
    """Raise SettingError unless the lake has the model that a layer is made from."""
    model = LAYERS[layer].model
    known = "select schema_name || '.' || {0}_name from duckdb_{0}s()"
    found = connection.execute(f"{known.format('view')} union all {known.format('table')}").fetchall()
    if (model,) not in found:
        raise SettingError(layer, f"needs {model}, which this lake does not have", "build the lake first")


def layer_query(connection, layer, filters):
    """Return the query for the rows of a layer that pass the filters; its geometry is in EPSG:3035."""
    _, query, shapes = LAYERS[layer]
    conditions, join = [], ""
    if filters.bbox is not None:
        conditions.append(f"st_intersects(geometry, {box_around(filters.bbox)})")
    if filters.polygon is not None:
        _load_polygon(connection, filters.polygon)
        join, condition = _within(shapes)
        conditions.append(condition)
    if filters.classes:
        conditions.append(f"class in ({', '.join(map(quoted, filters.classes))})")
    if filters.velocity is not None:
        lowest, highest = filters.velocity
        conditions.append(f"velocity_mm_yr between {lowest!r} and {highest!r}")
    if filters.products:
        named = _is_named("name", filters.products)
        conditions.append(f"exists (select 1 from unnest(products) as t(name) where {named})")
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f"select layer.* from ({query}) as layer{join}{where}"


def file_query(connection, model, filters):
    """Return the query for the products whose file of a model may hold rows that pass the filters."""
    box = "st_makeenvelope(easting_min, northing_min, easting_max, northing_max)"
    conditions = [f"model = {quoted(model)}"]
    if filters.bbox is not None:
        conditions.append(f"st_intersects({box}, {box_around(filters.bbox)})")
    if filters.polygon is not None:
        _load_polygon(connection, filters.polygon)
        conditions.append(f"exists (select 1 from _pieces where st_intersects(piece, {box}))")
    if filters.products:
        conditions.append(_is_named("partition", filters.products))
    return f"select partition from _files where {' and '.join(conditions)} order by partition"


def _load_polygon(connection, path):
    """Make the table `_pieces` of what any shape of a vector file covers."""
    load_shapes(connection, path, "_inside")
    connection.execute(
        "create or replace temp table _covered as"
        " select 1 as number, st_union_agg(shape) as shape from _inside"
    )
    split_shapes(connection, "_covered", "_pieces")


def _within(shapes):
    """Return a join and a condition that leave each row that touches `_pieces` once."""
    if shapes is None:
        owns = OWNS.format(x="st_x(layer.geometry)", y="st_y(layer.geometry)")
        return " inner join _pieces on st_intersects(_pieces.piece, layer.geometry)", f"({owns})"
    key, model = shapes
    join = "inner join _pieces on st_intersects(_pieces.piece, shapes.geometry)"
    return "", f"{key} in (select {key} from {model} as shapes {join})"


def _is_named(column, names):
    likes = [
        f"{column} like {quoted(name.replace('_', chr(92) + '_').replace('*', '%'))} escape '\\'"
        for name in names
    ]
    return f"({' or '.join(likes)})"
