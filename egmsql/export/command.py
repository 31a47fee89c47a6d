"""The commands `export` and `zones`."""

from pathlib import Path

import click

from egmsql.errors import SettingError
from egmsql.export.layers import LAYERS, Filters
from egmsql.export.shapes import LAKE_CRS
from egmsql.export.writing import export
from egmsql.export.zones import zones
from egmsql.options import LAKE, MEMORY, THREADS, given_settings

_CRS = click.option(
    "--crs", default=LAKE_CRS, show_default=True, help="Of the file; GeoJSON is always EPSG:4326."
)


@click.command("export")
@LAKE
@click.argument("layer", type=click.Choice(list(LAYERS)))
@click.argument("out", type=click.Path(path_type=Path))
@_CRS
@click.option("--bbox", metavar="W,S,E,N", help="Degrees, or m in EPSG:3035.")
@click.option("--polygon", type=click.Path(path_type=Path), help="A vector file; what touches it is taken.")
@click.option("--class", "classes", multiple=True, help="Only this class; may be repeated.")
@click.option("--velocity", metavar="MIN:MAX", help="Only velocities between, mm/yr; one may be left out.")
@click.option("--product", "products", multiple=True, help="Only this product; * stands for any letters.")
@THREADS
@MEMORY
def export_command(lake, layer, out, crs, threads, memory, **chosen):
    """Write a LAYER of LAKE to the file OUT: .gpkg, .parquet, .fgb, .geojson, .csv or .shp.

    Beside it, and inside a GeoPackage, are styles for QGIS by velocity and by class.
    """
    filters = Filters(
        bbox=_numbers(chosen["bbox"], ",", 4, "--bbox"),
        polygon=chosen["polygon"],
        classes=chosen["classes"],
        velocity=_numbers(chosen["velocity"], ":", 2, "--velocity"),
        products=chosen["products"],
    )
    settings = given_settings(threads, memory)
    count = export(lake, layer, out, filters, crs, settings, lambda text: click.echo(text, err=True))
    click.echo(f"{count:,} rows of {layer} in {out}")


@click.command("zones")
@LAKE
@click.argument("polygons", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@_CRS
@click.option("--series/--no-series", default=True, help="With the mean series of each zone.")
@THREADS
@MEMORY
def zones_command(lake, polygons, out, crs, series, threads, memory):
    """Write POLYGONS (any vector file) to OUT, each with statistics of the points and areas of LAKE in it."""
    count = zones(lake, polygons, out, crs, series, given_settings(threads, memory))
    click.echo(f"{count:,} zones in {out}")


def _numbers(text, separator, n, option):
    """Return n numbers of a text, an absent first or last of two as ±infinity; None for none."""
    if text is None:
        return None
    parts = text.split(separator)
    ends = (-1e300, 1e300)
    try:
        values = [float(p) if p.strip() or n != 2 else ends[i] for i, p in enumerate(parts)]
    except ValueError:
        values = []
    if len(values) != n:
        raise SettingError(f"{option} {text}", f"is not {n} numbers", f"separate them by {separator}")
    return tuple(values)
