"""The heads of the real files, spoiled: read as DuckDB's `read_csv` and Python read them, or refused in one line."""

import io
import re
import zipfile

import pyarrow as pa
import pytest
from faults.cases import cases
from hypothesis import given
from hypothesis import strategies as st
from test_reader_fuzz import MUTATION, mutate, read, read_with_duckdb

from egmsql.errors import SourceError

N_ROWS = 5
NASTY = [
    "", " ", "-", "+", ".", "-.", "1e3", "0x10", "1_000", "١٢", "1,5", '"1"', "'1'", "NaN", "nan", "-nan", "inf",
    "NULL", "None", "1.0.0", "00001.0", "-0", "-0.0", "9" * 30, "0." + "3" * 40, "-9999", "-9999.0", "32767", "3276.7",
    "-3276.8", "\ufeff1", "1\u00a0", "1\t", "1 ", " 1", "1;2", "\0", "2020-01-01", "TRUE", "🙂",
]  # fmt: skip


class Heads(tuple):
    """What hypothesis need not print with each example."""

    __slots__ = ()

    def __repr__(self):
        return "heads"


@pytest.fixture(scope="module")
def heads(ustica, tmp_path_factory):
    """Return (stem, lines of the csv, XML) of each real file, in a folder of the tests' own."""
    found = []
    for path in sorted(ustica.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            with archive.open(f"{path.stem}.csv") as file:
                lines = [file.readline().decode() for _ in range(N_ROWS + 1)]
            xml = archive.read(f"{path.stem}.xml")
        scenes = list(re.finditer(rb"<image>.*?</image>\s*", xml, re.DOTALL))  # hundreds; three are kept
        for scene in scenes[3:][::-1]:
            xml = xml[: scene.start()] + xml[scene.end() :]
        found.append((path.stem, lines, xml))
    assert len(found) == 3
    return Heads((tmp_path_factory.mktemp("corpus"), found))


def judged(path):
    """Return the rows of a csv after comparing them with DuckDB's; None where it is refused in one line."""
    try:
        found = read(path).to_pylist()
    except SourceError as error:
        assert "\n" not in str(error)
        return None
    assert found == read_with_duckdb(path)
    return found


@pytest.mark.parametrize("which", range(3))
def test_the_heads_themselves_are_read(heads, which):
    folder, found = heads
    stem, lines, _ = found[which]
    (folder / f"{stem}.csv").write_text("".join(lines))
    assert len(judged(folder / f"{stem}.csv")) == N_ROWS


@cases(100)
@given(which=st.integers(0, 2), mutations=st.lists(MUTATION, min_size=1, max_size=4))
def test_bytes_of_a_real_csv(heads, which, mutations):
    folder, found = heads
    stem, lines, _ = found[which]
    path = folder / f"{stem}.csv"
    path.write_bytes(mutate("".join(lines).encode(), mutations))
    judged(path)


CHANGE = st.tuples(
    st.sampled_from(
        ["cell", "header", "copy", "drop column", "double column", "swap columns", "drop row", "double row"]
    ),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from(NASTY) | st.text(max_size=8).filter(lambda t: "\n" not in t and "\r" not in t),
)


def changed(table, changes):
    """Return a table of cells (the header first) after changes of cells, rows and columns."""
    for kind, down, across, text in changes:
        row, column = int(down * (len(table) - 1)), int(across * (len(table[0]) - 1))
        other = (column * 7 + 3) % len(table[0])
        if kind == "cell":
            table[max(row, 1) % len(table)][column] = text
        elif kind == "header":
            table[0][column] = text
        elif kind == "copy":
            table[row][column] = table[(row + 1) % len(table)][other]
        elif kind == "drop row" and len(table) > 2:
            del table[max(row, 1)]
        elif kind == "double row":
            table.insert(row, list(table[row]))
        elif kind.endswith("column") or kind.endswith("columns"):
            table = [_recolumned(cells, kind, column, other) for cells in table]
    return table


def _recolumned(cells, kind, column, other):
    cells = list(cells)
    if kind == "drop column" and len(cells) > 1:
        del cells[column]
    elif kind == "double column":
        cells.insert(other, cells[column])
    elif kind == "swap columns":
        cells[column], cells[other] = cells[other], cells[column]
    return cells


@cases(150)
@given(
    which=st.integers(0, 2),
    changes=st.lists(CHANGE, min_size=1, max_size=5),
    delimiter=st.sampled_from([",", ",", ",", ";", "\t"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_cells_rows_and_columns_of_a_real_csv(heads, which, changes, delimiter, line_end):
    folder, found = heads
    stem, lines, _ = found[which]
    table = changed([line.rstrip("\n").split(",") for line in lines], changes)
    path = folder / f"{stem}.csv"
    path.write_bytes(line_end.join([*(delimiter.join(cells) for cells in table), ""]).encode())
    judged(path)


def zipped(stem, lines, xml, method):
    """Return the bytes of a zip as EGMS packs one."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr(f"{stem}.xml", xml)
        archive.writestr(f"{stem}.csv", "".join(lines))
    return packed.getvalue()


@cases(100)
@given(
    which=st.integers(0, 2),
    method=st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]),
    mutations=st.lists(MUTATION, min_size=1, max_size=3),
    is_at_the_end=st.booleans(),
)
def test_bytes_of_a_real_zip(heads, which, method, mutations, is_at_the_end):
    """Half of the mutations hit the zip's directory, which says where everything is and how large."""
    folder, found = heads
    stem, lines, xml = found[which]
    whole = zipped(stem, lines, xml, method)
    path = folder / f"{stem}.zip"
    path.write_bytes(whole)
    expected = read(path)
    cut = whole.rindex(b"PK\x01\x02", 0, whole.rindex(b"PK\x01\x02")) if is_at_the_end else 0
    path.write_bytes(whole[:cut] + mutate(whole[cut:], mutations))
    try:
        result = read(path)
    except SourceError as error:
        assert "\n" not in str(error)
        return
    assert isinstance(result, pa.Table) and result.equals(expected)


@cases(60)
@given(which=st.integers(0, 2), mutations=st.lists(MUTATION, min_size=1, max_size=6))
def test_bytes_of_a_real_xml(heads, which, mutations):
    folder, found = heads
    stem, lines, xml = found[which]
    (folder / "xml").mkdir(exist_ok=True)
    path = folder / "xml" / f"{stem}.csv"
    path.write_text("".join(lines))
    path.with_suffix(".xml").write_bytes(mutate(xml, mutations))
    try:
        assert len(read(path)) == N_ROWS
    except SourceError as error:
        assert "\n" not in str(error)
