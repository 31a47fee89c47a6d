"""The columns of every header generation, their decimals, and their values for a batch of points.

Source: the specification and the real files of release 2020_2024. A real L2a file of that release was not
seen: it is taken as L2b's without `gnss_velocity`, with `cluster_label`.
"""

import numpy as np

from egmsql.simulator.projection import to_degrees
from egmsql.simulator.terrain import undulation

_RENAMED = {"height_ortho": "height", "height_ellipse": "height_wgs84", "rmse_ts": "rmse"}
_STATISTICS = (
    "mean_velocity",
    "mean_velocity_std",
    "acceleration",
    "acceleration_std",
    "seasonality",
    "seasonality_std",
)
_L2 = (
    *("mp_type", "latitude", "longitude", "easting", "northing", "height_ortho", "height_ellipse"),
    *("line", "pixel", "rmse_ts", "temporal_coherence", "amplitude_dispersion"),
    *("incidence_angle", "track_angle", "los_east", "los_north", "los_up"),
    *_STATISTICS,
)
_L3 = ("easting", "northing", "height_ortho", "rmse_ts", *_STATISTICS)
_L3_NEW = ("gnss_velocity_n", "gnss_velocity_e", "gnss_velocity_u")

_DECIMALS = {
    **dict.fromkeys(("cluster_label", "mp_type", "line", "pixel"), 0),
    **dict.fromkeys(("acceleration", "acceleration_std", "temporal_coherence", "amplitude_dispersion"), 2),
    **dict.fromkeys(("incidence_angle", "track_angle"), 2),
    **dict.fromkeys(("los_east", "los_north", "los_up"), 3),
    **dict.fromkeys(("latitude", "longitude"), 6),
}


def column_names(level, header):
    """Return the current names (of the new header) of the columns between pid and dates, in order."""
    if level == "L3":
        return (*_L3, *_L3_NEW) if header == "new" else _L3
    label = ("cluster_label",) if level == "L2a" else ()
    return (*label, *_L2, *(("gnss_velocity",) if level == "L2b" and header == "new" else ()))


def header_line(level, header, epochs):
    """Return the first line of the csv, without its line end."""
    names = column_names(level, header)
    if header == "old":
        names = [_RENAMED.get(name, name) for name in names]
    return ",".join(("pid", *names, *(f"{date:%Y%m%d}" for date in epochs)))


def column_decimals(level, header):
    """Return the decimals of the columns of `column_names`, as int64 array."""
    names = column_names(level, header)
    decimals = {**_DECIMALS, **dict.fromkeys(("easting", "northing"), 0 if level == "L3" else 2)}
    return np.array([decimals.get(name, 1) for name in names], dtype=np.int64)


def describe_places(points, heights, looks, dispersions):
    """Return the columns that tell where and what the points of a burst are, as a dict of arrays.

    Parameters
    ----------
    points : Scatterers
    heights : float array
        m above EGM2008
    looks : Looks
    dispersions : float array
        Of the amplitudes.
    """
    n = len(points.eastings)
    eastings, northings = np.round(points.eastings, 2), np.round(points.northings, 2)
    latitude, longitude = to_degrees(eastings, northings)
    ortho = np.round(heights, 1)
    return {
        **{"easting": eastings, "northing": northings, "height_ortho": ortho},
        **{"cluster_label": np.zeros(n), "mp_type": np.zeros(n)},  # one cluster, permanent scatterers
        **{"latitude": latitude, "longitude": longitude, "line": points.lines, "pixel": points.pixels},
        "height_ellipse": ortho + np.round(undulation(eastings, northings), 1),
        "amplitude_dispersion": dispersions,
        **{"incidence_angle": looks.incidence, "track_angle": looks.track_angle},
        **dict(zip(("los_east", "los_north", "los_up"), looks.los.T, strict=True)),
    }


def matrix(columns, names):
    """Return the values of the columns `names` as one float64 array, shape (points, columns)."""
    values = np.empty((len(columns["easting"]), len(names)))
    for at, name in enumerate(names):
        values[:, at] = columns[name]
    return values
