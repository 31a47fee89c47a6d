"""What is wrong with a line the compiled parser refused, in words."""

import re
from decimal import Decimal, InvalidOperation

from egmsql.errors import SourceError
from egmsql.pids import ALPHABET, decode_l2, decode_l3
from egmsql.sources.kernel import BAD_PID, BAD_PLACE, BAD_TILE
from egmsql.sources.schema import AREA, WHOLE_NUMBERS, bounds_of

_DELIVERED = "give the file as delivered by EGMS"
_CUT = "download the file again, it may be cut off"
_NODATA = Decimal(-9999)
_LARGEST = Decimal("3276.7")  # mm: what int16 holds in 0.1 mm


def explain(where, header, problem, line, position):
    """Return the SourceError for a refused line.

    Parameters
    ----------
    where : str
        File and row.
    header : Header
    problem : int
        BAD_CELL, BAD_PID, BAD_PLACE or BAD_TILE of `egmsql.sources.kernel`.
    line : str
        Without its line end.
    position : int
        Where in the line the wrong cell begins.
    """
    cells = split_line(where, header, line)
    if problem in (BAD_PLACE, BAD_TILE):
        return _explain_place(where, dict(zip(header.columns, cells, strict=True)), header.is_l3, problem)
    column = line.count(header.delimiter, 0, position)
    name, cell = header.columns[column], cells[column]
    if problem == BAD_PID or name == "pid":
        return _explain_pid(where, cell, header.is_l3)
    wrong, advice = _explain_cell(header, name, cell)
    return SourceError(f"{where}, column {name}", wrong, advice)


def split_line(where, header, line):
    """Return the cells of a line; SourceError if they are not as many as the header names."""
    if "\0" in line:
        raise SourceError(where, "it holds NUL bytes", _CUT)
    if '"' in line:
        raise SourceError(
            where, "it has quoted cells", "write the csv without quotes, or ingest the delivered zip"
        )
    if not line.strip():
        raise SourceError(where, "the line is blank", _CUT)
    cells = line.split(header.delimiter)
    if len(cells) != len(header.columns):
        raise SourceError(where, f"it has {len(cells)} cells, the header {len(header.columns)}", _CUT)
    return cells


def _explain_pid(where, pid, is_l3):
    if len(pid) != 10 or any(character not in ALPHABET for character in pid):
        return SourceError(where, f"{pid[:40]!r} is no pid of 10 base-62 characters", _DELIVERED)
    if is_l3:
        wrong = f"pid {pid} is of another facility than the file"
    else:
        part = decode_l2(pid)
        wrong = (
            f"pid {pid} is of facility {part['facility']}, track {part['track']}, burst {part['burst']}, "
            f"IW{part['swath']}, {part['polarisation']}, unlike the file"
        )
    return SourceError(where, wrong, "give one product per file, under the name it has at EGMS")


def _explain_place(where, row, is_l3, problem):
    pid = row["pid"]
    if problem == BAD_TILE:
        wrong = f"easting {row['easting']}, northing {row['northing']} is outside the tile of the file"
    elif is_l3:
        cell = decode_l3(pid)
        said = f"the cell at easting {cell['easting']}, northing {cell['northing']}"
        wrong = f"pid {pid} says {said}, the columns say {row['easting']}, {row['northing']}"
    else:
        part = decode_l2(pid)
        said = f"line {part['line']}, pixel {part['pixel']}"
        wrong = f"pid {pid} says {said}, the columns say {row['line']}, {row['pixel']}"
    return SourceError(where, wrong, _DELIVERED)


def _explain_cell(header, name, cell):
    shown = repr(cell if len(cell) <= 40 else cell[:37] + "...")
    if "\r" in cell:
        return f"{shown} has a carriage return", "write the csv with the same line end in every line"
    number = _decimal(cell, header.point)
    if number is None:
        return f"{shown} is no number", _DELIVERED
    if not number.is_finite():
        return f"{shown} is infinite", "leave the cell empty if the value is missing"
    if number == _NODATA:
        return f"{shown} means nodata", "leave the cell empty if the value is missing"
    if not re.fullmatch(r"[+-]?[0-9]*[.,]?[0-9]*", cell):
        return f"{shown} has an exponent or spaces", "write plain decimal numbers"
    if name in header.epoch_columns:
        return _explain_displacement(shown, number)
    lowest, highest = bounds_of(name)
    if name in AREA and not lowest <= number <= highest:
        return f"{shown} is outside the area of EPSG:3035 ({lowest:.10g} to {highest:.10g})", _DELIVERED
    if name in WHOLE_NUMBERS:
        return f"{shown} is no whole number of 32 bits", _DELIVERED
    return f"{shown} has too many digits", _DELIVERED


def _explain_displacement(shown, number):
    if abs(number) > _LARGEST:
        return f"{shown} mm is beyond 3276.7 mm", _DELIVERED
    return f"{shown} has more than one decimal", "EGMS displacements have one: give the file as delivered"


def _decimal(cell, point):
    if "_" in cell:  # Python's own way to group digits
        return None
    try:
        number = Decimal(cell.replace(point, ".") if point == "," else cell)
    except InvalidOperation:
        return None
    return None if number.is_nan() else number
