"""`egmsql simulate`: its options, and what it says when it is done."""

from pathlib import Path

import click
from rich.console import Console

from egmsql.progress import Bars

_BYTES_PER_POINT = {"L2a": 1_170, "L2b": 1_170, "L3": 110}  # of csv a point and release, for the bar


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--points", default=200_000, show_default=True, help="Rows of all L2 files of a release; L3 comes on top."
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--level",
    "levels",
    type=click.Choice(["L2a", "L2b", "L3"]),
    multiple=True,
    help="Repeatable; default L2b and L3, with --products L2b.",
)
@click.option(
    "--release",
    "releases",
    multiple=True,
    help="Repeatable; default 2018_2022 and 2020_2024, with --products the latter.",
)
@click.option(
    "--header", type=click.Choice(["old", "new"]), help="Header generation; default by the release."
)
@click.option(
    "--suffix/--no-suffix", default=True, help="Names with or without release and delivery version."
)
@click.option(
    "--decimals", type=click.Choice(["shortest", "padded"]), help="Default by the release and the producer."
)
@click.option(
    "--tracks",
    type=click.IntRange(1, 4),
    default=3,
    show_default=True,
    help="Ascending, descending, in turns.",
)
@click.option("--products", type=click.IntRange(min=1), help="Number of L2 files of a release; default all.")
@click.option("--component", type=click.Choice(["U", "E"]), help="L3: only this one; default both.")
@click.option(
    "--missing", default=0.0, show_default=True, help="Share of epochs missing in a tenth of the points."
)
@click.option("--csv", is_flag=True, help="Bare csv and xml instead of zips.")
@click.option("--threads", type=click.IntRange(min=1), help="Cores to use; default all.")
def simulate(out, points, csv, levels, releases, products, **options):
    """Write a region of EGMS-shaped files with known truth into the folder OUT.

    An island with towns, a dam, landslides, subsidence and an earthquake, seen by overlapping bursts of
    ascending and descending tracks, and L3 tiles made of them. docs/simulator.md tells what is in it.
    """
    from egmsql.simulator import simulate as write_files
    from egmsql.simulator.arguments import Arguments

    asked = Arguments(points=points, levels=levels, releases=releases, products=products)
    size = points * len(asked.releases) * sum(_BYTES_PER_POINT[level] for level in asked.levels)
    given = {"points": points, "levels": levels, "releases": releases, "products": products, **options}
    with Bars(Console(stderr=False)).reading("simulating", size) as advance:
        paths = write_files(out, compression=not csv, progress=advance, **given)
    for path in paths:
        click.echo(str(path))
    click.echo(
        f"{len(paths)} products, truth in {out / 'truth.parquet'}, outlines in {out / 'areas.parquet'}"
    )
