"""The header line of an EGMS csv: its dialect, its columns and its epochs."""

import datetime
import re
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from egmsql.errors import SourceError
from egmsql.sources.kernel import EPOCH, IGNORED, PID
from egmsql.sources.layout import Layout, short_pattern
from egmsql.sources.schema import NUMBERS, RENAMED, WHOLE_NUMBERS, bounds_of
from egmsql.sources.shortened import AmbiguousName, restore_names

_EPOCH = re.compile(r"[dx]?(\d{8})")  # D of shapefiles, X of R
_NEARLY_EPOCH = re.compile(r"[dx]?\d{6}|\d{4}-\d\d")
_RESTORE = "restore the column names of the EGMS file, or ingest the delivered zip"
_NOT_EGMS = "give a zip or csv delivered by EGMS"


@dataclass
class Header:
    """What the header line says; `columns` has one entry per cell of a line, under the full EGMS names."""

    columns: list[str]
    delimiter: str
    point: str
    epochs: list[datetime.date]
    epoch_columns: set[str]
    unknown: list[str]
    notes: list[str] = field(default_factory=list)

    @property
    def numbers(self):
        """The metadata columns in the order of their slots."""
        return [name for name in NUMBERS if name in self.columns]

    @property
    def is_l3(self):
        """If the columns are those of the 100 m grid: no line and pixel."""
        return "line" not in self.columns

    @property
    def generation(self):
        """`old` for the column names up to release 2019_2023, `new` for those since 2020_2024."""
        return "old" if any(name in self.columns for name in RENAMED) else "new"

    def layout(self, prefix, tile):
        """Return what the compiled parser needs to know about every line.

        Parameters
        ----------
        prefix : str
            The characters every pid begins with.
        tile : tuple of int
            Northing and easting of the tile / 100 km, (-1, -1) on L2.
        """
        slots = {name: slot for slot, name in enumerate(self.numbers)}
        roles = [self._role(name, slots) for name in self.columns]
        fields = []
        for role, cells in groupby(roles):
            n_cells = len(list(cells))
            fields += [(role, n_cells)] if role == EPOCH else [(role, 1)] * n_cells
        point, delimiter = ord(self.point), ord(self.delimiter)
        return Layout(
            fields=np.array(fields, dtype=np.int64),
            bounds=np.array([bounds_of(name) for name in slots], dtype=np.float64),
            is_whole=np.array([name in WHOLE_NUMBERS for name in slots]),
            delimiter=delimiter,
            point=point,
            patterns=np.array([short_pattern(point, delimiter), short_pattern(point, ord("\n"))]),
            is_l3=self.is_l3,
            prefix=np.frombuffer(prefix.encode(), dtype=np.uint8),
            place=np.array(
                [slots[name] for name in (("northing", "easting") if self.is_l3 else ("line", "pixel"))]
            ),
            tile=np.array(tile, dtype=np.int64),
        )

    def _role(self, name, slots):
        if name == "pid":
            return PID
        return EPOCH if name in self.epoch_columns else slots.get(name, IGNORED)


def read_header(where, line, first_row):
    """Return the Header spelled by a header line; the first row tells the decimal sign.

    Parameters
    ----------
    where : str
        The file, for errors.
    line, first_row : str
        Without their line ends.
    """
    delimiter = max(",;\t", key=line.count)
    if '"' in line or "'" in line:
        raise SourceError(
            where, "the header has quotes", "write the csv without quotes, or ingest the delivered zip"
        )
    if "\r" in line:
        raise SourceError(
            where, "the header has carriage returns inside", "write the csv with plain line feeds"
        )
    point = "," if delimiter != "," and "," in first_row else "."
    names = [name.strip().lower() for name in line.split(delimiter)]
    notes = ["numbers have a decimal comma"] if point == "," else []
    if "pid" not in names or len(names) < 4:
        raise SourceError(where, f"no EGMS csv: its first line is {_excerpt(line)}", _NOT_EGMS)
    names = _restore(where, names, notes)
    _refuse_repeated(where, names)
    epochs = _read_epochs(where, names)
    unknown = [name for name in names if name not in (*NUMBERS, "pid") and name not in epochs]
    header = Header(names, delimiter, point, list(epochs.values()), set(epochs), unknown, notes)
    _refuse_incomplete(where, header)
    notes += _notes_on(header)
    return header


def _restore(where, names, notes):
    try:
        restored = restore_names(names)
    except AmbiguousName as problem:
        raise SourceError(where, f"shortened column names: {problem}", _RESTORE) from None
    if restored:
        notes.append(f"column names are shortened ({', '.join(restored)})")
    return [restored.get(name, name) for name in names]


def _refuse_repeated(where, names):
    for name in names:
        if names.count(name) > 1:
            raise SourceError(where, f"column {name!r} stands twice in the header", _RESTORE)


def _read_epochs(where, names):
    epochs = {}
    for name in names:
        match = _EPOCH.fullmatch(name)
        if match is None:
            if _NEARLY_EPOCH.match(name):
                raise SourceError(where, f"column {name!r} is no date yyyymmdd", _RESTORE)
            continue
        try:
            date = datetime.datetime.strptime(match[1], "%Y%m%d").date()
        except ValueError:
            raise SourceError(where, f"column {name!r} is no day of the calendar", _RESTORE) from None
        if epochs and date <= max(epochs.values()):
            wrong = (
                "is repeated" if date in epochs.values() else f"stands after {max(epochs.values()):%Y%m%d}"
            )
            raise SourceError(
                where, f"epoch {date:%Y%m%d} {wrong}", "order the dates as in the EGMS file, each once"
            )
        epochs[name] = date
    if not epochs:
        raise SourceError(where, "the header has no date column yyyymmdd", _NOT_EGMS)
    return epochs


def _refuse_incomplete(where, header):
    # Without these neither the place nor the pid of a measurement point can be checked.
    needed = ["easting", "northing"]
    if "line" in header.columns or "pixel" in header.columns:
        needed += ["line", "pixel"]
    missing = [name for name in needed if name not in header.columns]
    if missing:
        raise SourceError(where, f"the header lacks {', '.join(missing)}", _RESTORE)


def _notes_on(header):
    if header.unknown:
        names = ", ".join(repr(name) for name in header.unknown)
        yield f"unknown columns are left out: {names}"
    if any(not name.isdigit() for name in header.epoch_columns):
        yield "date columns have a letter before the date"


def _excerpt(line):
    return repr(line if len(line) <= 60 else line[:57] + "...")
