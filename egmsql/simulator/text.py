"""Rows of numbers as csv text, compiled: the bytes that EGMS's producers write."""

from functools import cache

import numba
import numpy as np

_COMMA, _POINT, _MINUS, _ZERO, _NEWLINE = (ord(sign) for sign in ",.-0\n")
_PID = 10
_METADATA_CELL = 24  # bytes a metadata cell takes at most, with its comma
_SERIES_CELL = 8  # bytes of "-3276.7,"
_LARGEST = 32_767  # 0.1 mm; what the lake's int16 holds


def row_bound(n_columns, n_epochs):
    """Return how many bytes a row takes at most."""
    return _PID + 1 + n_columns * _METADATA_CELL + n_epochs * _SERIES_CELL


def format_rows(pids, values, decimals, series, is_padded):
    """Return the csv lines of a batch, as a uint8 array.

    Parameters
    ----------
    pids : uint8 array, shape (n, 10)
    values : float64 array, shape (n, columns)
        Rounded here, a half to the even neighbour; what rounds to zero from below becomes -0.0.
    decimals : int64 array, shape (columns,)
        0 writes a whole number.
    series : float32 array, shape (n, epochs)
        mm, written with one decimal; NaN becomes an empty cell.
    is_padded : bool
        Write all decimals (`3.40`) rather than the shortest text (`3.4`, but `3.0`).

    Raises
    ------
    ValueError
        If a displacement is larger than 3,276.7 mm.
    """
    size = len(pids) * row_bound(values.shape[1], series.shape[1])
    # A cell is copied with all eight bytes, also where fewer count.
    buffer = np.empty(size + _SERIES_CELL, dtype=np.uint8)
    texts, lengths = _displacement_texts()
    end = _write_rows(buffer, pids, values, decimals, series, is_padded, texts, lengths)
    if end < 0:
        raise ValueError("a displacement is larger than 3,276.7 mm")
    return buffer[:end]


@cache
def _displacement_texts():
    """Return the text of every displacement with its comma, (n, 8) bytes, and how many bytes count.

    Positive 0.1 mm come first, then negative ones (with -0.0), last the empty cell. Copying from here is
    twice as fast as writing digits.
    """
    sizes = range(_LARGEST + 1)
    texts = [f"{sign}{size // 10}.{size % 10}," for sign in ("", "-") for size in sizes] + [","]
    padded = b"".join(text.encode().ljust(_SERIES_CELL) for text in texts)
    lengths = np.array([len(text) for text in texts], dtype=np.uint8)
    return np.frombuffer(padded, dtype=np.uint8).reshape(-1, _SERIES_CELL), lengths


@numba.njit(nogil=True, cache=True)
def _write_rows(buffer, pids, values, decimals, series, is_padded, texts, lengths):
    at = 0
    for i in range(len(pids)):
        for k in range(_PID):
            buffer[at + k] = pids[i, k]
        buffer[at + _PID] = _COMMA
        at += _PID + 1
        for k in range(len(decimals)):
            at = _write_decimal(buffer, at, values[i, k], decimals[k], is_padded)
            buffer[at] = _COMMA
            at += 1
        for k in range(series.shape[1]):
            text = _text_of(np.float64(series[i, k]))
            if text < 0:
                return -1
            for j in range(_SERIES_CELL):
                buffer[at + j] = texts[text, j]
            at += lengths[text]
        buffer[at - 1] = _NEWLINE  # in the place of the last comma
    return at


@numba.njit(nogil=True, cache=True)
def _text_of(value):
    if value != value:
        return 2 * (_LARGEST + 1)
    tenths = np.rint(abs(value) * 10)
    if tenths > _LARGEST:
        return -1
    return np.int64(tenths) + (_LARGEST + 1 if value < 0 else 0)


@numba.njit(nogil=True, cache=True)
def _write_decimal(buffer, at, value, decimals, is_padded):
    if value < 0:
        buffer[at] = _MINUS
        at += 1
    scale = 10**decimals
    number = np.int64(np.rint(abs(value) * scale))
    whole = number // scale
    at = _write_whole(buffer, at, whole)
    if decimals == 0:
        return at
    fraction = number - whole * scale
    buffer[at] = _POINT
    for k in range(decimals, 0, -1):
        buffer[at + k] = _ZERO + fraction % 10
        fraction //= 10
    end = at + decimals
    while not is_padded and buffer[end] == _ZERO and end > at + 1:
        end -= 1
    return end + 1


@numba.njit(nogil=True, cache=True)
def _write_whole(buffer, at, number):
    size, rest = 1, number // 10
    while rest:
        size, rest = size + 1, rest // 10
    for k in range(size - 1, -1, -1):
        buffer[at + k] = _ZERO + number % 10
        number //= 10
    return at + size
