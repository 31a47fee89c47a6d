"""How rows become Parquet: writer options by column type, and what a written file tells of itself."""

import hashlib
import json
from dataclasses import dataclass
from importlib import resources

import pyarrow.parquet as pq

# Part of every fingerprint: raise it when the options below change.
STORAGE_VERSION = 1

# A dictionary hides the gain of delta encoding (26 %), and small row groups make one series cheap to fetch.
_SERIES = "PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1, ROW_GROUP_SIZE 2048"
_SERIES_TYPES = ("SMALLINT[]",)


@dataclass(frozen=True)
class FileFacts:
    """What the manifest knows about one Parquet file.

    `content` is the SHA-256 of its bytes, which DuckDB writes the same for the same rows whatever the
    threads; bounds are metres in EPSG:3035, None where the file has no such column.
    """

    n_rows: int
    n_bytes: int
    content: str
    easting_min: float | None
    easting_max: float | None
    northing_min: float | None
    northing_max: float | None
    pid_min: str | None
    pid_max: str | None


def copy_options(columns):
    """Return the options of COPY for an output with `columns` (name -> DuckDB type)."""
    options = ["FORMAT parquet", "COMPRESSION zstd"]
    geometries = [name for name, sql_type in columns.items() if sql_type.startswith("GEOMETRY")]
    if geometries:
        metadata = json.dumps(geoparquet_metadata(geometries[0], "bbox" in columns)).replace("'", "''")
        options += ["geoparquet_version 'BOTH'", f"KV_METADATA {{geo: '{metadata}'}}"]
    if any(sql_type in _SERIES_TYPES for sql_type in columns.values()):
        options.append(_SERIES)
    return f"({', '.join(options)})"


def geoparquet_metadata(column, has_bbox):
    """Return the `geo` key of GeoParquet 1.1 for points in EPSG:3035.

    DuckDB writes 1.0 without covering by itself; a given key replaces the one it makes, so this one holds
    the CRS (PROJJSON, as PROJ gives it) and where the bounding boxes are.
    """
    crs = json.loads(resources.files("egmsql").joinpath("epsg3035.json").read_text(encoding="utf-8"))
    described = {"encoding": "WKB", "geometry_types": ["Point"], "crs": crs}
    if has_bbox:
        described["covering"] = {"bbox": {side: ["bbox", side] for side in ("xmin", "ymin", "xmax", "ymax")}}
    return {"version": "1.1.0", "primary_column": column, "columns": {column: described}}


def read_facts(path):
    """Return the FileFacts of a Parquet file, from its footer and its bytes; no row is decoded."""
    metadata = pq.read_metadata(path)
    names = {metadata.schema.column(i).path: i for i in range(metadata.num_columns)}
    bounds = {}
    for column in ("easting", "northing", "pid"):
        bounds[f"{column}_min"], bounds[f"{column}_max"] = _bounds(metadata, names.get(column))
    return FileFacts(
        n_rows=metadata.num_rows,
        n_bytes=path.stat().st_size,
        content=hash_file(path),
        **bounds,
    )


def hash_file(path):
    """Return the SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bounds(metadata, index):
    if index is None:
        return None, None
    parts = [metadata.row_group(g).column(index).statistics for g in range(metadata.num_row_groups)]
    parts = [s for s in parts if s is not None and s.has_min_max]
    return min((s.min for s in parts), default=None), max((s.max for s in parts), default=None)
