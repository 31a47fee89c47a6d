"""The reader against Python's own numbers, and against spoiled files: right, or a SourceError; never else."""

from decimal import Decimal

import duckdb
import forge
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from egmsql.errors import SourceError
from egmsql.sources import ROWS_SCHEMA, open_source
from egmsql.sources.header import read_header
from egmsql.sources.rows import RowReader

DIGITS = "0123456789"
MISSING = ("", "nan", "null", "na", "none")
MOST_DIGITS = 18  # before the decimal sign


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def read(path):
    return pa.Table.from_batches(open_source(path).batches(), ROWS_SCHEMA)


@st.composite
def decimals(draw, most_whole=MOST_DIGITS, most_decimals=25):
    """Texts of decimal numbers in every style."""
    whole = draw(st.text(DIGITS, max_size=most_whole))
    fraction = draw(st.none() | st.text(DIGITS, min_size=0 if whole else 1, max_size=most_decimals))
    if not whole and fraction is None:
        whole = "0"
    return draw(st.sampled_from(["", "-", "+"])) + whole + ("" if fraction is None else f".{fraction}")


@st.composite
def displacements(draw):
    """Texts of displacements that EGMS could write, in every style."""
    value = Decimal(draw(st.integers(-32767, 32767))).scaleb(-1)
    text = f"{abs(value)}" + draw(st.sampled_from(["", "0", "00", "0" * 20]))
    if value == value.to_integral_value() and draw(st.booleans()):
        text = text.partition(".")[0]
    if text.startswith("0.") and draw(st.booleans()):
        text = text[1:]
    return ("-" if value < 0 else draw(st.sampled_from(["", "+", "-"] if value == 0 else ["", "+"]))) + text


@settings(max_examples=200, deadline=None)
@given(cells=st.lists(decimals(), min_size=6, max_size=6))
@example(cells=["9007199254740993", "0.1", "-0", "123456789012345678", "99999999.9999999", "1234567.1234567"])
def test_numbers_are_the_nearest_doubles(folder, cells):
    product = forge.product(n_points=6)
    for row, cell in enumerate(cells, 1):
        product["mean_velocity", row] = cell
    path = product.write_csv(folder)
    if any(float(cell) == -9999 for cell in cells):
        with pytest.raises(SourceError, match="nodata"):
            read(path)
        return
    values = read(path)["mean_velocity"].to_pylist()
    assert [value.hex() for value in values] == [(float(cell) + 0.0).hex() for cell in cells]


@settings(max_examples=200, deadline=None)
@given(cells=st.lists(displacements() | st.sampled_from(["", "NaN", "Null"]), min_size=16, max_size=16))
def test_displacements_are_exact(folder, cells):
    product = forge.product(n_points=2)
    n_metadata = len(product.columns) - 8
    product.rows = [product.rows[row][:n_metadata] + cells[8 * row : 8 * row + 8] for row in range(2)]
    found = [value for row in read(product.write_csv(folder))["displacements"].to_pylist() for value in row]
    assert found == [None if cell.lower() in MISSING else int(Decimal(cell) * 10) for cell in cells]


@settings(max_examples=400, deadline=None)
@given(
    cell=decimals(most_whole=25) | st.text("0123456789+-.eEnaif ", max_size=12), position=st.integers(0, 7)
)
@example(cell="3276.8", position=0)
@example(cell="0.10000000000000000000001", position=7)
@example(cell="922337203685477580.8", position=3)
@example(cell="1844674407370955161.6", position=3)
def test_any_displacement_is_exact_or_refused(folder, cell, position):
    product = forge.product(n_points=1)
    product[product.columns[position - 8], 1] = cell
    path = product.write_csv(folder)
    tenths = tenths_of(cell)
    if tenths == "wrong":
        with pytest.raises(SourceError):
            read(path)
    else:
        assert read(path)["displacements"][0].as_py()[position] == tenths


def tenths_of(cell):
    """Return what a cell says in 0.1 mm, None if it is missing, or `wrong`."""
    if cell.lower() in MISSING:
        return None
    plain = cell.removeprefix("-") if cell.startswith("-") else cell.removeprefix("+")
    whole, _, fraction = plain.partition(".")
    if not (whole + fraction).isdigit() or len(whole) > MOST_DIGITS:
        return "wrong"
    tenths = Decimal(cell) * 10
    is_right = abs(tenths) <= 32767 and tenths == tenths.to_integral_value() and not fraction[1:].strip("0")
    return int(tenths) if is_right else "wrong"


@settings(max_examples=100, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=40),
    level=st.sampled_from(["L2a", "L2b", "L3"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    final=st.booleans(),
)
def test_rows_do_not_depend_on_how_the_text_is_cut(folder, sizes, level, line_end, final):
    product = forge.product(level=level, n_points=9, seed=3)
    product.line_end, product.final_line_end = line_end, final
    text = product.text.encode()
    path = product.write_csv(folder)
    expected = read(path)
    source = open_source(path)
    layout = source.header.layout(source.pid_prefix, (17, 45) if level == "L3" else (-1, -1))
    pieces = []
    for size in sizes:
        pieces.append(text[:size])
        text = text[size:]
    batches = RowReader("cut", source.header, layout).read([*(piece for piece in pieces if piece), text])
    assert pa.Table.from_batches(batches, ROWS_SCHEMA).equals(expected)


BYTES = b"0123456789.,-+;\n\r\"' eEnaNif\0\xff\xc3xZ/_"
MUTATION = st.tuples(
    st.sampled_from(["replace", "insert", "delete", "double", "cut"]), st.floats(0, 1), st.sampled_from(BYTES)
)


def mutate(content, mutations):
    for kind, place, byte in mutations:
        at = int(place * (len(content) - 1))
        piece = content[at : at + 1]
        new = {
            "replace": bytes([byte]),
            "insert": bytes([byte]) + piece,
            "delete": b"",
            "double": piece * 2,
        }.get(kind)
        content = content[:at] if kind == "cut" else content[:at] + new + content[at + 1 :]
        if not content:
            break
    return content


@settings(max_examples=500, deadline=None)
@given(level=st.sampled_from(["L2a", "L2b", "L3"]), mutations=st.lists(MUTATION, min_size=1, max_size=4))
def test_a_spoiled_csv_is_read_as_duckdb_reads_it_or_refused(folder, level, mutations):
    product = forge.product(level=level, n_points=4)
    path = product.write_csv(folder)
    path.write_bytes(mutate(path.read_bytes(), mutations))
    try:
        found = read(path).to_pylist()
    except SourceError as error:
        assert "\n" not in str(error)
        return
    assert found == read_with_duckdb(path)


def read_with_duckdb(path):
    """Return the rows as the reader should: cells split by DuckDB, numbers made by Python."""
    # DuckDB refuses line ends of two kinds in one file; the reader takes each line as it comes.
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").rstrip(b"\r\n") + b"\n")
    line = path.read_bytes().partition(b"\n")[0].decode("utf-8-sig")
    header = read_header(path.name, line, "")
    columns = {f"{name}@{position}": "VARCHAR" for position, name in enumerate(header.columns)}
    relation = duckdb.sql(
        f"from read_csv('{path}', auto_detect = false, header = true, delim = '{header.delimiter}', "
        f"quote = '', escape = '', nullstr = '\x01', columns = {columns})"
    )
    return [_expected_row(header, number, cells) for number, cells in enumerate(relation.fetchall(), 1)]


def _expected_row(header, number, cells):
    row = dict.fromkeys(ROWS_SCHEMA.names) | {"source_row": number, "displacements": []}
    for name, cell in zip(header.columns, cells, strict=True):
        missing = cell is None or cell.lower() in MISSING
        if name in header.epoch_columns:
            row["displacements"].append(None if missing else int(Decimal(cell) * 10))
        elif name == "pid":
            row["pid"] = cell
        elif name not in header.unknown:
            row[name] = None if missing else float(cell)
    return row


@settings(max_examples=300, deadline=None)
@given(mutations=st.lists(MUTATION, min_size=1, max_size=4))
def test_a_spoiled_zip_is_read_as_before_or_refused(folder, mutations):
    product = forge.product(n_points=4)
    path = product.write_zip(folder)
    expected = read(path)
    path.write_bytes(mutate(path.read_bytes(), mutations))
    try:
        found = read(path)
    except SourceError as error:
        assert "\n" not in str(error)
        return
    assert found.equals(expected)


@settings(max_examples=300, deadline=None)
@given(mutations=st.lists(MUTATION, min_size=1, max_size=4))
def test_a_spoiled_xml_is_read_or_refused(folder, mutations):
    product = forge.product(n_points=1)
    path = product.write_csv(folder)
    path.with_suffix(".xml").write_bytes(mutate(product.xml.encode(), mutations))
    try:
        row = open_source(path).file_table().to_pylist()[0]
    except SourceError as error:
        assert "\n" not in str(error)
        return
    assert (row["level"], row["track"], row["burst"], row["facility_code"]) == ("L2b", 22, 845, 1)
