"""Every line, cell and header that the reader refuses, and every contradiction of name, XML and pids."""

import datetime

import forge
import pytest

from egmsql.errors import SourceError
from egmsql.sources import open_source

# Lines


def test_header_only(tmp_path):
    product = forge.product()
    product.rows = []
    assert forge.refusal(product.write_csv(tmp_path)).wrong == "it has a header but no rows"


@pytest.mark.parametrize("level", ["L2b", "L3"])
def test_a_csv_cut_in_its_last_line(tmp_path, level):
    product = forge.product(level=level, n_points=4)
    path = product.write_csv(tmp_path)
    text = product.text
    begin = text.rindex("\n", 0, len(text) - 1) + 1
    for end in range(begin + 1, len(text) - 1):
        path.write_text(text[:end])
        assert ", row 4" in forge.refusal(path).where, text[begin:end]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("row", [1, 2, 5])
@pytest.mark.parametrize("change", [-1, 1, -20])
def test_a_wrong_number_of_cells(tmp_path, line_end, row, change):
    product = forge.product(n_points=5)
    product.line_end = line_end
    cells = product.rows[row - 1]
    product.rows[row - 1] = cells[:change] if change < 0 else cells + ["1.0"] * change
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where.endswith(f", row {row}")
    assert error.wrong == f"it has {len(cells) + change} cells, the header {len(cells)}"


def test_a_blank_line_in_the_middle(tmp_path):
    product = forge.product(n_points=3)
    product.rows[1] = [""]
    error = forge.refusal(product.write_csv(tmp_path))
    assert (error.where.endswith(", row 2"), error.wrong) == (True, "the line is blank")


def test_nul_bytes(tmp_path):
    product = forge.product(n_points=3)
    product["los_up", 3] = "0.7\0"
    error = forge.refusal(product.write_csv(tmp_path))
    assert (error.where.endswith(", row 3"), error.wrong) == (True, "it holds NUL bytes")


@pytest.mark.parametrize("column", ["pid", "mean_velocity", "comment"])
@pytest.mark.parametrize("row", [1, 3])
def test_quoted_cells(tmp_path, column, row):
    product = forge.product(n_points=3).add_column("comment", "fine")
    product[column, row] = f'"{product[column, row]}"'
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where.endswith(f", row {row}") and error.wrong == "it has quoted cells"


def test_a_quoted_header(tmp_path):
    product = forge.product().rename(pid='"pid"')
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.wrong == "the header has quotes" and "without quotes" in error.advice


def test_carriage_returns_alone(tmp_path):
    product = forge.product(n_points=3).add_column("comment", "fine")
    product["comment", 2] = "first\rsecond"
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where.endswith(", row 2, column comment") and "has a carriage return" in error.wrong
    product.line_end = "\r"
    assert "carriage returns" in forge.refusal(product.write_csv(tmp_path)).wrong


def test_a_line_without_end(tmp_path):
    product = forge.product().add_column("comment", "fine")
    product["comment", 4] = "x" * 5_000_000
    assert "a line is longer" in forge.refusal(product.write_csv(tmp_path)).wrong


# Cells


NUMBERS = ["mean_velocity", "latitude", "easting", "line"]


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [
        ("abc", "'abc' is no number"),
        ("1.2.3", "'1.2.3' is no number"),
        ("-", "'-' is no number"),
        (".", "'.' is no number"),
        ("--1.0", "'--1.0' is no number"),
        ("+-1.0", "'+-1.0' is no number"),
        ("1_0.0", "'1_0.0' is no number"),
        ("0x1F", "'0x1F' is no number"),
        ("-nan(1)", "is no number"),
        ("inf", "'inf' is infinite"),
        ("-Infinity", "'-Infinity' is infinite"),
        ("-9999", "'-9999' means nodata"),
        ("-9999.0", "'-9999.0' means nodata"),
        ("-9999.000", "'-9999.000' means nodata"),
        ("1e1", "'1e1' has an exponent"),
        ("-1.5E+00", "has an exponent"),
        (" 1.5", "has an exponent or spaces"),
        ("1.5 ", "has an exponent or spaces"),
        ("9" * 60, "9..."),
        ("\u0661.\u0665", "has an exponent or spaces"),
    ],
)
@pytest.mark.parametrize("level", ["L2b", "L3"])
@pytest.mark.parametrize("place", ["mean_velocity", "first", "middle", "last"])
def test_cells_that_are_no_number(tmp_path, place, level, cell, wrong):
    product = forge.product(level=level, n_points=4)
    column = {"first": product.epochs[0], "middle": product.epochs[4], "last": product.epochs[-1]}.get(
        place, place
    )
    product[column, 3] = cell
    error = forge.refusal(product.write_csv(tmp_path))
    if not cell.isascii():
        assert ", row 3" in error.where
        return
    assert error.where.endswith(f", row 3, column {column}")
    assert wrong in error.wrong


@pytest.mark.parametrize("column", NUMBERS)
def test_nodata_in_any_column(tmp_path, column):
    product = forge.product(n_points=4)
    product[column, 4] = "-9999"
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where.endswith(f", row 4, column {column}") and "nodata" in error.wrong
    assert "empty" in error.advice


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [
        ("0.25", "'0.25' has more than one decimal"),
        ("-2.11", "has more than one decimal"),
        ("0.1000000000000000000001", "has more than one decimal"),
        ("0.30000000000000004", "has more than one decimal"),
        ("3276.8", "'3276.8' mm is beyond 3276.7 mm"),
        ("-3276.8", "is beyond"),
        ("-3277", "is beyond"),
        ("9999999999.0", "is beyond"),
        ("999999999999999999", "is beyond"),
        ("1000000000000000000000", "is beyond"),
    ],
)
@pytest.mark.parametrize("position", [0, 5, 7])
def test_displacements(tmp_path, cell, wrong, position):
    product = forge.product(n_points=3)
    column = product.epochs[position]
    product[column, 2] = cell
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where.endswith(f", row 2, column {column}") and wrong in error.wrong


@pytest.mark.parametrize(
    ("column", "cell", "wrong"),
    [
        ("easting", "899999.99", "outside the area of EPSG:3035 (900000 to 7400000)"),
        ("northing", "7400000.01", "outside the area of EPSG:3035"),
        ("easting", "-4598603.43", "outside the area"),
        ("latitude", "13.171103", "outside the area of EPSG:3035 (24.6 to 84.73)"),
        ("longitude", "47.9", "outside the area of EPSG:3035"),
        ("line", "1217.5", "no whole number"),
        ("mp_type", "2147483648", "no whole number of 32 bits"),
    ],
)
def test_values_out_of_bounds(tmp_path, column, cell, wrong):
    product = forge.product(n_points=3)
    product[column, 3] = cell
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where.endswith(f", row 3, column {column}") and wrong in error.wrong


def test_a_decimal_comma_in_a_file_of_decimal_points(tmp_path):
    product = forge.product(n_points=3)
    product.delimiter = ";"
    product["los_up", 2] = "0,795"
    assert "'0,795' is no number" in forge.refusal(product.write_csv(tmp_path)).wrong


# Headers


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda p: p.rename(**{p.epochs[3]: "20200230"}), "'20200230' is no day of the calendar"),
        (lambda p: p.rename(**{p.epochs[3]: p.epochs[2] + ".1"}), "is no date yyyymmdd"),
        (lambda p: p.rename(**{p.epochs[3]: "2020-01-03"}), "is no date yyyymmdd"),
        (
            lambda p: p.rename(**{p.epochs[3]: "D" + p.epochs[2]}),
            f"epoch {forge.epochs()[2]:%Y%m%d} is repeated",
        ),
        (lambda p: p.rename(**{p.epochs[3]: p.epochs[2]}), "stands twice"),
        (lambda p: p.take([*p.columns[:-2], p.columns[-1], p.columns[-2]]), "stands after"),
        (lambda p: p.drop_columns(*p.epochs), "no date column"),
        (lambda p: p.rename(los_east="los_up"), "column 'los_up' stands twice"),
        (lambda p: p.drop_columns("easting"), "lacks easting"),
        (lambda p: p.drop_columns("pixel"), "lacks pixel"),
        (lambda p: p.drop_columns("pid"), "no EGMS csv"),
        (
            lambda p: p.rename(mean_velocity="mean_veloc").drop_columns("mean_velocity_std"),
            "mean_velocity or mean_velocity_std",
        ),
        (
            lambda p: p.rename(mean_velocity="mean_vel_1", mean_velocity_std="mean_veloc"),
            "shortened column names",
        ),
    ],
)
def test_headers(tmp_path, change, wrong):
    product = forge.product()
    change(product)
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where == f"{product.stem}.csv" and wrong in error.wrong


# Contradictions


@pytest.mark.parametrize(
    ("options", "stem", "wrong"),
    [
        ({"track": 23}, "EGMS_L2b_022_0845_IW2_VV_2020_2024_1", "name says track 22"),
        ({"burst": 846}, "EGMS_L2b_022_0845_IW2_VV_2020_2024_1", "name says burst 845"),
        ({"swath": 3}, "EGMS_L2b_022_0845_IW2_VV_2020_2024_1", "name says swath 2"),
        (
            {"polarisation": "VH"},
            "EGMS_L2b_022_0845_IW2_VV_2020_2024_1",
            "polarisation VV, the pid says polarisation VH",
        ),
        ({"level": "L2a"}, "EGMS_L2b_022_0845_IW2_VV_2020_2024_1", "name says L2b, its XML L2a"),
        (
            {"level": "L3", "tile": "E46N17"},
            "EGMS_L3_E45N17_100km_U_2020_2024_1",
            "tile E45N17, the pid says tile E46N17",
        ),
        ({"level": "L3"}, "EGMS_L2b_022_0845_IW2_VV_2020_2024_1", "name says L2b"),
    ],
)
def test_a_name_that_contradicts_the_content(tmp_path, options, stem, wrong):
    product = forge.product(**options)
    assert wrong in forge.refusal(product.write_csv(tmp_path, name=stem)).wrong


def test_a_name_that_contradicts_the_pids_without_xml(tmp_path):
    path = forge.product(track=23).write_csv(tmp_path, "EGMS_L2b_022_0845_IW2_VV_2020_2024_1", with_xml=False)
    error = forge.refusal(path)
    assert error.where.endswith(", row 1") and error.wrong == "its name says track 22, the pid says track 23"


def test_a_zip_that_holds_the_csv_of_another_product(tmp_path):
    product = forge.product()
    path = product.write_zip(tmp_path, name=product.stem.replace("0845", "0846"))
    assert f"it holds {product.stem}.csv" in forge.refusal(path).wrong


def test_an_xml_of_another_burst(tmp_path):
    product = forge.product()
    product.xml = forge.product(burst=846).xml
    assert "name says burst 845, its XML burst 846" in forge.refusal(product.write_zip(tmp_path)).wrong


@pytest.mark.parametrize("row", [1, 2, 40])
def test_a_pid_of_another_burst_in_any_row(tmp_path, row):
    product, other = forge.product(n_points=50), forge.product(n_points=50, burst=846)
    product["pid", row] = other["pid", row]
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where.endswith(f", row {row}") and "burst 846" in error.wrong


@pytest.mark.parametrize("row", [1, 2, 40])
def test_a_pid_of_another_point_in_any_row(tmp_path, row):
    product = forge.product(n_points=50)
    product["pixel", row] = "3999"
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where.endswith(f", row {row}")
    assert (
        error.wrong
        == f"pid {product['pid', row]} says line 1200, pixel {3999 + row}, the columns say 1200, 3999"
    )


@pytest.mark.parametrize("row", [1, 2, 40])
def test_a_pid_of_another_cell_in_any_row(tmp_path, row):
    product = forge.product(level="L3", n_points=50)
    product["easting", row] = str(int(product["easting", row]) + 100)
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where.endswith(f", row {row}") and "says the cell at easting" in error.wrong


def test_a_cell_of_another_tile(tmp_path):
    product, other = (
        forge.product(level="L3", n_points=5),
        forge.product(level="L3", n_points=5, tile="E46N17"),
    )
    product.rows[3] = other.rows[3]
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where.endswith(", row 4") and "outside the tile" in error.wrong


def test_an_l3_pid_of_another_facility(tmp_path):
    product, other = forge.product(level="L3"), forge.product(level="L3", facility=2)
    product["pid", 3] = other["pid", 3]
    error = forge.refusal(product.write_csv(tmp_path))
    assert error.where.endswith(", row 3") and "another facility" in error.wrong


@pytest.mark.parametrize("pid", ["166ax5Ofj", "166ax5Ofjaa", "166ax5Ofj-", "", "166ax5Ofj\u00e9"])
@pytest.mark.parametrize("row", [1, 3])
def test_pids_that_are_none(tmp_path, pid, row):
    product = forge.product(n_points=3)
    product["pid", row] = pid
    error = forge.refusal(product.write_csv(tmp_path))
    assert f", row {row}" in error.where and "is no pid of 10 base-62 characters" in error.wrong


def test_dates_may_be_any_but_must_rise(tmp_path):
    dates = [datetime.date(2024, 2, 29), datetime.date(2024, 2, 29)]
    assert "stands twice" in forge.refusal(forge.product(dates=dates).write_csv(tmp_path)).wrong


def test_rows_before_a_wrong_one_in_a_later_batch_are_still_given(tmp_path):
    product = forge.product(n_points=20_000)
    product["mean_velocity", 19_000] = "x"
    batches = open_source(product.write_zip(tmp_path)).batches()
    assert next(batches).num_rows < 19_000
    with pytest.raises(SourceError, match="row 19000, column mean_velocity"):
        next(batches)
