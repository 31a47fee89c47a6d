"""The compiled parser: lines of EGMS csv text into preallocated arrays, strict about every byte.

Eight characters are loaded as one little-endian integer, so its lowest byte is the first character, and are
judged and weighted together, without a branch on how many digits there are: nearly all time of a plain
byte-by-byte parser goes into guessing that wrongly. The text is an uint8 array, readable for `PAD` bytes
beyond its last line feed. What is wrong with a line is said in words by `egmsql.sources.wrong`.

All that is compiled stands in this one file, because numba's cache looks at no other for changes. Arrays
leave their tuples before the loop and hot helpers are inlined, because numba counts references on each use.
"""

import numpy as np
from numba import njit

from egmsql.pids import ALPHABET
from egmsql.sources.machine import load_eight, trailing_zeros

# Roles of columns; 0 and more is the slot of a metadata column in `numbers`.
PID, EPOCH, IGNORED = -1, -2, -3

# Why the parser stopped before the end of the text.
FINE, BAD_CELL, BAD_PID, BAD_PLACE, BAD_TILE = range(5)

compiled = njit(nogil=True, cache=True)
inlined = njit(nogil=True, cache=True, inline="always")

_BASE62 = np.full(256, -1, dtype=np.int64)
_BASE62[np.frombuffer(ALPHABET.encode(), dtype=np.uint8)] = np.arange(62)

PAD = 16
MISSING = -32768  # a displacement that is not there; the smallest one accepted is -32767 (0.1 mm)
_NODATA = -9999.0

_NEW_LINE, _RETURN, _PLUS, _MINUS, _QUOTE, _ZERO, _NINE = b'\n\r+-"09'

_N_EXACT_DIGITS = 18  # what an int64 holds whatever the digits
_EXACT_FLOAT = 2**53
_POWERS = 10.0 ** np.arange(23)  # the powers of ten a double holds exactly
_WHOLE_POWERS = 10 ** np.arange(8)

_ONES, _ZEROS = np.uint64(0x0101010101010101), np.uint64(0x3030303030303030)
_HIGH_BITS, _EVEN_BYTES = np.uint64(0x8080808080808080), np.uint64(0x000000FF000000FF)
# Added to the eight bytes they set the high bit of each that is above 9, or above 0 where the byte is 7F.
_ABOVE_NINE = np.uint64(0x7676767676767676)
_ABOVE_SHORT = np.uint64(0x7F7F767F7676767F)


@inlined
def _read_short(word, pattern):
    """Return a displacement (0.1 mm) and the length of its cell from the eight bytes it begins with.

    Nearly every cell is a sign or none, one to three digits, the point, one digit and the delimiter. They are
    moved so that the point is the fifth byte; then each byte has its highest value. Length 0: none of these.
    """
    to_point = word ^ (((pattern >> np.uint64(32)) & np.uint64(255)) * _ONES)
    n_before = trailing_zeros((to_point - _ONES) & ~to_point & _HIGH_BITS) >> np.uint64(3)
    if n_before > np.uint64(4):
        return 0, 0
    is_negative = np.uint64((word & np.uint64(255)) == np.uint64(_MINUS))
    word += is_negative * np.uint64(_ZERO - _MINUS)
    shift = (np.uint64(4) - n_before) << np.uint64(3)
    digits = ((word ^ (pattern >> shift)) << shift) & np.uint64(0x00FFFFFFFFFFFFFF)
    if ((digits + _ABOVE_SHORT) | digits) & _HIGH_BITS:
        return 0, 0
    tens = digits * np.uint64(1 + (10 << 8))  # each byte: its digit and ten times the one before
    value = np.int64(
        ((tens >> np.uint64(16)) & np.uint64(255)) * np.uint64(100)
        + ((tens >> np.uint64(32)) & np.uint64(255))
        + ((digits >> np.uint64(40)) & np.uint64(255))
    )
    sign = np.int64(is_negative)
    return (value ^ -sign) + sign, np.int64(n_before) + 3


@inlined
def _leading_digits(word):
    """Return the number spelled by the digits at the beginning of eight bytes, and how many they are."""
    digits = word ^ _ZEROS
    n_digits = trailing_zeros(((digits + _ABOVE_NINE) | digits) & _HIGH_BITS) >> np.uint64(3)
    if n_digits > np.uint64(7):
        return 0, 8
    digits = (digits << (np.uint64(56) - (n_digits << np.uint64(3)))) << np.uint64(8)
    pairs = digits * np.uint64(10) + (digits >> np.uint64(8))
    high, low = pairs & _EVEN_BYTES, (pairs >> np.uint64(16)) & _EVEN_BYTES
    number = (high * np.uint64(0x000F424000000064) + low * np.uint64(0x0000271000000001)) >> np.uint64(32)
    return np.int64(number), np.int64(n_digits)


@inlined
def _read_decimal(text, at, point):
    """Return digits as an integer, how many follow the point, if all were kept, and the end (none: -1)."""
    whole, n_whole = _leading_digits(load_eight(text, at))
    if 0 < n_whole < 8:
        if text[at + n_whole] != point:
            return whole, 0, True, at + n_whole
        fraction, n_decimals = _leading_digits(load_eight(text, at + n_whole + 1))
        if n_decimals < 8:
            mantissa = whole * _WHOLE_POWERS[n_decimals] + fraction
            return mantissa, n_decimals, True, at + n_whole + 1 + n_decimals
    return _read_long_decimal(text, at, point)


@compiled
def _read_long_decimal(text, at, point):
    """Return what `_read_decimal` does, for any number of digits."""
    mantissa, n_decimals, is_kept, begin = 0, 0, True, at
    while _ZERO <= text[at] <= _NINE:
        mantissa = mantissa * 10 + (text[at] - _ZERO)
        at += 1
    n_digits = at - begin
    if n_digits > _N_EXACT_DIGITS:
        return 0, 0, False, -1
    if text[at] == point:
        at += 1
        while _ZERO <= text[at] <= _NINE:
            if n_digits < _N_EXACT_DIGITS:
                mantissa = mantissa * 10 + (text[at] - _ZERO)
                n_decimals += 1
            elif text[at] != _ZERO:
                is_kept = False
            n_digits += 1
            at += 1
    return mantissa, n_decimals, is_kept, at if n_digits else -1


@compiled
def _skip_missing(text, at, delimiter):
    """Return the end of a cell that is empty, NaN, NULL, NA or None in any case, else -1."""
    spelled, begin = 0, at
    while text[at] != delimiter and text[at] != _NEW_LINE and text[at] != _RETURN and at - begin < 5:
        spelled = spelled * 256 + (text[at] | 32)
        at += 1
    # "", "nan", "null", "na" and "none" as numbers of their lower-case bytes.
    return at if spelled in (0, 0x6E616E, 0x6E756C6C, 0x6E61, 0x6E6F6E65) else -1


@inlined
def _read_number(text, at, delimiter, point):
    """Return a number (missing: NaN), the end of its cell (wrong: -1) and if its last bit is in doubt.

    The sign goes to the whole mantissa, so `-0.0` is 0.0: one sign of zero, as Parquet dictionaries have it.
    """
    sign = np.int64(text[at] == _MINUS)
    begin = at + (sign | np.int64(text[at] == _PLUS))
    mantissa, n_decimals, is_kept, end = _read_decimal(text, begin, point)
    if end < 0:
        return np.nan, _skip_missing(text, at, delimiter), False
    return mantissa * (1 - 2 * sign) / _POWERS[n_decimals], end, mantissa > _EXACT_FLOAT or not is_kept


@inlined
def _is_allowed(number, lowest, highest, is_whole):
    """Return if a number is missing, or not nodata, within its bounds, and whole if it must be."""
    if number < lowest or number > highest or number == _NODATA:
        return False
    return not is_whole or number == np.floor(number) or np.isnan(number)


@compiled
def _read_displacement(text, at, delimiter, point):
    """Return a displacement (0.1 mm, or MISSING) in any style, and the end of its cell (wrong: -1)."""
    sign = np.int64(text[at] == _MINUS)
    begin = at + (sign | np.int64(text[at] == _PLUS))
    mantissa, n_decimals, is_kept, end = _read_decimal(text, begin, point)
    if end < 0:
        return MISSING, _skip_missing(text, at, delimiter)
    while n_decimals > 1 and mantissa % 10 == 0:
        mantissa //= 10
        n_decimals -= 1
    if n_decimals == 0 and mantissa < 10_000:
        mantissa, n_decimals = mantissa * 10, 1
    if n_decimals != 1 or not is_kept or mantissa > 32767:
        return MISSING, -1
    return mantissa * (1 - 2 * sign), end


@inlined
def _next_cell(text, end, is_last, delimiter):
    """Return where the next cell begins if this one properly ends at `end`, else -1."""
    if end < 0:
        return -1
    if not is_last:
        return end + 1 if text[end] == delimiter else -1
    if text[end] == _RETURN:
        end += 1
    return end + 1 if text[end] == _NEW_LINE else -1


@compiled
def _read_series(text, at, style, series, n_missing, ends_line):
    """Parse neighbouring displacements; return where the next or wrong cell begins, and if all are fine."""
    delimiter, point, pattern, pattern_of_last = style
    n_epochs = series.size
    for epoch in range(n_epochs):
        is_last = ends_line and epoch == n_epochs - 1
        value, length = _read_short(load_eight(text, at), pattern_of_last if is_last else pattern)
        if length == 0:
            value, end = _read_displacement(text, at, delimiter, point)
            length = _next_cell(text, end, is_last, delimiter) - at
            if length < 0:
                return at, False
            if value == MISSING:
                n_missing[0] += 1
        series[epoch] = value
        at += length
    return at, True


@inlined
def _read_pid(text, at, prefix):
    """Return the number spelled by a pid without the file's prefix; -1 if it is not a pid of this file."""
    number = 0
    for position in range(10):
        byte = text[at + position]
        digit = _BASE62[byte]
        if digit < 0 or (position < prefix.size and byte != prefix[position]):
            return -1
        if position >= prefix.size:
            number = number * 62 + digit
    return number


@compiled
def _skip_ignored(text, at, delimiter):
    """Return the end of a cell of a column nobody knows; -1 if it holds a quote or a NUL."""
    while text[at] != delimiter and text[at] != _NEW_LINE and text[at] != _RETURN:
        if text[at] == _QUOTE or text[at] == 0:
            return -1
        at += 1
    return at


@inlined
def _check_place(number, first, second, is_l3, tile):
    """Return FINE if the pid's number agrees with line and pixel (L2) or with the cell and its tile (L3)."""
    if np.isnan(first) or np.isnan(second):
        return FINE
    if not is_l3:
        return FINE if number == np.int64(first) * 65536 + np.int64(second) else BAD_PLACE
    northing, easting = np.int64(np.floor(first / 100)), np.int64(np.floor(second / 100))
    if number != (northing << 32) + easting:
        return BAD_PLACE
    return FINE if northing // 1000 == tile[0] and easting // 1000 == tile[1] else BAD_TILE


@compiled
def parse_lines(text, start, stop, layout, block, row):
    """Parse whole lines of `text[start:stop]` into `block` from `row` on, until its end or the block's.

    Parameters
    ----------
    text : uint8 array
        Lines, the last one ended by a line feed before `stop`; `PAD` more bytes must exist.
    layout, block : Layout, Block

    Returns
    -------
    row, at, n_long_cells, problem
        The next row to fill, the position of the next line (or of the wrong cell or line), the filled part
        of `block.long_cells`, and FINE or what is wrong.
    """
    fields, bounds, is_whole, delimiter, point, patterns, is_l3, prefix, place, tile = layout
    pids, numbers, displacements, n_missing, long_cells = block
    style = (delimiter, point, patterns[0], patterns[1])
    n_fields, capacity = fields.shape[0], pids.shape[0]
    n_long, most_long, at, place_number = 0, long_cells.shape[0] - bounds.shape[0], start, 0
    while at < stop and row < capacity and n_long <= most_long:
        line, epoch = at, 0
        for field in range(n_fields):
            role, is_last = fields[field, 0], field == n_fields - 1
            if role == EPOCH:
                series = displacements[row, epoch : epoch + fields[field, 1]]
                at, is_fine = _read_series(text, at, style, series, n_missing, is_last)
                if not is_fine:
                    return row, at, n_long, BAD_CELL
                epoch += fields[field, 1]
                continue
            if role >= 0:
                number, end, is_long = _read_number(text, at, delimiter, point)
                if not _is_allowed(number, bounds[role, 0], bounds[role, 1], is_whole[role]):
                    return row, at, n_long, BAD_CELL
                numbers[role, row] = number
                if is_long:
                    long_cells[n_long, 0], long_cells[n_long, 1] = role, row
                    long_cells[n_long, 2], long_cells[n_long, 3] = at, end
                    n_long += 1
            elif role == PID:
                place_number, end = _read_pid(text, at, prefix), at + 10
                if place_number < 0:
                    return row, at, n_long, BAD_PID
                for position in range(10):
                    pids[row, position] = text[at + position]
            else:
                end = _skip_ignored(text, at, delimiter)
            end = _next_cell(text, end, is_last, delimiter)
            if end < 0:
                return row, at, n_long, BAD_CELL
            at = end
        problem = _check_place(place_number, numbers[place[0], row], numbers[place[1], row], is_l3, tile)
        if problem != FINE:
            return row, line, n_long, problem
        row += 1
    return row, at, n_long, FINE
