"""Simulated files: names, headers, cells, archives and XML are EGMS's; impossible wishes are refused."""

import datetime
import hashlib
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import ROOT
from simulated import HEADERS, NEW, File, assert_published, content, digests

from egmsql import pids
from egmsql.errors import SettingError
from egmsql.simulator import areas, simulate, text, truth
from egmsql.simulator.delivery import ZippedDelivery, pack
from egmsql.simulator.epochs import absolute_orbit
from egmsql.sources import open_source


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """An ascending and a descending burst of L2b."""
    folder = tmp_path_factory.mktemp("pair")
    return [File(path) for path in simulate(folder, points=2_000, seed=5, products=2)]


@pytest.fixture(scope="module")
def tile(tmp_path_factory):
    """Both components of one L3 tile."""
    folder = tmp_path_factory.mktemp("tile")
    return [File(path) for path in simulate(folder, points=3_000, seed=5, levels="L3", releases="2020_2024")]


@pytest.mark.parametrize("level", ["L2a", "L2b"])
@pytest.mark.parametrize("suffix", [True, False])
def test_every_pid_decodes_to_the_name_and_the_cell(tmp_path, level, suffix):
    for path in simulate(tmp_path, points=1_000, products=2, levels=level, suffix=suffix):
        file = File(path)
        assert file.name.level == level
        assert (file.name.release, file.name.version) == (("2020_2024", 1) if suffix else (None, None))
        expected = {name: getattr(file.name, name) for name in ("track", "burst", "swath", "polarisation")}
        for pid, line, pixel in zip(file["pid"], file["line"], file["pixel"], strict=True):
            decoded = pids.decode_l2(pid)
            assert decoded == {"facility": 1, **expected, "line": int(line), "pixel": int(pixel)}


def test_every_pid_of_a_tile_decodes_to_its_cell(tile):
    for file in tile:
        east, north = (int(part) * 100_000 for part in re.findall(r"\d+", file.name.tile))
        for pid, easting, northing in zip(file["pid"], file["easting"], file["northing"], strict=True):
            corner = {"easting": int(easting) - 50, "northing": int(northing) - 50}
            assert pids.decode_l3(pid) == {"facility": 1, **corner}
            assert east < int(easting) < east + 100_000 and north < int(northing) < north + 100_000


def test_east_and_up_of_a_tile_describe_the_same_cells(tile):
    east, up = tile
    assert (east.name.component, up.name.component) == ("E", "U")
    for name in ("pid", "easting", "northing", "height_ortho", "gnss_velocity_n", "gnss_velocity_u"):
        assert east[name] == up[name]
    assert east["pid"] == sorted(east["pid"])
    assert east.epochs == up.epochs
    assert east["mean_velocity"] != up["mean_velocity"]


def test_a_component_alone_is_the_file_it_is_beside_the_other(tile, tmp_path):
    for file in tile:
        component = file.name.component
        (alone,) = simulate(
            tmp_path / component, points=3_000, seed=5, levels="L3", releases=NEW, component=component
        )
        assert alone.read_bytes() == file.path.read_bytes()


def test_pids_are_unique_and_inside_the_burst(pair):
    for file in pair:
        assert len(set(file["pid"])) == len(file.rows) > 800
        assert file.numbers("line").min() >= 0 and file.numbers("line").max() < 1_470
        assert file.numbers("pixel").min() >= 0 and file.numbers("pixel").max() < 24_400


# Files


@pytest.mark.parametrize(("level", "header"), HEADERS)
def test_each_header_generation_has_exactly_its_columns(tmp_path, level, header):
    for path in simulate(tmp_path, points=400, levels=level, releases=NEW, tracks=2, header=header):
        file = File(path)
        n_columns = len(file.header) - len(file.epochs)
        assert file.header[:n_columns] == HEADERS[level, header]
        assert all(re.fullmatch(r"\d{8}", name) for name in file.header[n_columns:])
        assert {len(row) for row in file.rows} == {len(file.header)}


DECIMALS = {
    **dict.fromkeys(("mp_type", "line", "pixel", "cluster_label"), 0),
    **dict.fromkeys(("latitude", "longitude"), 6),
    **dict.fromkeys(("easting", "northing", "incidence_angle", "track_angle"), 2),
    **dict.fromkeys(("acceleration", "acceleration_std", "temporal_coherence", "amplitude_dispersion"), 2),
    **dict.fromkeys(("los_east", "los_north", "los_up"), 3),
}


@pytest.mark.parametrize("decimals", ["shortest", "padded"])
def test_cells_have_the_decimals_of_their_column(tmp_path, decimals):
    for path in simulate(tmp_path, points=1_000, products=2, levels="L2a", header="old", decimals=decimals):
        file = File(path)
        for name in file.header[1:]:
            n = DECIMALS.get(name, 1)
            if decimals == "padded":
                pattern = rf"-?\d+\.\d{{{n}}}"
            else:
                pattern = rf"-?\d+\.(?:\d|\d{{2,{max(n, 2)}}}(?<!0))"
            pattern = r"\d+" if n == 0 else pattern
            wrong = [cell for cell in file[name] if not re.fullmatch(pattern, cell)]
            assert not wrong, (name, wrong[:3])
        assert "\r" not in file.text and file.text.endswith("\n") and '"' not in file.text


def test_what_rounds_to_zero_from_below_keeps_its_sign(pair):
    cells = Counter(cell for file in pair for row in file.rows for cell in row[-len(file.epochs) :])
    assert cells["-0.0"] > 100 and cells["0.0"] > 100


@pytest.mark.parametrize("padded", [True, False])
def test_numbers_become_the_text_that_python_writes(padded):
    rng = np.random.default_rng(2)
    exact = [0.0, 9.5, 10.0, 99.9, 100.0, -123.4, 3276.7]
    shown = np.array([exact, *rng.integers(-5_000, 5_000, (50, 7)) / 10]).astype(np.float32)
    values = np.array([[0.1, 3.4, 12345.0, 0.123456], [-0.04, -3.456, 7.0, -38.690708]])
    values = np.tile(values, (26, 1))[: len(shown)]
    decimals = np.array([1, 2, 0, 6])
    pid = np.tile(np.frombuffer(b"10LDTjEkDv", dtype=np.uint8), (len(shown), 1))
    lines = text.format_rows(pid, values, decimals, shown, padded).tobytes().decode().splitlines()
    assert len(lines) == len(shown)
    metadata = ["0.1,3.40,12345,0.123456", "-0.0,-3.46,7,-38.690708"]
    for number, line in enumerate(lines):
        expected = metadata[number % 2] if padded else metadata[number % 2].replace("3.40", "3.4")
        assert line == f"10LDTjEkDv,{expected}," + ",".join(f"{value:.1f}" for value in shown[number])


def test_a_displacement_that_the_lake_cannot_hold_is_never_written():
    pid, nothing = np.full((1, 10), ord("0"), dtype=np.uint8), np.empty((1, 0))
    for value in (3276.8, -3276.8, np.inf):
        with pytest.raises(ValueError, match="larger than"):
            text.format_rows(
                pid, nothing, np.empty(0, dtype=int), np.array([[value]], dtype=np.float32), True
            )


def test_zips_are_flat_whole_and_ageless(pair):
    for file in pair:
        with zipfile.ZipFile(file.path) as archive:
            assert archive.testzip() is None
            assert archive.namelist() == [f"{file.path.stem}.xml", f"{file.path.stem}.csv"]
            for member in archive.infolist():
                assert member.compress_type == zipfile.ZIP_DEFLATED
                assert member.date_time == (1980, 1, 1, 0, 0, 0)
                assert member.compress_size < 0.5 * member.file_size


@pytest.mark.parametrize("is_large", [False, True])
def test_both_kinds_of_zip_are_whole(tmp_path, is_large):
    delivery = ZippedDelivery(tmp_path, "EGMS", b"<BURST/>", is_large)
    for piece in (b"pid,\n", b"1,2\n" * 1_000):
        delivery.write(piece, pack(piece))
    delivery.close()
    for file in delivery.files:
        file.publish()
    if shutil.which("unzip"):
        found = subprocess.run(["unzip", "-t", delivery.path], capture_output=True, text=True, check=False)
        assert found.returncode == 0 and "No errors detected" in found.stdout, found
    assert content(delivery.path) == b"pid,\n" + b"1,2\n" * 1_000


def test_md5_sidecars_are_right(pair):
    for file in pair:
        md5 = hashlib.md5(file.path.read_bytes(), usedforsecurity=False).hexdigest()
        assert file.path.with_suffix(".md5").read_bytes() == f"{md5}  {file.path.name}\n".encode()


def test_bare_files_hold_what_the_zip_holds(tmp_path):
    (zipped,) = simulate(tmp_path / "zip", points=20, products=1)
    (bare,) = simulate(tmp_path / "bare", points=20, products=1, compression=False)
    assert content(bare) == content(zipped)
    with zipfile.ZipFile(zipped) as archive:
        assert bare.with_suffix(".xml").read_bytes() == archive.read(f"{zipped.stem}.xml")
    assert {path.suffix for path in (tmp_path / "bare").iterdir()} == {".csv", ".xml", ".parquet"}


def test_the_xml_says_what_the_name_and_the_header_say(pair):
    for file in pair:
        with zipfile.ZipFile(file.path) as archive:
            root = ElementTree.fromstring(archive.read(f"{file.path.stem}.xml"))
        assert root.tag == "BURST"
        said = {tag: root.findtext(tag) for tag in ("product_level", "track", "burst_id", "sub_swath")}
        name = file.name
        assert said == {
            "product_level": "L2b",
            "track": f"{name.track:03d}",
            "burst_id": f"{name.burst:04d}",
            "sub_swath": f"{name.swath}",
        }
        scenes = [element.text for element in root.iterfind("dataset/image/product_id")]
        pattern = r"S1[AB]_IW_SLC__1SDV(_\d{8}T\d{6}){2}_\d{6}_[0-9A-F]{6}_[0-9A-F]{4}"
        assert all(re.fullmatch(pattern, scene) for scene in scenes)
        # The real documents leave out the last date.
        assert sorted({scene[17:25] for scene in scenes}) == file.epochs[:-1]


def test_scenes_have_the_orbit_of_their_track_and_date(pair):
    """Every 12 days a satellite comes back; real scenes tell when and with which number."""
    for date, track, orbit in (
        ("2020-01-03", 117, 30_639),  # Sentinel-1A
        ("2020-01-09", 22, 30_719),
        ("2019-07-31", 117, 28_364),
        ("2019-07-31", 22, 17_373),  # Sentinel-1B
        ("2021-12-17", 117, 30_068),
    ):
        assert absolute_orbit(datetime.date.fromisoformat(date), track) == orbit
    for file in pair:
        with zipfile.ZipFile(file.path) as archive:
            root = ElementTree.fromstring(archive.read(f"{file.path.stem}.xml"))
        for element in root.iterfind("dataset/image/product_id"):
            satellite, day, orbit = element.text[2], element.text[17:25], int(element.text[49:55])
            assert (orbit - {"A": 73, "B": 27}[satellite]) % 175 + 1 == file.name.track
            assert satellite == "A" or day < "20211223"


def test_the_xml_of_a_tile_has_the_bytes_of_a_real_one(tile, ustica):
    real = ustica / "EGMS_L3_E45N17_100km_E_2020_2024_1.zip"
    with zipfile.ZipFile(real) as archive:
        expected = archive.read(f"{real.stem}.xml").replace(b"11/11/2025", b"06/11/2025")
    with zipfile.ZipFile(tile[0].path) as archive:
        assert archive.read(f"{tile[0].path.stem}.xml") == expected


def test_progress_counts_every_byte_of_csv(tmp_path):
    counted = []
    paths = simulate(tmp_path, points=1_200, progress=counted.append)
    assert sum(counted) == sum(len(content(path)) for path in paths)
    assert len(counted) >= 2 * len(paths)


# Missing values


def test_a_tenth_of_the_points_misses_the_share_of_epochs(tmp_path):
    for path in simulate(tmp_path, points=2_000, products=2, missing=0.25):
        file = File(path)
        n_missing = np.isnan(file.series).sum(axis=1)
        assert set(n_missing) == {0, round(0.25 * len(file.epochs))}
        assert 0.06 < (n_missing > 0).mean() < 0.14
        assert_published(file, ["rmse_ts", "seasonality", "acceleration_std", "temporal_coherence"])
        assert (n_missing[::10] > 0).any()  # rows of the refit among them


# The reader


@pytest.mark.parametrize(("level", "header"), HEADERS)
@pytest.mark.parametrize("suffix", [True, False])
@pytest.mark.parametrize("decimals", ["shortest", "padded"])
@pytest.mark.parametrize("compression", [True, False])
def test_the_reader_accepts_every_variant(tmp_path, level, header, suffix, decimals, compression):
    arguments = {
        "levels": level,
        "header": header,
        "suffix": suffix,
        "decimals": decimals,
        "compression": compression,
    }
    for path in simulate(tmp_path, points=600, missing=0.1, releases=NEW, tracks=2, **arguments):
        source, file = open_source(path), File(path)
        rows = [row for batch in source.batches() for row in batch.to_pylist()]
        notes = [] if suffix else ["no release in the name; by its dates it is 2020_2024"]
        assert (source.product, source.notes) == (path.stem, notes)
        assert (source.md5 is not None) == compression
        assert [row["pid"] for row in rows] == file["pid"]
        cells = [cell for row in file.rows for cell in row[-len(file.epochs) :]]
        tenths = [None if cell == "" else round(float(cell) * 10) for cell in cells]
        assert [value for row in rows for value in row["displacements"]] == tenths
        assert [row["mean_velocity"] for row in rows] == pytest.approx(file.numbers("mean_velocity").tolist())


# Arguments


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"points": 0}, "points 0"),
        ({"points": -5}, "points -5"),
        ({"points": 1.5}, "points 1.5"),
        ({"seed": -1}, "seed -1"),
        ({"levels": "L2c"}, "level L2c"),
        ({"header": "newest"}, "header newest"),
        ({"decimals": "many"}, "decimals many"),
        ({"releases": "2020-2024"}, "release 2020-2024"),
        ({"releases": "2024_2020"}, "release 2024_2020"),
        ({"releases": "2010_2012"}, "release 2010_2012"),
        ({"products": 0}, "products 0"),
        ({"points": 2, "products": 3}, "products 3"),
        ({"points": 5_000, "products": 5_000}, "products 5000"),
        ({"suffix": False}, "releases 2018_2022, 2020_2024"),
        ({"tracks": 0}, "tracks 0"),
        ({"tracks": 5}, "tracks 5"),
        ({"component": "U", "levels": "L2b"}, "component U"),
        ({"levels": "L3", "component": "N"}, "component N"),
        ({"points": 20_000_000_000, "products": 1}, "points 20000000000"),
        ({"missing": -0.1}, "missing -0.1"),
        ({"missing": float("nan")}, "missing nan"),
        ({"missing": 0.9}, "missing 0.9"),
        ({"missing": "some"}, "missing some"),
        ({"threads": 0}, "threads 0"),
        ({"threads": "two"}, "threads two"),
    ],
)
def test_impossible_arguments_are_refused_in_one_line(tmp_path, arguments, named):
    with pytest.raises(SettingError) as caught:
        simulate(tmp_path / "out", **arguments)
    assert str(caught.value).startswith(f"{named}: ")
    assert str(caught.value).count(";") == 1 and "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_existing_files_are_never_replaced(tmp_path):
    (path,) = simulate(tmp_path, points=5, products=1)
    before = digests(tmp_path)
    with pytest.raises(SettingError, match="exists already"):
        simulate(tmp_path, points=5, products=1, seed=2)
    path.unlink()
    with pytest.raises(SettingError, match="exists already"):  # the truth still does
        simulate(tmp_path, points=5, levels="L3")
    assert digests(tmp_path).items() < before.items()


def test_a_file_as_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(SettingError):
        simulate(tmp_path / "out", points=5)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_broken_run_leaves_nothing(tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, points=50, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_every_column_of_truth_and_areas_is_documented():
    documented = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    for name in (*truth.SCHEMA.names, *(name for name, _, _ in areas.COLUMNS)):
        assert f"| `{name}` |" in documented, name
