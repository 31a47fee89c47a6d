"""GeoTIFF to rows to slopes: where cells lie, what has no value, and what is refused in one line."""

import math

import duckdb
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, TiffImagePlugin

import egmsql
from egmsql.cli import cli
from egmsql.errors import SettingError
from egmsql.raster import read_raster

WEST, NORTH, STEP = 4_597_000.0, 1_743_000.0, 25.0
AREA, POINT = 1, 2


def geotiff(path, values, crs=3035, raster_type=AREA, nodata=None, step=(STEP, STEP), **options):
    """Write a GeoTIFF whose north-west corner, or first centre, is at WEST, NORTH."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype |= {33550: 12, 33922: 12, 34735: 3, 42113: 2}
    tags[33550] = (*step, 0.0)
    tags[33922] = (0.0, 0.0, 0.0, WEST, NORTH, 0.0)
    tags[34735] = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, raster_type, 3072, 0, 1, crs)
    if nodata is not None:
        tags[42113] = nodata
    Image.fromarray(values).save(path, tiffinfo=tags, **options)
    return path


def plane(slope, aspect, shape=(8, 10)):
    """Return heights of a plane, rows from the north, that falls by `slope` degrees to `aspect`."""
    rows, columns = np.indices(shape) * STEP
    steep, a = math.tan(math.radians(slope)), math.radians(aspect)
    return (500 - steep * (columns * math.sin(a) - rows * math.cos(a))).astype(np.float32)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
@pytest.mark.parametrize(("slope", "aspect"), [(20.0, 270.0), (35.0, 30.0)])
def test_slope_and_aspect_of_a_geotiff(tmp_path, slope, aspect, compression):
    """From the file to the velocity down the slope, as the documentation says it."""
    path = geotiff(tmp_path / "dem.tif", plane(slope, aspect), compression=compression)
    done = CliRunner().invoke(cli, ["raster", str(path), str(tmp_path / "dem.parquet")])
    assert done.exit_code == 0 and done.output.startswith("80 cells of 25 m in ")
    with duckdb.connect() as connection:
        for name in ("terrain", "slope_sensitivity", "slope_velocity"):
            connection.execute(egmsql.load_project().macros[name].text)
        connection.execute(f"create temp table heights as from '{tmp_path}/dem.parquet'")
        rows = connection.execute("from terrain('heights', 25)").fetchnumpy()
        motion = 12 * np.array(
            [
                math.sin(math.radians(aspect)) * math.cos(math.radians(slope)),
                math.cos(math.radians(aspect)) * math.cos(math.radians(slope)),
                -math.sin(math.radians(slope)),
            ]
        )
        look = np.array([-0.622, -0.098, 0.777])
        (found,) = connection.execute(
            "select first(slope_velocity(?, ?, ?, ?, slope, aspect)) from terrain('heights', 25)",
            [float(motion @ look), *look.tolist()],
        ).fetchone()
    assert len(rows["slope"]) == 6 * 8
    assert rows["slope"] == pytest.approx(slope, abs=1e-3) and rows["aspect"] == pytest.approx(
        aspect, abs=1e-3
    )
    assert rows["easting"].min() == WEST + 1.5 * STEP and rows["northing"].max() == NORTH - 1.5 * STEP
    assert found == pytest.approx(12, abs=1e-3)


def test_cells_lie_where_the_file_says(tmp_path):
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    area = read_raster(geotiff(tmp_path / "a.tif", values))
    point = read_raster(geotiff(tmp_path / "p.tif", values, raster_type=POINT))
    assert (area.west, area.north, area.step) == (WEST + 12.5, NORTH - 12.5, 25.0)
    assert (point.west, point.north) == (WEST, NORTH)
    assert np.array_equal(area.values, values)


@pytest.mark.parametrize("kind", [np.float32, np.int32, np.int16, np.uint8])
def test_cells_without_a_value_become_no_rows(tmp_path, kind):
    values = np.array([[1, 99, 3], [4, 5, 99]], dtype=kind)
    path = geotiff(tmp_path / "slope.tif", values, nodata="99")
    out = tmp_path / "slope.parquet"
    done = CliRunner().invoke(cli, ["raster", str(path), str(out), "--column", "slope"])
    assert done.exit_code == 0
    rows = duckdb.sql(f"select easting, northing, slope from '{out}'").fetchall()
    x, y = WEST + 12.5, NORTH - 12.5
    assert rows == [(x, y, 1), (x + 50, y, 3), (x, y - 25, 4), (x + 25, y - 25, 5)]
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"crs": 4326}, "is not in EPSG:3035; bring it there: gdalwarp -t_srs EPSG:3035"),
        ({"step": (25.0, 30.0)}, "has cells that are turned or not square"),
    ],
)
def test_what_lies_otherwise_is_refused(tmp_path, options, said):
    path = geotiff(tmp_path / "dem.tif", plane(10, 90), **options)
    with pytest.raises(SettingError) as error:
        read_raster(path)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_what_is_no_geotiff_is_refused(tmp_path):
    Image.fromarray(np.zeros((4, 4, 3), dtype=np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(np.zeros((4, 4), dtype=np.uint8)).save(tmp_path / "plain.tif")
    (tmp_path / "text.tif").write_text("height\n1\n")
    whole = geotiff(tmp_path / "whole.tif", plane(10, 90)).read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    for name, said in [
        ("a.png", "is no TIFF"),
        ("plain.tif", "is not in EPSG:3035"),
        ("text.tif", "cannot be read"),
        ("cut.tif", "cannot be read"),
        ("none.tif", "is not there"),
    ]:
        with pytest.raises(SettingError, match=said):
            read_raster(tmp_path / name)
    bands = geotiff(tmp_path / "bands.tif", np.zeros((4, 4, 3), dtype=np.uint8))
    with pytest.raises(SettingError, match="more than one band"):
        read_raster(bands)
