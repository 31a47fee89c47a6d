"""Statistics of points and areas by zone: communes, railway sections, dams, any polygons.

Points meet the zones product by product; what is kept of them are sums, counts and, for quantiles, the
velocities alone. These are sorted on disk, so that a quantile is read at its place: exact in bounded memory.
"""

from pathlib import Path

from egmsql.export.parts import product_files
from egmsql.export.shapes import LAKE_CRS, OWNS, load_shapes, split_shapes
from egmsql.export.writing import check_target, reading, write
from egmsql.lake import lake_at
from egmsql.settings import Settings
from egmsql.storage import quoted

_MODELS = ("observed.points", "features.kinematics", "clusters.members", "blocks.eligible")
_SERIES = "series.displacement"
_PERCENTS = (5, 25, 50, 75, 95)
_NOT_KEPT = {"number", "shape", "fid", "ogc_fid"}  # a format gives row numbers of its own

# The points of one product in zones, once for each zone.
_INSIDE = f"""
create or replace temp table _inside as
select number, pid, kinematics.velocity_mm_yr, members.pid is not null as is_moving, cluster, class
from observed.points as points
inner join _pieces on st_intersects(_pieces.piece, st_point(easting, northing))
inner join features.kinematics as kinematics using (pid, product)
left join (
    select pid, product, cluster, class
    from clusters.members inner join blocks.eligible using (pid, product)
) as members using (pid, product)
where {OWNS.format(x="easting", y="northing")}
"""
# Sums of decimals are exact, so they do not depend on the order of rows.
_COUNTS = """
select number, is_moving, cluster, class, count(*) as n, count(velocity_mm_yr) as n_velocities,
    sum(velocity_mm_yr::decimal(18, 8)) as velocities
from _inside group by all
"""
_VELOCITIES = "select number, velocity_mm_yr from _inside where velocity_mm_yr is not null"
_SUMS = """
select product, number, position, sum(tenths) as tenths, count(tenths) as n
from (
    select product, number, unnest(displacements) as tenths, generate_subscripts(displacements, 1) as position
    from _inside inner join series.displacement using (pid)
) as long
group by all
having count(tenths) > 0
"""

_SUMMED = """
create or replace temp table _summed as
select number, sum(n)::bigint as n_points,
    sum(velocities)::double / sum(n_velocities) as mean_velocity_mm_yr,
    sum(n) filter (is_moving) / sum(n) as share_moving, count(distinct cluster) as n_areas,
    sum(n_velocities)::bigint as n_velocities
from ({counts}) as counts
group by number
"""
_CLASSES = """
create or replace temp table _classes as
select number, string_agg(class || ':' || n, ',' order by n desc, class) as moving_classes
from (
    select number, coalesce(class, 'unclassified') as class, sum(n)::bigint as n
    from ({counts}) as counts where is_moving group by all
) as counted
group by number
"""
# The velocities of a zone are consecutive rows of the sorted file: a quantile lies between two of them.
_QUANTILES = """
create or replace temp table _quantiles as
with starts as (
    select number, n_velocities, sum(n_velocities) over (order by number) - n_velocities as first_row
    from _summed
    where n_velocities > 0
),

places as (
    select number, first_row, percent, (n_velocities - 1) * percent / 100 as place
    from starts cross join (select unnest({percents}) as percent) as percents
),

wanted as (
    select number, percent, place - floor(place) as weight, side,
        (first_row + if(side = 0, floor(place), ceil(place)))::bigint as file_row_number
    from places cross join (select unnest([0, 1]) as side) as sides
),

found as (
    select number, percent, weight,
        max(velocity_mm_yr) filter (side = 0) as below, max(velocity_mm_yr) filter (side = 1) as above
    from wanted
    inner join (from read_parquet({path}, file_row_number = true)) as sorted using (number, file_row_number)
    group by number, percent, weight
)

select number, list(below + (above - below) * weight order by percent) as found
from found
group by number
"""
_MEANS = """
create or replace temp table _means as
select number, list(epoch order by epoch) as epochs,
    list(round(tenths / n * 0.1, 2) order by epoch) as mean_displacements_mm
from (
    select number, epoch, sum(sums.tenths) as tenths, sum(sums.n) as n
    from ({sums}) as sums
    inner join (
        select product, unnest(epochs) as epoch, generate_subscripts(epochs, 1) as position
        from observed.products
    ) as products using (product, position)
    group by number, epoch
) as by_epoch
group by number
"""


def zones(lake, polygons, out, crs=LAKE_CRS, series=True, settings=None):
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
    settings : Settings, optional
        Threads, and the memory that DuckDB may hold.
    """
    out, settings = Path(out), settings or Settings()
    check_target(out)
    with reading(lake, out, settings) as (connection, folder):
        _load(connection, polygons)
        models = (*_MODELS, _SERIES) if series else _MODELS
        with product_files(connection, lake_at(lake).root, models, settings, folder) as files:
            _load(files.connection, polygons)
            _gather(files, _products(connection), series)
        _merge(connection, files, folder, series)
        return write(connection, _query(connection, series), folder, out, "zones", crs)


def _load(connection, polygons):
    load_shapes(connection, polygons, "_zones")
    split_shapes(connection, "_zones", "_pieces")


def _products(connection):
    """Return the products that have points in the box of any piece of a zone."""
    box = "st_makeenvelope(easting_min, northing_min, easting_max, northing_max)"
    rows = connection.execute(
        "select partition from _files where model = 'observed.points'"
        f" and exists (select 1 from _pieces where st_intersects(piece, {box})) order by partition"
    ).fetchall()
    return [name for (name,) in rows]


def _gather(files, products, series):
    for product in [None, *products]:  # the first has all columns and no rows
        files.show(product)
        files.connection.execute(_INSIDE)
        files.write(_COUNTS, "counts")
        files.write(_VELOCITIES, "velocities")
        if series:
            files.write(_SUMS, "sums")


def _merge(connection, files, folder, series):
    counts, ordered = files.query("counts"), quoted(str(folder / "sorted.parquet"))
    connection.execute(_SUMMED.format(counts=counts))
    connection.execute(_CLASSES.format(counts=counts))
    velocities = f"{files.query('velocities')} order by number, velocity_mm_yr"
    connection.execute(f"copy ({velocities}) to {ordered} (format parquet)")
    connection.execute(_QUANTILES.format(percents=list(_PERCENTS), path=ordered))
    if series:
        connection.execute(_MEANS.format(sums=files.query("sums")))


def _query(connection, series):
    found = {
        "n_points": "coalesce(_summed.n_points, 0)",
        "mean_velocity_mm_yr": "round(_summed.mean_velocity_mm_yr, 4)",
        **{f"velocity_p{p:02d}_mm_yr": f"_quantiles.found[{i}]" for i, p in enumerate(_PERCENTS, start=1)},
        "share_moving": "coalesce(_summed.share_moving, if(_summed.n_points > 0, 0, null))",
        "n_areas": "coalesce(_summed.n_areas, 0)",
        "moving_classes": "_classes.moving_classes",
    }
    tables = ["_summed", "_classes", "_quantiles"]
    if series:
        found |= {name: f"_means.{name}" for name in ("epochs", "mean_displacements_mm")}
        tables.append("_means")
    columns = []
    for name, *_ in connection.execute("describe _zones").fetchall():
        if name.lower() in _NOT_KEPT:
            continue
        kept = f"{name}_given" if name.lower() in found else name
        columns.append(f'_zones."{name}" as "{kept}"')
    columns += [f"{value} as {name}" for name, value in found.items()]
    joins = "".join(f" left join {table} using (number)" for table in tables)
    return f"select {', '.join(columns)}, shape as geometry from _zones{joins} order by number"
