"""From EPSG:3035 (ETRS89-LAEA) back to latitude and longitude, in numpy.

Source: IOGP Guidance Note 7-2, EPSG method 9820 (Lambert azimuthal equal area, ellipsoidal), GRS 1980.
"""

import math

import numpy as np

_A = 6_378_137.0  # m, semi-major axis
_F = 1 / 298.257222101
_E2 = _F * (2 - _F)
_E = math.sqrt(_E2)
_LATITUDE_0, _LONGITUDE_0 = math.radians(52), math.radians(10)
_FALSE_EASTING, _FALSE_NORTHING = 4_321_000.0, 3_210_000.0


def _authalic_q(sine):
    logarithm = math.log((1 - _E * sine) / (1 + _E * sine))
    return (1 - _E2) * (sine / (1 - _E2 * sine**2) - logarithm / (2 * _E))


_Q_POLE = _authalic_q(1.0)
_BETA_0 = math.asin(_authalic_q(math.sin(_LATITUDE_0)) / _Q_POLE)
_R = _A * math.sqrt(_Q_POLE / 2)
_D = _A * math.cos(_LATITUDE_0) / math.sqrt(1 - _E2 * math.sin(_LATITUDE_0) ** 2) / (_R * math.cos(_BETA_0))


def to_degrees(eastings, northings):
    """Return latitudes and longitudes (degrees, ETRS89) of points in EPSG:3035 (m).

    Good to 1e-8 degrees in Europe, where ETRS89 is taken as WGS84, as EGMS does.
    """
    x = np.asarray(eastings, dtype=np.float64) - _FALSE_EASTING
    y = np.asarray(northings, dtype=np.float64) - _FALSE_NORTHING
    distance = np.hypot(x / _D, _D * y)
    angle = 2 * np.arcsin(distance / (2 * _R))
    # At the origin itself sin(angle)/distance tends to 1/R.
    ratio = np.where(distance > 0, np.sin(angle) / np.where(distance > 0, distance, 1), 1 / _R)
    beta = np.arcsin(np.cos(angle) * math.sin(_BETA_0) + _D * y * ratio * math.cos(_BETA_0))
    longitudes = _LONGITUDE_0 + np.arctan2(
        x * ratio, _D * math.cos(_BETA_0) * np.cos(angle) - _D**2 * y * math.sin(_BETA_0) * ratio
    )
    return np.degrees(_geodetic(beta)), np.degrees(longitudes)


def _geodetic(beta):
    e4, e6 = _E2**2, _E2**3
    return (
        beta
        + (_E2 / 3 + 31 * e4 / 180 + 517 * e6 / 5040) * np.sin(2 * beta)
        + (23 * e4 / 360 + 251 * e6 / 3780) * np.sin(4 * beta)
        + 761 * e6 / 45360 * np.sin(6 * beta)
    )
