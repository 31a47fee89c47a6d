"""Statistics of points and areas by zone: communes, railway sections, dams, any polygons."""

import contextlib
from pathlib import Path

from egmsql.connection import connect
from egmsql.export.layers import LAKE_CRS, load_shapes
from egmsql.export.writing import check_target, write

_SQUARE = 5000  # m: zones and points meet by squares before any shape is tested

_PERCENTS = (5, 25, 50, 75, 95)
_NOT_KEPT = {"number", "shape", "fid", "ogc_fid"}  # a format gives row numbers of its own

_QUERY = """
with squares as (
    select number, shape, unnest(range(
        floor(st_xmin(shape) / {square})::bigint, floor(st_xmax(shape) / {square})::bigint + 1)) as x
    from _zones
),

covered as (
    select number, shape, x, unnest(range(
        floor(st_ymin(shape) / {square})::bigint, floor(st_ymax(shape) / {square})::bigint + 1)) as y
    from squares
),

inside as (
    select covered.number, points.pid, points.product, kinematics.velocity_mm_yr,
        members.pid is not null as is_moving, members.cluster, members.class
    from observed.points as points
    inner join covered
        on covered.x = floor(points.easting / {square})::bigint
        and covered.y = floor(points.northing / {square})::bigint
    inner join features.kinematics as kinematics using (pid, product)
    left join (
        select pid, product, cluster, class
        from clusters.members inner join blocks.eligible using (pid, product)
    ) as members using (pid, product)
    where st_intersects(covered.shape, st_point(points.easting, points.northing))
),

summed as (
    select
        number,
        count(*) as n_points,
        avg(velocity_mm_yr) as mean_velocity_mm_yr,
        quantile_cont(velocity_mm_yr, [0.05, 0.25, 0.5, 0.75, 0.95]) as quantiles,
        avg(is_moving::integer) as share_moving,
        count(distinct cluster) as n_areas
    from inside
    group by number
),

classes as (
    select number, string_agg(class || ':' || n, ',' order by n desc, class) as moving_classes
    from (
        select number, coalesce(class, 'unclassified') as class, count(*) as n
        from inside where is_moving group by all
    ) as counted
    group by number
),
"""
# Displacements are summed by epoch first, so that only one list of values a zone is held.
_MEANS = """
means as (
    select
        number,
        list(epoch order by epoch) as epochs,
        list(round(total / n, 2) order by epoch) as mean_displacements_mm
    from (
        select number, epoch, sum(tenths) * 0.1 as total, count(tenths) as n
        from (
            select number, unnest(epochs) as epoch, unnest(displacements) as tenths
            from inside
            inner join series.displacement using (pid, product)
            inner join (select product, epochs from observed.products) as products using (product)
        ) as long
        group by number, epoch
        having count(tenths) > 0
    ) as by_epoch
    group by number
)
"""


def zones(lake, polygons, out, crs=LAKE_CRS, series=True):
    """Write the polygons of any vector file with statistics of the points in each; return their number.

    Parameters
    ----------
    lake : Path
    polygons : Path
        A vector file that GDAL reads, in any CRS.
    out : Path
        As `export`. A column of the polygons that has the name of a statistic gets `_given` behind it.
    crs : str
    series : bool
        Add the mean series of all points: it reads every series in the zones.
    """
    out = Path(out)
    check_target(out)
    with contextlib.closing(connect(lake, udfs=False)) as connection:
        load_shapes(connection, polygons, "_zones")
        return write(connection, _query(connection, series), out, "zones", crs)


def _query(connection, series):
    head = _QUERY.format(square=_SQUARE)
    ctes = head + _MEANS if series else head.rstrip().removesuffix(",")
    found = {
        "n_points": "coalesce(summed.n_points, 0)",
        "mean_velocity_mm_yr": "round(summed.mean_velocity_mm_yr, 4)",
        **{f"velocity_p{p:02d}_mm_yr": f"summed.quantiles[{i}]" for i, p in enumerate(_PERCENTS, start=1)},
        "share_moving": "summed.share_moving",
        "n_areas": "coalesce(summed.n_areas, 0)",
        "moving_classes": "classes.moving_classes",
    }
    tables = ["summed", "classes"]
    if series:
        found |= {name: f"means.{name}" for name in ("epochs", "mean_displacements_mm")}
        tables.append("means")
    columns = []
    for name, *_ in connection.execute("describe _zones").fetchall():
        if name.lower() in _NOT_KEPT:
            continue
        kept = f"{name}_given" if name.lower() in found else name
        columns.append(f'_zones."{name}" as "{kept}"')
    columns += [f"{value} as {name}" for name, value in found.items()]
    joins = "".join(f" left join {table} using (number)" for table in tables)
    return f"{ctes} select {', '.join(columns)}, shape as geometry from _zones{joins} order by number"
