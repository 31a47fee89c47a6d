"""Writing a layer to a file that a GIS opens; rows stream from the lake into it."""

import contextlib
import os
from pathlib import Path

import duckdb

from egmsql.about import ATTRIBUTION
from egmsql.connection import connect
from egmsql.errors import LakeError, SettingError, unwritten
from egmsql.export.layers import LAYERS, check_built, layer_query
from egmsql.export.parts import points_by_product
from egmsql.export.shapes import LAKE_CRS
from egmsql.export.styles import add_styles
from egmsql.export.unfinished import unfinished
from egmsql.lake import lake_at
from egmsql.settings import Settings
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
_SIDE_CAR = (".csv", ".shp", ".fgb")  # these hold no words of their own
_SHORTENED = {
    "velocity": "vel",
    "displacement": "disp",
    "temporal": "temp",
    "coherence": "coh",
    "change": "chg",
}
_SHAPEFILE_NAME = 10  # letters
_INDEXED = 3_000_000  # rows of a FlatGeobuf: GDAL makes its index in memory, 250 bytes a row


def _silent(_sentence):
    """Tell nobody."""


def export(lake, layer, out, filters, crs=LAKE_CRS, settings=None, tell=_silent):
    """Write the rows of a layer to a file and return their number.

    Parameters
    ----------
    lake : Path
    layer : str
        One of `LAYERS`.
    out : Path
        Its suffix chooses the format: .gpkg, .parquet, .fgb, .geojson, .csv, .shp. It appears whole or not
        at all; as many bytes again are needed beside it while it is written.
    filters : Filters
    crs : str
        Such as EPSG:4326; GeoJSON is always that.
    settings : Settings, optional
        Threads, and the memory that DuckDB may hold.
    tell : callable, optional
        Called with a sentence about what the user may not expect of the file.

    Raises
    ------
    SettingError
        For an unknown layer, suffix or CRS, or a file that exists.
    """
    out, settings = Path(out), settings or Settings()
    check_target(out)
    if layer not in LAYERS:
        raise SettingError(layer, "is no layer", f"choose one of {', '.join(LAYERS)}")
    with reading(lake, out, settings) as (connection, folder):
        check_built(connection, layer)
        if layer == "points":
            query = points_by_product(connection, lake_at(lake).root, filters, settings, folder)
        else:
            query = layer_query(connection, layer, filters)
        return write(connection, query, folder, out, layer, crs, tell)


@contextlib.contextmanager
def reading(lake, out, settings):
    """Yield a connection to a lake that keeps to the settings, and a folder beside `out`."""
    catalogue = contextlib.closing(connect(lake, udfs=False))
    with catalogue as connection, _explained(out), unfinished(out) as folder:
        connection.execute(f"set threads = {settings.threads}")
        connection.execute(f"set memory_limit = '{settings.memory}B'")
        connection.execute(f"set temp_directory = {quoted(str(folder / 'spill'))}")
        yield connection, folder


def write(connection, query, folder, out, layer, crs=LAKE_CRS, tell=_silent):
    """Write the rows of a query, whose `geometry` is in EPSG:3035, and return their number.

    Everything is made in `folder`; what is whole moves beside it.
    """
    suffix = out.suffix.lower()
    if DRIVERS.get(suffix) == "GeoJSON":
        crs = "EPSG:4326"
    selected = _selected(connection, query, suffix, crs)
    made = folder / "made"
    made.mkdir()
    # With threads GDAL left the spatial index empty in 4 of 8 GeoPackages of a million points.
    os.environ["OGR_GPKG_ALLOW_THREADED_RTREE"] = "NO"
    options = _options(suffix, layer, crs, _is_indexed(connection, query, suffix, out, tell))
    connection.execute(f"copy ({selected}) to {quoted(str(made / out.name))} {options}")
    (count,) = connection.fetchone()
    if layer in ("areas", "subareas", "points"):
        add_styles(made / out.name, layer)
    if suffix in _SIDE_CAR:
        (made / f"{out.stem}.attribution.txt").write_text(f"{ATTRIBUTION}.\n", encoding="utf-8")
    # A shapefile is several files, and styles lie beside any: what a program opens comes last.
    for path in sorted(made.iterdir(), key=lambda path: path.name == out.name):
        path.replace(out.with_name(path.name))
    return count


@contextlib.contextmanager
def _explained(out):
    """Turn what may go wrong on the way into one line that names the output."""
    try:
        yield
    except (duckdb.OutOfMemoryException, OSError) as error:
        raise unwritten(out, error) from None
    except (duckdb.InterruptException, RuntimeError) as error:
        if "interrupted" in str(error).lower():  # how DuckDB says that a signal came
            raise KeyboardInterrupt from None
        raise
    except duckdb.Error as error:
        text = " ".join(str(error).split())[:300]
        if "No space left" in text:
            raise unwritten(out, error) from None
        raise LakeError(out, f"could not be written ({text})", "check the disk and the CRS") from None


def _is_indexed(connection, query, suffix, out, tell):
    """Return whether the file gets a spatial index where GDAL leaves the choice."""
    if suffix != ".fgb":
        return True
    (count,) = connection.execute(f"select count(*) from ({query})").fetchone()
    if count > _INDEXED:
        tell(f"{out}: has no spatial index, which would be made in memory for {count:,} rows")
    return count <= _INDEXED


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


def _options(suffix, layer, crs, is_indexed):
    if suffix == ".csv":
        return "(format csv, header)"
    if suffix == ".parquet":
        words = f"kv_metadata {{attribution: {quoted(ATTRIBUTION)}}}"
        return f"(format parquet, compression zstd, geoparquet_version 'BOTH', {words})"
    made = f"driver {quoted(DRIVERS[suffix])}, srs {quoted(crs)}, layer_name {quoted(layer)}"
    choices = [] if is_indexed else ["SPATIAL_INDEX=NO"]
    if suffix not in _SIDE_CAR:
        choices.append(f"DESCRIPTION={ATTRIBUTION}")
    listed = f", layer_creation_options ({', '.join(map(quoted, choices))})" if choices else ""
    return f"(format gdal, {made}{listed})"


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
