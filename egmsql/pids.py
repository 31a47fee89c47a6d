"""The pid codec for whole arrays: what the macros of `sql/00_macros/` say for one value.

A pid is ten base-62 digits (0-9, A-Z, a-z), left-padded with 0. The first is the facility. On L2 four
digits name the burst and five the point in it; on L3 nine digits name the 100 m cell.
Source: EEA, EGMS Product Description and Format Specification v3.0.
"""

import numpy as np

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FACILITIES = {0: "UNDEF", 1: "EGEOS", 2: "GAF", 3: "NORCE", 4: "TREA"}
POLARISATIONS = ("HH", "HV", "VH", "VV")

_DIGITS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_VALUES = np.full(256, -1, dtype=np.int64)
_VALUES[_DIGITS] = np.arange(62)


def encode_base62(values, width):
    """Return the digits of non-negative integers, shape (n, width), as ASCII bytes."""
    rest = np.asarray(values, dtype=np.int64).copy()
    digits = np.empty((rest.size, width), dtype=np.uint8)
    for column in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, 62)
        digits[:, column] = _DIGITS[digit]
    if rest.any():
        raise ValueError(f"value does not fit into {width} base-62 digits")
    return digits


def decode_base62(text):
    """Return the number that base-62 digits spell; ValueError names a foreign character."""
    number = 0
    for character in text:
        if character not in ALPHABET:
            raise ValueError(f"{character!r} is not a base-62 digit")
        number = number * 62 + ALPHABET.index(character)
    return number


def burst_number(track, burst, swath, polarisation):
    """Pack an L2 burst into the number of the pid's second part."""
    return ((track * 4096 + burst) * 4 + swath) * 4 + POLARISATIONS.index(polarisation)


def encode_l2(facility, track, burst, swath, polarisation, lines, pixels):
    """Return the pids of one burst's points, shape (n, 10), as ASCII bytes."""
    points = np.asarray(lines, dtype=np.int64) * 65536 + np.asarray(pixels, dtype=np.int64)
    return _join(facility, [(np.array([burst_number(track, burst, swath, polarisation)]), 4), (points, 5)])


def encode_l3(facility, eastings, northings):
    """Return the pids of 100 m cells, shape (n, 10), from any coordinate (m, EPSG:3035) in them."""
    rows = np.floor_divide(np.asarray(northings), 100).astype(np.int64)
    columns = np.floor_divide(np.asarray(eastings), 100).astype(np.int64)
    return _join(facility, [(rows * 2**32 + columns, 9)])


def _join(facility, parts):
    size = max(values.size for values, _ in parts)
    blocks = [encode_base62([facility], 1), *(encode_base62(values, width) for values, width in parts)]
    return np.hstack([np.broadcast_to(block, (size, block.shape[1])) for block in blocks])


def decode_l2(pid):
    """Return facility, track, burst, swath, polarisation, line and pixel of one L2 pid, as a dict."""
    burst, point = decode_base62(pid[1:5]), decode_base62(pid[5:])
    return {
        "facility": decode_base62(pid[0]),
        "track": burst >> 16,
        "burst": (burst >> 4) & 4095,
        "swath": (burst >> 2) & 3,
        "polarisation": POLARISATIONS[burst & 3],
        "line": point >> 16,
        "pixel": point & 65535,
    }


def decode_l3(pid):
    """Return facility and the cell's south-west corner (m, EPSG:3035) of one L3 pid, as a dict."""
    cell = decode_base62(pid[1:])
    return {
        "facility": decode_base62(pid[0]),
        "easting": (cell & (2**32 - 1)) * 100,
        "northing": (cell >> 32) * 100,
    }
