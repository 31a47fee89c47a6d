"""Small EGMS products for tests: right in every cell, until a test spoils one.

    product = forge.product(level="L2b", generation="old", n_points=3)
    product["mean_velocity", 2] = "abc"
    path = product.write_zip(folder)

Rows are counted from 1, as in the error messages of the reader.
"""

import datetime
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from egmsql import pids
from egmsql.errors import SourceError
from egmsql.sources import open_source

_STATISTICS = "mean_velocity mean_velocity_std acceleration acceleration_std seasonality seasonality_std"
_VIEW = "temporal_coherence amplitude_dispersion incidence_angle track_angle los_east los_north los_up"
_OLD_L2 = (
    f"mp_type latitude longitude easting northing height height_wgs84 line pixel rmse {_VIEW} {_STATISTICS}"
)
_NEW_NAMES = {"height": "height_ortho", "height_wgs84": "height_ellipse", "rmse": "rmse_ts"}
_DECIMALS = {
    **dict.fromkeys(("latitude", "longitude"), 6),
    **dict.fromkeys(("los_east", "los_north", "los_up"), 3),
    **dict.fromkeys(_VIEW.split()[:4], 2),
    **dict.fromkeys(("easting", "northing", "acceleration", "acceleration_std"), 2),
    **dict.fromkeys(("pid", "cluster_label", "mp_type", "line", "pixel"), 0),
}


def columns(level, generation):
    """Return the metadata columns of a level in a header generation, in delivered order."""
    names = _OLD_L2.split() if level != "L3" else f"easting northing height rmse {_STATISTICS}".split()
    if level == "L2a":
        names = ["cluster_label", *names]
    if generation == "new":
        names = [_NEW_NAMES.get(name, name) for name in names]
        names += {"L2a": [], "L2b": ["gnss_velocity"], "L3": [f"gnss_velocity_{axis}" for axis in "neu"]}[
            level
        ]
    return ["pid", *names]


def epochs(first=datetime.date(2020, 1, 3), n_epochs=8, step=228):
    """Return dates `step` days apart, as many as asked for."""
    return [first + datetime.timedelta(days=step * number) for number in range(n_epochs)]


@dataclass
class Forged:
    """A product as text: change cells, columns or the XML, then write it."""

    stem: str
    columns: list[str]  # the header, dates included
    rows: list[list[str]]
    xml: str | None
    delimiter: str = ","
    line_end: str = "\n"
    final_line_end: bool = True
    begin: str = ""  # before the header, for a byte order mark

    def __getitem__(self, place):
        column, row = place
        return self.rows[row - 1][self.columns.index(column)]

    def __setitem__(self, place, cell):
        column, row = place
        self.rows[row - 1][self.columns.index(column)] = cell

    def rename(self, **names):
        """Give columns other names."""
        self.columns = [names.get(name, name) for name in self.columns]
        return self

    def add_column(self, name, cell, position=None):
        """Insert a column with the same cell in every row; at the end unless a position is given."""
        for line in (self.columns, *self.rows):
            value = name if line is self.columns else cell
            line.insert(len(line) if position is None else position, value)
        return self

    def drop_columns(self, *names):
        """Leave columns out."""
        return self.take([name for name in self.columns if name not in names])

    def take(self, names):
        """Keep these columns, in this order."""
        order = [self.columns.index(name) for name in names]
        self.columns = [self.columns[position] for position in order]
        self.rows = [[row[position] for position in order] for row in self.rows]
        return self

    def with_decimal_comma(self):
        """Write numbers as a German or Italian spreadsheet does."""
        self.delimiter = ";"
        self.rows = [[cell.replace(".", ",") for cell in row] for row in self.rows]
        return self

    @property
    def epochs(self):
        """The date columns."""
        return [name for name in self.columns if name.isdigit()]

    @property
    def text(self):
        """The csv."""
        lines = [self.delimiter.join(line) for line in (self.columns, *self.rows)]
        return self.begin + self.line_end.join(lines) + (self.line_end if self.final_line_end else "")

    def write_csv(self, folder, name=None, encoding="utf-8", with_xml=True):
        """Write the bare csv, its XML beside it, and return its path."""
        path = Path(folder) / f"{name or self.stem}.csv"
        path.write_bytes(self.text.encode(encoding))
        if self.xml is not None and with_xml:
            path.with_suffix(".xml").write_text(self.xml, encoding="utf-8")
        return path

    def write_zip(self, folder, name=None, inner=None, order=("xml", "csv"), **members):
        """Write the zip and return its path.

        `inner` is the stem of the members, `order` that of their kinds; further `members` are bytes by kind.
        `compression` chooses how they are packed.
        """
        compression = members.pop("compression", zipfile.ZIP_DEFLATED)
        contents = {"csv": self.text.encode(), **members}
        if self.xml is not None:
            contents["xml"] = self.xml.encode()
        path = Path(folder) / f"{name or self.stem}.zip"
        with zipfile.ZipFile(path, "w", compression) as archive:
            for kind in [*order, *(kind for kind in contents if kind not in order)]:
                if kind in contents:
                    archive.writestr(f"{inner or self.stem}.{kind}", contents[kind])
        return path


def product(
    level="L2b",
    generation="new",
    n_points=5,
    dates=None,
    release="default",
    version=1,
    facility=1,
    track=22,
    burst=845,
    swath=2,
    polarisation="VV",
    tile="E45N17",
    component="U",
    padded=False,
    seed=1,
):
    """Return a Forged product.

    `release` None leaves the suffix out of the name; `padded` writes every decimal (`0.60`, `-2.10`) where
    the default is the shortest text (`0.6`, `-2.1`).
    """
    place = (track, burst, swath, polarisation) if level != "L3" else (tile, component)
    dates = dates or epochs(datetime.date(2020, 1, 3) if generation == "new" else datetime.date(2018, 1, 6))
    random = np.random.default_rng(seed)
    values = _values(level, n_points, facility, place, random)
    names = columns(level, generation)
    rows = []
    for number in range(n_points):
        cells = [
            _cell(name, values[name][number] if name in values else random.normal(), padded) for name in names
        ]
        series = random.integers(-999, 1000, len(dates))
        rows.append(
            cells + [_spell(Decimal(int(value)).scaleb(-1), 2 if padded else 1, padded) for value in series]
        )
    if release == "default":
        release = "2020_2024" if generation == "new" else "2018_2022"
    stem = _stem(level, place) + (f"_{release}_{version}" if release else "")
    header = names + [f"{date:%Y%m%d}" for date in dates]
    return Forged(stem, header, rows, _xml(level, place, facility))


def csv_text(**options):
    """Return the csv text of `product(**options)`."""
    return product(**options).text


def write_zip(folder, **options):
    """Write the zip of `product(**options)` and return its path."""
    return product(**options).write_zip(folder)


def write_csv(folder, **options):
    """Write the bare csv of `product(**options)` and return its path."""
    return product(**options).write_csv(folder)


def refusal(path):
    """Return the SourceError of reading a file, wherever it comes, in the form that all messages have."""
    with pytest.raises(SourceError) as caught:
        for _ in open_source(path).batches():
            pass
    error = caught.value
    assert "\n" not in str(error) and str(error) == f"{error.where}: {error.wrong}; {error.advice}"
    assert error.where.startswith(path.name)
    assert error.advice.strip() and not error.wrong.endswith((".", ";"))
    return error


def _stem(level, place):
    if level == "L3":
        return "EGMS_L3_{}_100km_{}".format(*place)
    return "EGMS_{}_{:03d}_{:04d}_IW{}_{}".format(level, *place)


def _values(level, n_points, facility, place, random):
    number = np.arange(n_points)
    if level == "L3":
        tile = place[0]
        easting = int(tile[1:3]) * 100_000 + 97_550 + number % 10 * 100
        northing = int(tile[4:6]) * 100_000 + 39_750 + number // 10 * 100
        ids = pids.encode_l3(facility, easting, northing)
        return {"pid": _texts(ids), "easting": easting, "northing": northing}
    line, pixel = 1200 + number // 1000, 4000 + number % 1000
    return {
        "pid": _texts(pids.encode_l2(facility, *place, line, pixel)),
        "cluster_label": np.zeros(n_points, dtype=int),
        "mp_type": np.zeros(n_points, dtype=int),
        "latitude": 38.69 + random.uniform(0, 0.01, n_points),
        "longitude": 13.17 + random.uniform(0, 0.01, n_points),
        "easting": 4_598_603.43 + number,
        "northing": 1_739_722.18 + number,
        "line": line,
        "pixel": pixel,
    }


def _texts(ids):
    return [row.tobytes().decode() for row in ids]


def _cell(name, value, padded):
    if isinstance(value, str):
        return value
    if isinstance(value, np.integer):
        return str(value)
    return _spell(Decimal(f"{value:.{_DECIMALS.get(name, 1)}f}"), _DECIMALS.get(name, 1), padded)


def _spell(value, decimals, padded):
    text = f"{value:.{decimals}f}"
    if padded:
        return text
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def _xml(level, place, facility):
    images = "<image><orbit_type>FILTERED</orbit_type><product_id>S1A_{}</product_id></image>"
    lines = [f"<product_level>{level}</product_level>"]
    if level != "L3":
        lines += [f"<track>{place[0]:03d}</track>", f"<burst_id>{place[1]:04d}</burst_id>"]
        lines += [f"<sub_swath>{place[2]}</sub_swath>"]
    lines += [f"<production_facility>{facility}</production_facility>"]
    lines += ["<production_date>06/11/2025</production_date>"]
    lines += ["<dem><version>COPDEM</version></dem>", "<gnss><version>2.0</version></gnss>"]
    if level != "L3":
        lines += [f"<reference>{images.format('A')}</reference>"]
        lines += [f"<dataset>{images.format('A')}{images.format('B')}</dataset>"]
    root = "TILE" if level == "L3" else "BURST"
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<{root}>\n  " + "\n  ".join(lines) + f"\n</{root}>\n"
