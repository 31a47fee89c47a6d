"""From EPSG:3035 (LAEA Europe) to longitude and latitude, without an extension in the server."""

import math

# ETRS89, GRS80; origin 52 N 10 E; false origin 4,321,000 3,210,000. EPSG Guidance Note 7-2, method 9820.
_A, _F = 6378137.0, 1 / 298.257222101
_E2 = _F * (2 - _F)
_E = math.sqrt(_E2)
_LAT0, _LON0 = math.radians(52), math.radians(10)
_EAST0, _NORTH0 = 4321000.0, 3210000.0


def _q(latitude):
    s = math.sin(latitude)
    return (1 - _E2) * (s / (1 - _E2 * s * s) - math.log((1 - _E * s) / (1 + _E * s)) / (2 * _E))


_QP = _q(math.pi / 2)
_BETA0 = math.asin(_q(_LAT0) / _QP)
_RQ = _A * math.sqrt(_QP / 2)
_D = _A * math.cos(_LAT0) / math.sqrt(1 - _E2 * math.sin(_LAT0) ** 2) / (_RQ * math.cos(_BETA0))


def to_degrees(easting, northing):
    """Return (longitude, latitude) in degrees of coordinates in metres, rounded to 0.1 m."""
    x, y = (easting - _EAST0) / _D, (northing - _NORTH0) * _D
    rho = math.hypot(x, y)
    if rho == 0:
        return 10.0, 52.0
    c = 2 * math.asin(min(1.0, rho / (2 * _RQ)))
    beta = math.asin(math.cos(c) * math.sin(_BETA0) + y * math.sin(c) * math.cos(_BETA0) / rho)
    longitude = _LON0 + math.atan2(
        x * math.sin(c), rho * math.cos(_BETA0) * math.cos(c) - y * math.sin(_BETA0) * math.sin(c)
    )
    e4, e6 = _E2**2, _E2**3
    latitude = (
        beta
        + (_E2 / 3 + 31 * e4 / 180 + 517 * e6 / 5040) * math.sin(2 * beta)
        + (23 * e4 / 360 + 251 * e6 / 3780) * math.sin(4 * beta)
        + (761 * e6 / 45360) * math.sin(6 * beta)
    )
    return round(math.degrees(longitude), 6), round(math.degrees(latitude), 6)
