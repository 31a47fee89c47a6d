"""Every form of an EGMS file that the reader takes, and that it takes it for the same thing."""

import datetime
import hashlib
import zipfile

import forge
import pyarrow as pa
import pytest

from egmsql.sources import ROWS_SCHEMA, open_source

GENERATIONS = [(level, generation) for level in ("L2a", "L2b", "L3") for generation in ("old", "new")]


def read(path):
    table = pa.Table.from_batches(open_source(path).batches(), ROWS_SCHEMA)
    table.validate(full=True)
    return table


def notes(path):
    return "; ".join(open_source(path).notes)


def assert_cells(table, product):
    """Every cell of the table is what Python makes of the forged text."""
    for position, row in enumerate(table.to_pylist()):
        cells = dict(zip(product.columns, product.rows[position], strict=True))
        series = [round(float(cell) * 10) for name, cell in cells.items() if name.isdigit()]
        expected = dict.fromkeys(ROWS_SCHEMA.names) | {"source_row": position + 1, "displacements": series}
        for name, cell in cells.items():
            if not name.isdigit():
                expected[name] = cell if name == "pid" else float(cell)
        assert row == expected


@pytest.mark.parametrize("padded", [False, True], ids=["shortest", "padded"])
@pytest.mark.parametrize(("level", "generation"), GENERATIONS)
def test_every_header_generation(tmp_path, level, generation, padded):
    product = forge.product(level=level, generation=generation, n_points=12, padded=padded)
    path = product.write_zip(tmp_path)
    assert_cells(read(path), product)
    source = open_source(path)
    row = source.file_table().to_pylist()[0]
    assert (source.notes, row["level"], row["header"]) == ([], level, generation)
    assert source.product == product.stem


@pytest.mark.parametrize(("level", "generation"), GENERATIONS)
def test_a_bare_csv_is_the_same_as_the_zip(tmp_path, level, generation):
    product = forge.product(level=level, generation=generation)
    bare, zipped = product.write_csv(tmp_path), product.write_zip(tmp_path)
    assert read(bare).equals(read(zipped))
    assert open_source(bare).content == open_source(zipped).content


@pytest.mark.parametrize("suffix", ["zip", "csv"])
def test_suffixes_in_capitals(tmp_path, suffix):
    product = forge.product()
    path = product.write_zip(tmp_path) if suffix == "zip" else product.write_csv(tmp_path)
    capital = path.rename(path.with_suffix(f".{suffix.upper()}"))
    assert open_source(capital).product == product.stem
    assert_cells(read(capital), product)


@pytest.mark.parametrize(
    ("generation", "dates", "release"),
    [
        ("old", [datetime.date(2015, 2, 20), datetime.date(2021, 12, 30)], "2015_2021"),
        ("old", [datetime.date(2016, 1, 5), datetime.date(2020, 12, 30)], "2015_2020"),
        ("old", [datetime.date(2018, 1, 5), datetime.date(2022, 12, 30)], "2018_2022"),
    ],
)
def test_names_without_release(tmp_path, generation, dates, release):
    path = forge.write_zip(tmp_path, generation=generation, dates=dates, release=None)
    source = open_source(path)
    row = source.file_table().to_pylist()[0]
    assert source.product == "EGMS_L2b_022_0845_IW2_VV"
    assert (row["release"], row["delivery"], source.name.release) == (release, None, None)
    assert any(release in note for note in source.notes)


@pytest.mark.parametrize("begin", ["", "\ufeff"], ids=["", "bom"])
@pytest.mark.parametrize("final_line_end", [True, False])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("level", ["L2b", "L3"])
def test_line_ends_and_byte_order_mark(tmp_path, level, line_end, final_line_end, begin):
    product = forge.product(level=level)
    product.line_end, product.final_line_end, product.begin = line_end, final_line_end, begin
    assert_cells(read(product.write_csv(tmp_path)), product)


@pytest.mark.parametrize("blank", ["\n", "\r\n\r\n", "\n\n\n"])
def test_blank_lines_at_the_end(tmp_path, blank):
    product = forge.product()
    path = product.write_csv(tmp_path)
    path.write_text(product.text + blank, newline="")
    assert_cells(read(path), product)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("-0.0", 0),
        ("+1.5", 15),
        ("7", 70),
        ("-7", -70),
        (".5", 5),
        ("-.5", -5),
        ("0.60", 6),
        ("-2.10", -21),
        ("12.3000000000000000000000", 123),
        ("00012.3", 123),
        ("3276.7", 32767),
        ("-3276.7", -32767),
        ("-3276.70", -32767),
        ("999.9", 9999),
        ("1000.0", 10000),
    ],
)
@pytest.mark.parametrize("position", [0, 3, 7], ids=["first", "middle", "last"])
def test_displacements_in_any_style(tmp_path, cell, value, position):
    product = forge.product(n_points=2)
    epoch = product.epochs[position]
    product[epoch, 2] = cell
    rows = read(product.write_csv(tmp_path)).to_pylist()
    assert rows[1]["displacements"][position] == value


@pytest.mark.parametrize(
    "cell",
    ["0.1", "-0.0", "+3", "5.", ".25", "123456789.123456789", "0.30000000000000004", "38.690708000000001123",
     "9007199254740993", "-179769313486231570.5", "0.0000000000000000000000123"],
)  # fmt: skip
def test_numbers_are_rounded_as_python_does(tmp_path, cell):
    product = forge.product(n_points=2)
    product["mean_velocity", 1] = cell
    value = read(product.write_csv(tmp_path))["mean_velocity"][0].as_py()
    assert value.hex() == (float(cell) + 0.0).hex()  # but -0.0 is 0.0


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "NULL", "NA", "None"])
def test_missing_cells(tmp_path, cell):
    product = forge.product(n_points=3)
    for column in ("mean_velocity", "mp_type", product.epochs[0], product.epochs[-1]):
        product[column, 2] = cell
    rows = read(product.write_csv(tmp_path)).to_pylist()
    assert (rows[1]["mean_velocity"], rows[1]["mp_type"]) == (None, None)
    assert [value is None for value in rows[1]["displacements"]] == [True, *[False] * 6, True]
    assert None not in rows[0]["displacements"] + rows[2]["displacements"]
    assert rows[0]["mean_velocity"] is not None


def test_columns_in_any_order(tmp_path):
    product = forge.product()
    expected = read(product.write_csv(tmp_path))
    metadata = [name for name in product.columns if not name.isdigit()]
    epochs = product.epochs
    product.take(
        [*metadata[:3][::-1], *epochs[:2], *metadata[3:][::-1][:5], *epochs[2:], *metadata[3:][::-1][5:]]
    )
    assert read(product.write_csv(tmp_path)).equals(expected)


def test_unknown_columns_are_told_and_left_out(tmp_path):
    product = forge.product()
    expected = read(product.write_csv(tmp_path))
    product.add_column("comment", "any text: 1e5", 3).add_column("", "7", 0).add_column("flag", "x")
    path = product.write_csv(tmp_path)
    assert read(path).equals(expected)
    assert open_source(path).file_table()["unknown_columns"].to_pylist() == [["", "comment", "flag"]]
    assert "'comment'" in notes(path) and "'flag'" in notes(path)


def test_a_column_that_is_absent_is_null(tmp_path):
    product = forge.product().drop_columns("los_up", "mp_type")
    table = read(product.write_csv(tmp_path))
    assert table["los_up"].null_count == table["mp_type"].null_count == table.num_rows
    assert table["los_east"].null_count == 0


@pytest.mark.parametrize(
    "name", ["EGMS_L2b_022_0845_IW2_VV_2020_2024_1 (1)", "download", "egms_l2b_022_0845_iw2_vv_2020_2024_1"]
)
def test_renamed_zips_are_known_by_the_csv_in_them(tmp_path, name):
    product = forge.product()
    assert open_source(product.write_zip(tmp_path, name=name)).product == product.stem


@pytest.mark.parametrize(("level", "generation"), [("L2a", "old"), ("L2b", "old"), ("L2b", "new")])
def test_renamed_csvs_are_known_by_their_pids_and_dates(tmp_path, level, generation):
    product = forge.product(level=level, generation=generation, n_points=3)
    path = product.write_csv(tmp_path, name="points")
    assert open_source(path).name.key == product.stem.removesuffix("_1")
    assert product.stem.removesuffix("_1") in notes(path)


def test_a_renamed_csv_without_xml_is_l2a_by_its_cluster_label(tmp_path):
    product = forge.product(level="L2a", generation="old")
    assert open_source(product.write_csv(tmp_path, name="points", with_xml=False)).name.level == "L2a"


def test_a_renamed_baseline_gets_no_release_into_its_name(tmp_path):
    dates = [datetime.date(2015, 2, 20), datetime.date(2021, 12, 30)]
    product = forge.product(generation="old", dates=dates, release=None)
    assert open_source(product.write_csv(tmp_path, name="points")).product == "EGMS_L2b_022_0845_IW2_VV"


@pytest.mark.parametrize("generation", ["old", "new"])
@pytest.mark.parametrize("level", ["L2b", "L3"])
def test_decimal_comma(tmp_path, level, generation):
    product = forge.product(level=level, generation=generation, padded=True)
    expected = read(product.write_csv(tmp_path))
    path = product.with_decimal_comma().write_csv(tmp_path)
    assert read(path).equals(expected)
    assert "decimal comma" in notes(path)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters(tmp_path, delimiter):
    product = forge.product()
    expected = read(product.write_csv(tmp_path))
    product.delimiter = delimiter
    assert read(product.write_csv(tmp_path)).equals(expected)


def shorten(product):
    """Rename columns as GDAL does when it writes a shapefile."""
    taken = []
    for name in product.columns:
        short = f"D{name}" if name.isdigit() else name[:10]
        if short in taken:
            short = next(
                f"{name[:8]}_{number}" for number in range(1, 9) if f"{name[:8]}_{number}" not in taken
            )
        taken.append(short)
    product.columns = taken
    return product


@pytest.mark.parametrize(("level", "generation"), GENERATIONS)
def test_names_shortened_by_a_shapefile(tmp_path, level, generation):
    product = forge.product(level=level, generation=generation)
    expected = read(product.write_csv(tmp_path))
    path = shorten(product).write_csv(tmp_path)
    assert all(len(name) <= 10 for name in product.columns)
    assert read(path).equals(expected)
    assert "mean_veloc" in notes(path) and "letter before the date" in notes(path)


@pytest.mark.parametrize("order", [("xml", "csv"), ("csv", "xml")])
@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["stored", "deflated"]
)
def test_members_in_any_order_stored_or_deflated(tmp_path, order, compression):
    product = forge.product(level="L3")
    path = product.write_zip(tmp_path, order=order, compression=compression, tiff=b"II*\0" + bytes(999))
    assert_cells(read(path), product)
    assert open_source(path).metadata.dem == "COPDEM"


def test_zip64(tmp_path):
    product = forge.product()
    path = tmp_path / f"{product.stem}.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{product.stem}.csv", "w", force_zip64=True) as member,
    ):
        member.write(product.text.encode())
    assert_cells(read(path), product)


def test_a_zip_made_by_macos_of_a_folder(tmp_path):
    product = forge.product()
    path = tmp_path / f"{product.stem}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._x.csv", b"attributes")
        archive.writestr(f"folder/{product.stem}.csv", product.text)
    assert_cells(read(path), product)
    assert "no XML" in notes(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<track>022</track>", "<track>22</track>"),
        ("<sub_swath>2</sub_swath>", "<sub_swath>IW2</sub_swath>"),
        ("06/11/2025", "6/11/2025"),
        ("<production_facility>1<", "<production_facility> EGEOS <"),
        ("<product_level>L2b", "<product_level>L2B"),
    ],
)
def test_the_xml_is_read_leniently(tmp_path, old, new):
    product = forge.product()
    assert old in product.xml
    product.xml = product.xml.replace(old, new)
    row = open_source(product.write_zip(tmp_path)).file_table().to_pylist()[0]
    assert (row["production_date"], row["facility_code"], row["n_dataset_images"]) == (
        datetime.date(2025, 11, 6),
        1,
        2,
    )
    assert open_source(product.write_zip(tmp_path)).notes == []


def test_elements_that_the_xml_lacks_are_null(tmp_path):
    product = forge.product()
    product.xml = "<BURST><product_level>L2b</product_level><clusters>3</clusters><sce>s</sce></BURST>"
    row = open_source(product.write_zip(tmp_path)).file_table().to_pylist()[0]
    assert (row["clusters"], row["sce"], row["corine"], row["dem"]) == ("3", "s", None, None)
    assert (row["production_date"], row["reference_images"], row["n_dataset_images"]) == (None, None, None)


def test_unreadable_elements_of_the_xml_are_told(tmp_path):
    product = forge.product()
    product.xml = product.xml.replace("06/11/2025", "November").replace(">022<", ">22a<")
    path = product.write_zip(tmp_path)
    assert "production_date" in notes(path) and "track" in notes(path)
    assert open_source(path).file_table()["production_date"].to_pylist() == [None]


def test_an_xml_that_names_another_facility_is_told(tmp_path):
    product = forge.product(facility=3)
    product.xml = product.xml.replace("<production_facility>3", "<production_facility>1")
    path = product.write_zip(tmp_path)
    assert open_source(path).file_table()["facility_code"].to_pylist() == [3]
    assert "facility 1" in notes(path)


@pytest.mark.parametrize("style", ["{md5}  {name}\n", "{md5} *{name}\r\n", "{md5}"])
def test_an_md5_sidecar_is_checked(tmp_path, style):
    path = forge.write_zip(tmp_path)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    path.with_suffix(".md5").write_text(style.format(md5=md5.upper(), name=path.name))
    assert open_source(path).file_table()["md5"].to_pylist() == [md5]


def test_the_md5_of_the_zip_is_not_held_against_the_csv(tmp_path):
    path = forge.write_csv(tmp_path)
    path.with_suffix(".md5").write_text(f"{'0' * 32}  {path.stem}.zip\n")
    assert open_source(path).file_table()["md5"].to_pylist() == [None]


def test_many_batches_are_numbered_through(tmp_path):
    product = forge.product(level="L2b", n_points=20_000)
    batches = list(open_source(product.write_zip(tmp_path)).batches())
    assert len(batches) == 2
    table = pa.Table.from_batches(batches)
    assert table["source_row"].to_pylist() == list(range(1, 20_001))
    assert table["pid"].to_pylist() == [row[0] for row in product.rows]


def test_more_long_cells_than_fit_into_one_call(tmp_path):
    product = forge.product(n_points=5000)
    for row in range(1, 5001):
        product["mean_velocity", row] = f"0.{row:04d}0000000000000123"
    values = read(product.write_csv(tmp_path))["mean_velocity"].to_pylist()
    assert values == [float(f"0.{row:04d}0000000000000123") for row in range(1, 5001)]
