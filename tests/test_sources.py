"""The reader on the real files of Ustica: every cell against DuckDB's own csv reader."""

import datetime
import zipfile

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from egmsql.sources import FILE_SCHEMA, ROWS_SCHEMA, open_source

DESCENDING = "EGMS_L2b_022_0845_IW2_VV_2020_2024_1"
ASCENDING = "EGMS_L2b_117_0227_IW2_VV_2020_2024_1"
EAST = "EGMS_L3_E45N17_100km_E_2020_2024_1"
PRODUCTS = (DESCENDING, ASCENDING, EAST)


def read(source):
    return pa.Table.from_batches(source.batches(), ROWS_SCHEMA)


def unzip(ustica, product, folder):
    with zipfile.ZipFile(ustica / f"{product}.zip") as archive:
        archive.extract(f"{product}.csv", folder)
        archive.extract(f"{product}.xml", folder)
    return folder / f"{product}.csv"


@pytest.mark.parametrize(
    ("product", "n_rows", "n_epochs", "first", "last", "csv_bytes"),
    [
        (DESCENDING, 11_590, 210, (2020, 1, 3), (2024, 12, 25), 13_593_419),
        (ASCENDING, 11_759, 207, (2020, 1, 3), (2024, 12, 31), 13_260_467),
        (EAST, 522, 304, (2020, 1, 3), (2024, 12, 25), 800_140),
    ],
)
def test_counts_and_epochs(ustica, product, n_rows, n_epochs, first, last, csv_bytes):
    source = open_source(ustica / f"{product}.zip")
    assert (source.product, source.csv_bytes, source.notes) == (product, csv_bytes, [])
    assert len(source.epochs) == n_epochs
    assert (source.epochs[0], source.epochs[-1]) == (datetime.date(*first), datetime.date(*last))
    table = read(source)
    table.validate(full=True)
    assert table.schema == ROWS_SCHEMA
    assert table["source_row"].to_pylist() == list(range(1, n_rows + 1))


def test_first_rows(ustica):
    row = next(open_source(ustica / f"{DESCENDING}.zip").batches()).slice(0, 1).to_pylist()[0]
    assert row["displacements"][:6] == [-10, -17, -27, 8, -2, -1]
    assert {
        name: row[name] for name in ("pid", "mp_type", "latitude", "easting", "line", "rmse", "rmse_ts")
    } == {
        "pid": "166ax5Ofja",
        "mp_type": 0,
        "latitude": 38.690708,
        "easting": 4598603.43,
        "line": 1217,
        "rmse": None,
        "rmse_ts": 2.4,
    }
    row = next(open_source(ustica / f"{EAST}.zip").batches()).slice(0, 1).to_pylist()[0]
    assert (row["pid"], row["line"], row["gnss_velocity_u"]) == ("10LDTjEkDv", None, -1.5)


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_cell_equals_duckdb(ustica, tmp_path, product):
    path = unzip(ustica, product, tmp_path)
    source = open_source(ustica / f"{product}.zip")
    table = read(source)
    names = path.read_text().partition("\n")[0].split(",")
    types = dict.fromkeys(names, "DOUBLE") | {"pid": "VARCHAR"}
    expected = duckdb.read_csv(str(path), header=True, columns=types, auto_detect=False).to_arrow_table()
    metadata = [name for name in names if not name.isdigit()]
    for name in metadata:
        got = table[name].cast(pa.float64()) if name != "pid" else table[name]
        assert got.combine_chunks().equals(expected[name].combine_chunks()), name
    absent = set(ROWS_SCHEMA.names) - set(metadata) - {"source_row", "displacements"}
    assert absent and all(table[name].null_count == table.num_rows for name in absent)
    series = np.array([[round(value * 10) for value in column] for column in _columns(expected, names)]).T
    assert np.array_equal(np.array(table["displacements"].to_pylist()), series)


def _columns(table, names):
    return [table[name].to_pylist() for name in names if name.isdigit()]


@pytest.mark.parametrize("product", PRODUCTS)
def test_numbers_share_memory_and_have_no_masks(ustica, product):
    batch = next(open_source(ustica / f"{product}.zip").batches())
    elements = batch.column("displacements").values
    assert elements.null_count == 0 and elements.buffers()[0] is None
    assert batch.column("mean_velocity").buffers()[0] is None


@pytest.mark.parametrize("product", PRODUCTS)
def test_zip_and_csv_are_the_same(ustica, tmp_path, product):
    bare, zipped = open_source(unzip(ustica, product, tmp_path)), open_source(ustica / f"{product}.zip")
    assert bare.csv_identity == zipped.csv_identity
    assert bare.content == zipped.content
    assert read(bare).equals(read(zipped))
    bare_row, zipped_row = bare.file_table().to_pylist()[0], zipped.file_table().to_pylist()[0]
    differing = {name for name in bare_row if bare_row[name] != zipped_row[name]}
    assert differing == {"file_name", "md5"}


def test_without_xml_the_content_differs_but_not_the_csv(ustica, tmp_path):
    path = unzip(ustica, EAST, tmp_path)
    path.with_suffix(".xml").unlink()
    bare, zipped = open_source(path), open_source(ustica / f"{EAST}.zip")
    assert bare.csv_identity == zipped.csv_identity
    assert bare.content == f"{bare.csv_identity}--"
    assert zipped.content != bare.content
    assert any("no XML" in note for note in bare.notes)


def test_file_table(ustica):
    table = open_source(ustica / f"{DESCENDING}.zip").file_table()
    assert table.schema == FILE_SCHEMA and table.num_rows == 1
    row = table.to_pylist()[0]
    assert len(row.pop("epochs")) == 210
    assert [image[:26] for image in row.pop("reference_images")] == ["S1B_IW_SLC__1SDV_20190731T"] * 3
    assert row == {
        "product": DESCENDING,
        "replacement_key": "EGMS_L2b_022_0845_IW2_VV_2020_2024",
        "level": "L2b",
        "track": 22,
        "burst": 845,
        "swath": 2,
        "polarisation": "VV",
        "tile": None,
        "component": "LOS",
        "release": "2020_2024",
        "delivery": 1,
        "facility_code": 1,
        "production_date": datetime.date(2025, 11, 6),
        "dem": "COPDEM",
        "gnss": "2.0",
        "n_dataset_images": 606,
        "sce": None,
        "corine": None,
        "clusters": None,
        "header": "new",
        "file_name": f"{DESCENDING}.zip",
        "md5": "2a8ee1a543a08974d9c06fe8d978fec5",
        "csv_bytes": 13_593_419,
        "csv_crc32": "fdb63b55",
        "unknown_columns": [],
    }


def test_file_table_of_a_tile(ustica):
    row = open_source(ustica / f"{EAST}.zip").file_table().to_pylist()[0]
    assert (row["level"], row["tile"], row["component"], row["track"]) == ("L3", "E45N17", "E", None)
    assert (row["reference_images"], row["n_dataset_images"]) == (None, None)
    assert (row["dem"], row["facility_code"]) == ("COP-DEM_GLO-30/2020_1", 1)


def test_progress_adds_up_to_the_csv(ustica):
    source = open_source(ustica / f"{ASCENDING}.zip")
    done = []
    for _ in source.batches(done.append):
        pass
    assert sum(done) == source.csv_bytes and min(done) > 0


def test_a_reader_can_be_closed_in_the_middle_and_started_again(ustica):
    source = open_source(ustica / f"{DESCENDING}.zip")
    batches = source.batches()
    first = next(batches)
    batches.close()
    assert next(source.batches()).equals(first)


def test_batches_keep_their_values_when_more_are_read(ustica, tmp_path):
    with zipfile.ZipFile(ustica / f"{EAST}.zip") as archive:
        header, _, rows = archive.read(f"{EAST}.csv").partition(b"\n")
    path = tmp_path / f"{EAST}.csv"
    path.write_bytes(header + b"\n" + rows * 60)
    batches = list(open_source(path).batches())
    assert len(batches) > 1 and sum(batch.num_rows for batch in batches) == 522 * 60
    table = pa.Table.from_batches(batches)
    one = table.slice(0, 522).drop_columns("source_row").combine_chunks()
    for copy in (1, 30, 59):
        assert table.slice(522 * copy, 522).drop_columns("source_row").combine_chunks().equals(one)
    assert pc.all(pc.equal(table["source_row"], pa.array(range(1, 522 * 60 + 1), pa.int32()))).as_py()


def test_zlib_gives_the_same_rows_as_isal(ustica, monkeypatch):
    import zlib

    from egmsql.sources import archive, delivery

    source = open_source(ustica / f"{EAST}.zip")
    fast = read(source)
    monkeypatch.setattr(archive, "inflater", zlib)
    monkeypatch.setattr(delivery, "inflater", zlib)
    assert read(source).equals(fast)
