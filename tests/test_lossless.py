"""Every cell of the delivered files can be made again from the lake."""

import csv
import io
import zipfile

import pytest

import egmsql

NAMES = (
    "EGMS_L2b_022_0845_IW2_VV_2020_2024_1",
    "EGMS_L2b_117_0227_IW2_VV_2020_2024_1",
    "EGMS_L3_E45N17_100km_E_2020_2024_1",
)
N_POINTS = {NAMES[0]: 11_590, NAMES[1]: 11_759, NAMES[2]: 522}
N_EPOCHS = {NAMES[0]: 210, NAMES[1]: 207, NAMES[2]: 304}


def delivered(folder, name):
    """Return the delivered header and rows, as text cells; `-0.0` as `0.0`: the one sign the lake loses."""
    with zipfile.ZipFile(folder / f"{name}.zip") as archive:
        text = archive.read(f"{name}.csv").decode()
    header, *rows = csv.reader(io.StringIO(text))
    return header, [["0.0" if cell == "-0.0" else cell for cell in row] for row in rows]


def rebuilt(lake, name, header):
    """Return the rows of one product made from the lake alone, in delivered order, as text cells."""
    columns = [column for column in header if not column.isdigit()]
    query = f"""
        select {", ".join(f'points."{c}"' for c in columns)}, displacements
        from observed.points as points
        inner join series.displacement using (pid, product)
        where product = ? order by source_row
    """
    with egmsql.connect(lake) as connection:
        rows = connection.execute(query, [name]).fetchall()
    whole = ("easting", "northing") if "_L3_" in name else ()
    return [
        [str(int(v)) if c in whole else str(v) for c, v in zip(columns, row, strict=False)] + mm(row[-1])
        for row in rows
    ]


def mm(displacements):
    """Return displacements in 0.1 mm as text in mm with one decimal."""
    return [f"{'-' if d < 0 else ''}{abs(d) // 10}.{abs(d) % 10}" for d in displacements]


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_of_a_real_file_comes_back(ustica, real_lake, name):
    header, rows = delivered(ustica, name)
    again = rebuilt(real_lake, name, header)
    assert len(rows) == N_POINTS[name]
    assert len(header) - sum(not c.isdigit() for c in header) == N_EPOCHS[name]
    differing = [
        (r, c) for r, (a, b) in enumerate(zip(rows, again, strict=True)) for c, x in enumerate(a) if x != b[c]
    ]
    assert differing == []


@pytest.mark.parametrize("name", NAMES)
def test_the_epochs_are_those_of_the_header(ustica, real_lake, name):
    header, _ = delivered(ustica, name)
    with egmsql.connect(real_lake) as connection:
        (epochs,) = connection.execute(
            "select [strftime(e, '%Y%m%d') for e in epochs] from observed.products where product = ?", [name]
        ).fetchone()
    assert epochs == [column for column in header if column.isdigit()]


def test_products_carry_what_the_xml_and_the_name_say(real_lake):
    with egmsql.connect(real_lake) as connection:
        rows = connection.execute(
            "select product, level, track, burst, swath, polarisation, component, tile, release, delivery, direction,"
            " facility, production_date::varchar, dem, gnss, header from observed.products order by product"
        ).fetchall()
    assert rows == [
        (NAMES[0], "L2b", 22, 845, 2, "VV", "LOS", None, "2020_2024", 1, "descending", "EGEOS", "2025-11-06",
         "COPDEM", "2.0", "new"),
        (NAMES[1], "L2b", 117, 227, 2, "VV", "LOS", None, "2020_2024", 1, "ascending", "EGEOS", "2025-11-07",
         "COP-DEM_GLO-30/2020_1", "2.0", "new"),
        (NAMES[2], "L3", None, None, None, None, "E", "E45N17", "2020_2024", 1, None, "EGEOS", "2025-11-11",
         "COP-DEM_GLO-30/2020_1", "2.0", "new"),
    ]  # fmt: skip


def test_the_md5_of_the_sidecar_is_kept(ustica, real_lake):
    with egmsql.connect(real_lake) as connection:
        found = dict(connection.execute("select product, md5 from observed.products").fetchall())
    assert found == {name: (ustica / f"{name}.md5").read_text().split()[0] for name in NAMES}
