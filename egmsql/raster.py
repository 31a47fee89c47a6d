"""A GeoTIFF as rows: DuckDB reads no rasters, so heights, slopes or aspects become a Parquet file."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from egmsql.errors import SettingError

_CRS = 3035
_LIMIT = 2 * 10**9  # cells; the whole image is held in memory

# Tags and keys of GeoTIFF 1.1 (OGC 19-008r4) and of GDAL.
_SCALE, _TIE_POINT, _TRANSFORMATION, _KEYS, _NODATA = 33550, 33922, 34264, 34735, 42113
_RASTER_TYPE, _PROJECTED_CRS = 1025, 3072
_PIXEL_IS_POINT = 2


@dataclass(frozen=True)
class Raster:
    """One band on the ground: values (rows, columns) from the north-west, NaN where there are none."""

    values: np.ndarray
    west: float  # m, EPSG:3035, centre of the first column
    north: float  # m, centre of the first row
    step: float  # m


def read_raster(path):
    """Return the Raster of a GeoTIFF with one band in EPSG:3035, its cells square and north up.

    Raises
    ------
    SettingError
        If it is none, or lies in another projection.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.format != "TIFF" or not hasattr(image, "tag_v2"):
                raise _refused(path, "is no TIFF", "give a GeoTIFF")
            place = _place(path, image.tag_v2)
            if len(image.getbands()) != 1 or image.mode == "P":
                raise _refused(path, "has more than one band", "gdal_translate -b 1 takes one out")
            if image.width * image.height > _LIMIT:
                raise _refused(path, f"has more than {_LIMIT:,} cells", "cut a part out with gdalwarp -te")
            values, nodata = np.array(image, dtype=np.float64), image.tag_v2.get(_NODATA)
    except FileNotFoundError:
        raise _refused(path, "is not there", "check the path") from None
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        wrong = f"cannot be read ({' '.join(str(error).split())[:200]})"
        raise _refused(
            path, wrong, "write it anew: gdal_translate -ot Float32 -co COMPRESS=DEFLATE"
        ) from None
    if nodata is not None:
        values[values == float(str(nodata).strip("\0 "))] = np.nan
    return Raster(values, *place)


def _place(path, tags):
    """Return the easting and northing of the first cell's centre and the size of cells."""
    keys = _geo_keys(tags)
    if keys.get(_PROJECTED_CRS) != _CRS:
        warp = f"gdalwarp -t_srs EPSG:{_CRS} -tr 25 25 IN.tif OUT.tif"
        raise _refused(path, f"is not in EPSG:{_CRS}", f"bring it there: {warp}")
    scale, tie = tags.get(_SCALE), tags.get(_TIE_POINT)
    if _TRANSFORMATION in tags or scale is None or tie is None or not math.isclose(scale[0], scale[1]):
        raise _refused(path, "has cells that are turned or not square", "gdalwarp -tr 25 25 makes them so")
    half = 0.0 if keys.get(_RASTER_TYPE) == _PIXEL_IS_POINT else 0.5
    column, row, _, easting, northing = tie[:5]
    return easting + (half - column) * scale[0], northing - (half - row) * scale[0], scale[0]


def _geo_keys(tags):
    """Return the keys of a GeoTIFF that are whole numbers."""
    numbers = tags.get(_KEYS, ())
    entries = zip(*(numbers[i::4] for i in range(4)), strict=False)
    return {key: value for key, location, _, value in entries if location == 0}


def write_rows(raster, out, column):
    """Write the cells of a Raster that have a value to a Parquet file; return their number.

    Its columns are easting and northing (m, EPSG:3035, of the centre) and `column`, a row a cell, from the
    north-west, row by row.
    """
    schema = pa.schema([("easting", pa.float64()), ("northing", pa.float64()), (column, pa.float64())])
    eastings = raster.west + raster.step * np.arange(raster.values.shape[1])
    count = 0
    unfinished = out.with_name(f"{out.name}.part")
    try:
        with pq.ParquetWriter(unfinished, schema, compression="zstd") as writer:
            for number in range(0, len(raster.values), 256):
                values = raster.values[number : number + 256]
                row, place = np.nonzero(np.isfinite(values))
                northings = raster.north - raster.step * (number + row)
                writer.write_table(pa.table([eastings[place], northings, values[row, place]], schema=schema))
                count += len(row)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


@click.command("raster")
@click.argument("tif", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--column", default="height", show_default=True, help="Name of what the raster holds.")
def raster_command(tif, out, column):
    """Write the cells of the GeoTIFF TIF, in EPSG:3035, as rows to the Parquet file OUT.

    Columns are easting, northing and what the raster holds. The SQL macro terrain makes slope and aspect of
    heights.
    """
    if out.suffix != ".parquet":
        raise SettingError(out, "is no name of a Parquet file", "end it in .parquet")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", column) or column in ("easting", "northing"):
        raise SettingError(f"--column {column}", "is no name", "use small letters, digits and _")
    raster = read_raster(tif)
    count = write_rows(raster, out, column)
    click.echo(f"{count:,} cells of {raster.step:g} m in {out}")


def _refused(path, wrong, advice):
    return SettingError(path, wrong, advice)
