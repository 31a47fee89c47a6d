"""Active areas of a simulated region beside its truth: what was found, what was missed, what was made up.

python tests/bench/areas.py REGION LAKE [--picture FILE --track 22]

REGION is a folder that `egmsql simulate` wrote, LAKE the lake built from it. A thing (landslide, bowl, dam) counts for a
product that sees it move: at least ten of its points truly move at the threshold of `blocks.parameters` or more. It is
found if one area holds at least half of these. An area is right if at least half of its members truly move: their
ground at 1 mm/yr or more along the look, or stepped by the earthquake. Nothing here is read by the clustering.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from egmsql.connection import connect
from egmsql.storage import quoted

KINDS = ("landslide", "bowl", "dam")
LEAST_POINTS = 10

_JOINED = """
create or replace temp table seen as
select truth.product, truth.area_id, truth.kind, truth.class as true_class, members.cluster,
    abs(truth.velocity_mm_yr) >= (select velocity_limit_mm_yr from blocks.parameters) as is_fast
from read_parquet({truth}) as truth
left join (select pid, product, cluster from clusters.members where cluster is not null) as members
    using (pid, product)
anti join neighbourhood.duplicates using (pid, product) -- seen better in the burst beside
"""
_THINGS = """
with fast as (
    select kind, area_id, product, cluster, count(*) as n
    from seen where is_fast and true_class <> 'stable' and kind in {kinds} group by all
),

things as (
    select kind, area_id, product, sum(n) as n_points, max(n) filter (cluster is not null) as n_largest,
        sum(n) filter (cluster is not null) as n_clustered
    from fast group by all
    having sum(n) >= {least}
)

select kind, count(distinct area_id) as n_things, count(*) as n_views,
    count(distinct area_id) filter (n_largest >= n_points / 2) as n_things_found,
    count(*) filter (n_largest >= n_points / 2) as n_views_found,
    median(coalesce(n_clustered, 0) / n_points) as share_of_points
from things group by kind order by kind
"""
_AREAS = """
with areas as (
    select cluster, count(*) as n_points, count(*) filter (true_class <> 'stable') as n_moving
    from seen where cluster is not null group by cluster
)

select count(*) filter (n_points >= least) as n_areas,
    count(*) filter (n_points >= least and n_moving >= n_points / 2) as n_right,
    sum(n_points) filter (n_points >= least) as n_members,
    sum(n_moving) filter (n_points >= least) as n_members_moving
from areas cross join (select unnest([1, 20, 100]) as least) as leasts
group by least order by least
"""


def judge(connection, region):
    """Return rows of things by kind, and rows of areas with at least 1, 20 and 100 members."""
    connection.execute(_JOINED.format(truth=quoted(str(region / "truth.parquet"))))
    things = connection.execute(_THINGS.format(kinds=KINDS, least=LEAST_POINTS)).fetchall()
    return things, connection.execute(_AREAS).fetchall()


def show(things, areas):
    """Print both tables as Markdown."""
    print("| kind | seen moving | recall | recall by product | share of fast points in areas, median |")
    print("|---|---:|---:|---:|---:|")
    for kind, n, n_views, found, views_found, share in things:
        views = f"{views_found} of {n_views} ({views_found / n_views:.2f})"
        print(f"| {kind} | {n} | {found / n:.2f} | {views} | {share:.2f} |")
    print("\n| areas | number | precision | of their members, truly moving |")
    print("|---|---:|---:|---:|")
    for least, (n, right, members, moving) in zip(
        ("all", "20 points and more", "100 and more"), areas, strict=True
    ):
        print(f"| {least} | {n} | {right / n:.2f} | {moving / members:.3f} |")


def rings(shape):
    """Return the rings of a GeoJSON polygon or multipolygon."""
    polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    return [ring for polygon in polygons for ring in polygon]


def draw(connection, region, track, out):
    """Draw points by velocity, areas found and true outlines of one track: the region, and its middle nearer."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    points = connection.execute(
        "select easting / 1000 as x, northing / 1000 as y, velocity_mm_yr as v from observed.points"
        " inner join features.kinematics using (pid, product) inner join observed.products using (product)"
        f" where track = {track} order by abs(v)"
    ).fetchnumpy()
    found = connection.execute(
        f"select st_asgeojson(geometry) from clusters.areas where list_contains(tracks, {track})"
    ).fetchall()
    truth = connection.execute(
        f"select st_asgeojson(outline::geometry) from read_parquet({quoted(str(region / 'areas.parquet'))})"
        f" where kind in {KINDS}"
    ).fetchall()
    figure, axes = pyplot.subplots(1, 2, figsize=(13, 6.2), layout="constrained")
    x, y = points["x"].mean(), points["y"].mean()
    for axis, size, half in zip(axes, (0.05, 2.5), (None, 3.0), strict=True):
        drawn = axis.scatter(
            points["x"], points["y"], c=points["v"], s=size, cmap="RdBu", vmin=-12, vmax=12, linewidths=0
        )
        for shapes, style in ((truth, {"color": "tab:green", "ls": "--"}), (found, {"color": "black"})):
            for (shape,) in shapes:
                for ring in rings(json.loads(shape)):
                    axis.plot(*(np.array(ring).T / 1000), lw=0.7 if half is None else 1.1, **style)
        if half is not None:
            axis.set_xlim(x - half, x + half), axis.set_ylim(y - half, y + half)
        axis.set_aspect("equal"), axis.set_xlabel("easting, km")
    axes[0].set_ylabel("northing, km")
    figure.colorbar(drawn, ax=axes, label="velocity, mm/yr", shrink=0.8)
    figure.suptitle(f"Track {track}: areas found (black) and the truth of landslides, bowls and dams (green)")
    figure.savefig(out, dpi=72)


def main():
    """Judge a lake, print the tables, draw if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("region", type=Path)
    parser.add_argument("lake", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--track", type=int, default=22)
    given = parser.parse_args()
    with connect(given.lake, udfs=False) as connection:
        show(*judge(connection, given.region))
        if given.picture:
            draw(connection, given.region, given.track, given.picture)


if __name__ == "__main__":
    main()
