"""The columns EGMS delivers, and the Arrow schemas of what the reader hands on.

Source: EEA, EGMS Product Description and Format Specification v3.0, and the real files of release 2020_2024.
"""

import math

import pyarrow as pa

_STATISTICS = (
    "mean_velocity",
    "mean_velocity_std",
    "acceleration",
    "acceleration_std",
    "seasonality",
    "seasonality_std",
)
_VIEW = ("incidence_angle", "track_angle", "los_east", "los_north", "los_up")

# Every metadata column of every header generation, in delivered order; `pid` apart, it is the only text.
COLUMNS_L2 = (
    "cluster_label",
    "mp_type",
    "latitude",
    "longitude",
    "easting",
    "northing",
    "height",
    "height_wgs84",
    "height_ortho",
    "height_ellipse",
    "line",
    "pixel",
    "rmse",
    "rmse_ts",
    "temporal_coherence",
    "amplitude_dispersion",
    *_VIEW,
    *_STATISTICS,
    "gnss_velocity",
)
COLUMNS_L3 = (
    "easting",
    "northing",
    "height",
    "height_ortho",
    "rmse",
    "rmse_ts",
    *_STATISTICS,
    "gnss_velocity_n",
    "gnss_velocity_e",
    "gnss_velocity_u",
)
NUMBERS = tuple(dict.fromkeys((*COLUMNS_L2, *COLUMNS_L3)))
WHOLE_NUMBERS = frozenset(("cluster_label", "mp_type", "line", "pixel"))

# One name for one quantity: what the header generation of 2020_2024 renamed.
RENAMED = {"height": "height_ortho", "height_wgs84": "height_ellipse", "rmse": "rmse_ts"}

# EPSG:3035 is defined for longitude -35.58..44.83 and latitude 24.60..84.73 (degrees); the box in metres
# holds all its land from the Azores to the Caucasus, and the Canary Islands.
AREA = {
    "latitude": (24.60, 84.73),
    "longitude": (-35.58, 44.83),
    "easting": (900_000.0, 7_400_000.0),
    "northing": (900_000.0, 7_400_000.0),
}
_INT32 = (-(2.0**31), 2.0**31 - 1)


def bounds_of(column):
    """Return the lowest and highest value a metadata column may hold."""
    return AREA.get(column) or (_INT32 if column in WHOLE_NUMBERS else (-math.inf, math.inf))


ROWS_SCHEMA = pa.schema(
    [
        ("source_row", pa.int32()),
        ("pid", pa.string()),
        *((name, pa.int32() if name in WHOLE_NUMBERS else pa.float64()) for name in NUMBERS),
        ("displacements", pa.list_(pa.int16())),
    ]
)

FILE_SCHEMA = pa.schema(
    [
        ("product", pa.string()),
        ("replacement_key", pa.string()),
        ("level", pa.string()),
        ("track", pa.int32()),
        ("burst", pa.int32()),
        ("swath", pa.int32()),
        ("polarisation", pa.string()),
        ("tile", pa.string()),
        ("component", pa.string()),
        ("release", pa.string()),
        ("delivery", pa.int32()),
        ("epochs", pa.list_(pa.date32())),
        ("facility_code", pa.int32()),
        ("production_date", pa.date32()),
        ("dem", pa.string()),
        ("gnss", pa.string()),
        ("reference_images", pa.list_(pa.string())),
        ("n_dataset_images", pa.int32()),
        ("sce", pa.string()),
        ("corine", pa.string()),
        ("clusters", pa.string()),
        ("header", pa.string()),
        ("file_name", pa.string()),
        ("md5", pa.string()),
        ("csv_bytes", pa.int64()),
        ("csv_crc32", pa.string()),
        ("unknown_columns", pa.list_(pa.string())),
    ]
)
