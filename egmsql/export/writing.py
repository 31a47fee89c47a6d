"""Writing a layer to a file that a GIS opens; rows stream from the lake into it."""

import contextlib
import os
from pathlib import Path

import duckdb

from egmsql.connection import connect
from egmsql.errors import LakeError, SettingError
from egmsql.export.layers import LAKE_CRS, LAYERS, layer_query
from egmsql.export.styles import add_styles
from egmsql.storage import quoted

# Suffix -> GDAL's driver; the others are written by DuckDB itself.
DRIVERS = {
    ".gpkg": "GPKG",
    ".fgb": "FlatGeobuf",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".shp": "ESRI Shapefile",
}
SUFFIXES = (*DRIVERS, ".parquet", ".csv")
_SHORTENED = {
    "velocity": "vel",
    "displacement": "disp",
    "temporal": "temp",
    "coherence": "coh",
    "change": "chg",
}
_SHAPEFILE_NAME = 10  # letters


def export(lake, layer, out, filters, crs=LAKE_CRS):
    """Write the rows of a layer to a file and return their number.

    Parameters
    ----------
    lake : Path
    layer : str
        One of `LAYERS`.
    out : Path
        Its suffix chooses the format: .gpkg, .parquet, .fgb, .geojson, .csv, .shp.
    filters : Filters
    crs : str
        Such as EPSG:4326; GeoJSON is always that.

    Raises
    ------
    SettingError
        For an unknown layer, suffix or CRS, or a file that exists.
    """
    out = Path(out)
    if layer not in LAYERS:
        raise SettingError(layer, "is no layer", f"choose one of {', '.join(LAYERS)}")
    with contextlib.closing(connect(lake, udfs=False)) as connection:
        return write(connection, layer_query(connection, layer, filters), out, layer, crs)


def write(connection, query, out, layer, crs=LAKE_CRS):
    """Write the rows of a query, whose `geometry` is in EPSG:3035, and return their number."""
    check_target(out)
    suffix = out.suffix.lower()
    if DRIVERS.get(suffix) == "GeoJSON":
        crs = "EPSG:4326"
    selected = _selected(connection, query, suffix, crs)
    unfinished = out.with_name(f".unfinished-{out.name}")
    _remove(unfinished)
    try:
        # With threads GDAL left the spatial index empty in 4 of 8 GeoPackages of a million points.
        os.environ["OGR_GPKG_ALLOW_THREADED_RTREE"] = "NO"
        connection.execute(f"copy ({selected}) to {quoted(str(unfinished))} {_options(suffix, layer, crs)}")
        (count,) = connection.fetchone()
    except (duckdb.Error, OSError) as error:
        _remove(unfinished)
        text = " ".join(str(error).split())[:300]
        raise LakeError(out, f"could not be written ({text})", "check the disk and the CRS") from None
    for path in unfinished.parent.glob(f"{unfinished.stem}.*"):  # a shapefile is several
        path.replace(out.with_suffix(path.suffix))
    if layer in ("areas", "subareas", "points"):
        add_styles(out, layer)
    return count


def check_target(out):
    """Raise SettingError unless `out` is a new file of a known suffix."""
    if out.suffix.lower() not in SUFFIXES:
        raise SettingError(out, "has no known suffix", f"choose one of {', '.join(SUFFIXES)}")
    if out.exists():
        raise SettingError(out, "exists", "give another name, or delete it first")


def _selected(connection, query, suffix, crs):
    """Return the query with the types, names and coordinates that a format can hold."""
    columns = {row[0]: row[1] for row in connection.execute(f"describe {query}").fetchall()}
    names = short_names(columns) if suffix == ".shp" else {name: name for name in columns}
    shape = (
        "geometry"
        if crs == LAKE_CRS
        else f"st_transform(geometry, '{LAKE_CRS}', {quoted(crs)}, always_xy := true)"
    )
    parts = []
    for name, sql_type in columns.items():
        if name == "geometry":
            continue
        value = f'"{name}"'
        if suffix in (".parquet",):
            pass
        elif sql_type.endswith("[]") and "STRUCT" not in sql_type:
            value = f"array_to_string({value}, ',')"
        elif sql_type.startswith("STRUCT") or sql_type.endswith("[]"):
            value = f"to_json({value})::varchar"
        elif sql_type == "HUGEINT":
            value = f"{value}::bigint"
        parts.append(f'{value} as "{names[name]}"')
    if suffix == ".csv":
        parts.append(f"st_astext({shape}) as geometry")
    elif suffix == ".parquet":
        parts.append(f"{shape}::geometry({quoted(crs)}) as geometry")
    else:
        parts.append(f"{shape}::geometry as geometry")
    return f"select {', '.join(parts)} from ({query})"


def _options(suffix, layer, crs):
    if suffix == ".csv":
        return "(format csv, header)"
    if suffix == ".parquet":
        return "(format parquet, compression zstd, geoparquet_version 'BOTH')"
    return f"(format gdal, driver {quoted(DRIVERS[suffix])}, srs {quoted(crs)}, layer_name {quoted(layer)})"


def short_names(names):
    """Return name -> at most ten letters, no two alike: words are shortened, units left out."""
    found = {}
    for name in names:
        words = [_SHORTENED.get(w, w) for w in name.removesuffix("_mm_yr").removesuffix("_mm").split("_")]
        size = max(len(w) for w in words)
        while len("_".join(words)) > _SHAPEFILE_NAME and size > 1:
            size -= 1
            words = [w[:size] for w in words]
        short, number = "_".join(words)[:_SHAPEFILE_NAME], 1
        while short in found.values():
            number += 1
            short = short[: _SHAPEFILE_NAME - len(str(number))] + str(number)
        found[name] = short
    return found


def _remove(path):
    for found in path.parent.glob(f"{path.stem}.*"):
        found.unlink()
