"""The real `duckdb` shell on a lake: opened from anywhere, self-describing, and models run by hand."""

import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import duckdb
import pytest

import egmsql

DUCKDB = shutil.which("duckdb", path=sysconfig.get_path("scripts")) or shutil.which("duckdb")
EGMSQL = [sys.executable, "-c", "from egmsql.cli import main; main()"]
QUESTION = "from features.fits join observed.points using (pid, product) where velocity_mm_yr < -5 limit 5"
PRODUCT = "EGMS_L2b_022_0845_IW2_VV_2020_2024_1"
BY_HAND = [
    "observed.points",
    "observed.products",
    "observed.gaps",
    "series.displacement",
    "features.fits",
]
BOOKKEEPING = [
    "_lake",
    "_models",
    "_columns",
    "_lineage",
    "_udfs",
    "_sources",
    "_files",
    "_runs",
    "_audits",
    "_cluster_changes",
    "_previous_files",
]


def ask(*arguments, cwd, home=None):
    """Return what the plain shell prints, as lines of fields; it must not complain."""
    command = [DUCKDB, "-batch", "-list", "-separator", "\t", "-noheader", *map(str, arguments)]
    environment = {**os.environ, "HOME": str(home or cwd)}  # no ~/.duckdbrc, no installed extensions
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


def query(catalogue, text, cwd, before=()):
    """Return the answer to a query on a catalogue that is opened read-only."""
    return ask("-readonly", catalogue, *(part for c in before for part in ("-c", c)), "-c", text, cwd=cwd)


@pytest.fixture(scope="module")
def csv(ustica, tmp_path_factory):
    """Return a real csv, unpacked with its XML."""
    folder = tmp_path_factory.mktemp("csv")
    with zipfile.ZipFile(ustica / f"{PRODUCT}.zip") as archive:
        archive.extractall(folder)
    return next(folder.rglob("*.csv"))


@pytest.fixture
def moved(real_lake, tmp_path):
    """Return a function that puts a copy of the lake elsewhere, by a name."""

    def move(name):
        first = shutil.copytree(real_lake, tmp_path / "first")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        return first.rename(tmp_path / name)

    return move


def test_the_shell_is_the_pinned_one(tmp_path):
    assert ask("-c", "select version()", cwd=tmp_path) == [(f"v{duckdb.__version__}",)]


def test_the_catalogue_answers_from_another_directory(real_lake, tmp_path):
    found = query(real_lake / "egmsql.duckdb", QUESTION, cwd=tmp_path)
    assert len(found) == 5 and {row[1][:5] for row in found} == {"EGMS_"}


def test_the_catalogue_answers_by_relative_path_and_from_inside(real_lake):
    expected = query(real_lake / "egmsql.duckdb", "select count(*) from features.fits", cwd="/")
    assert int(expected[0][0]) == 23_871
    for path, cwd in (
        ("egmsql.duckdb", real_lake),
        ("./egmsql.duckdb", real_lake),
        ("lake/egmsql.duckdb", real_lake.parent),
        ("../egmsql.duckdb", real_lake / "observed"),
    ):
        assert query(path, "select count(*) from features.fits", cwd=cwd) == expected
        assert len(query(path, QUESTION, cwd=cwd)) == 5


@pytest.mark.parametrize(
    "name", ["moved", "with space/l'aquila's \"lake\"", "ünï [1] {a,b} 100%", "a;b#c=d&e"]
)
def test_the_catalogue_answers_after_a_move_whatever_the_name(moved, name, tmp_path):
    lake = moved(name)
    assert len(query(lake / "egmsql.duckdb", QUESTION, cwd="/")) == 5
    assert len(query(Path(name) / "egmsql.duckdb", QUESTION, cwd=tmp_path)) == 5
    assert len(query("egmsql.duckdb", QUESTION, cwd=lake)) == 5


def test_a_copy_reads_its_own_files(real_lake, tmp_path):
    copy = shutil.copytree(real_lake, tmp_path / "copy")
    shutil.rmtree(copy / "features")
    command = [DUCKDB, "-readonly", str(copy / "egmsql.duckdb"), "-c", QUESTION]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and str(copy / "features") in done.stderr
    assert len(query(real_lake / "egmsql.duckdb", QUESTION, cwd=tmp_path)) == 5


def test_an_attached_catalogue_answers_once_told_where_it_lies(real_lake, tmp_path):
    catalogue = str(real_lake / "egmsql.duckdb")
    attached = ["-c", f"attach '{catalogue}' as egms (read_only)", "-c", f"set variable lake = '{real_lake}'"]
    assert len(ask(*attached, "-c", "use egms", "-c", QUESTION, cwd=tmp_path)) == 5
    named = "select count(*) from egms.features.fits join egms.series.displacement_mm using (pid, product)"
    assert ask(*attached, "-c", named, cwd=tmp_path) == [("23871",)]
    # a macro that calls another finds it only in the database in use
    macro = "select decode_pid_l2('166bD5JzjE').swath"
    assert ask(*attached, "-c", "use egms", "-c", macro, cwd=tmp_path) == [("2",)]


def test_another_temporary_directory_needs_only_the_variable(real_lake, tmp_path):
    before = [f"set temp_directory = '{tmp_path}/spill'", f"set variable lake = '{real_lake}'"]
    assert len(query(real_lake / "egmsql.duckdb", QUESTION, cwd=tmp_path, before=before)) == 5


def test_no_extension_is_loaded_for_plain_queries(real_lake, tmp_path):
    before = [
        "set autoload_known_extensions = false",
        "set autoinstall_known_extensions = false",
        f"{QUESTION}",
    ]
    loaded = "select extension_name from duckdb_extensions() where loaded and extension_name = 'spatial'"
    found = query(real_lake / "egmsql.duckdb", loaded, cwd=tmp_path, before=before)
    assert len(found) == 5  # the question's rows, and no extension
    names = query(
        real_lake / "egmsql.duckdb",
        "select model from _models where kind <> 'macro' and model not like 'staging.%'",
        cwd=tmp_path,
    )
    assert len(names) >= 6
    reads = [f"select '{name}', count(t::varchar) from {name} t" for (name,) in names]
    counted = dict(
        query(real_lake / "egmsql.duckdb", " union all ".join(reads), cwd=tmp_path, before=before[:2])
    )
    assert counted["series.displacement_mm"] == counted["observed.points"] == "23871"
    empty = {name for name, count in counted.items() if not int(count)}
    # One burst a track and one release: nothing is twice, nothing to join. Few points move: one block holds each
    # stack. And no step is an unwrapping error.
    joins = {"geometry.releases", "geometry.release_matches", "geometry.joined", "ground.places"}
    not_asked_for = {"blocks.cells", "clusters.cell_members"}
    assert empty <= joins | not_asked_for | {"neighbourhood.duplicates", "blocks.merged", "classes.corrected"}


def test_pids_are_encoded_and_decoded_by_stored_macros(real_lake, tmp_path):
    text = """
        select count(*), count(*) filter (
            encode_pid_l2(d.facility, d.track, d.burst, d.swath, d.polarisation, d.line, d.pixel) = pid
            and (d.track, d.burst, d.line, d.pixel) = (products.track, products.burst, points.line, points.pixel)
        )
        from (from observed.points where line is not null) as points
        join observed.products as products using (product), lateral (select decode_pid_l2(pid) as d)
    """
    assert query(real_lake / "egmsql.duckdb", text, cwd=tmp_path) == [("23349", "23349")]
    text = """
        select count(*), count(*) filter (encode_pid_l3(d.facility, easting, northing) = pid)
        from observed.points, lateral (select decode_pid_l3(pid) as d) where product like 'EGMS_L3%'
    """
    assert query(real_lake / "egmsql.duckdb", text, cwd=tmp_path) == [("522", "522")]
    names = query(real_lake / "egmsql.duckdb", "select facility_name(1), orbit_direction(-10)", cwd=tmp_path)
    assert names == [("EGEOS", "ascending")]


def test_a_delivered_csv_is_read_by_the_stored_macro(real_lake, csv, tmp_path):
    text = f"""
        select count(*), count(*) filter (
            delivered.mean_velocity is not distinct from points.mean_velocity
            and delivered.displacements = series.displacements
        )
        from read_egms('{csv}') as delivered
        join (from observed.points where product = '{PRODUCT}') as points using (pid, source_row)
        join (from series.displacement where product = '{PRODUCT}') as series using (pid)
    """
    assert query(real_lake / "egmsql.duckdb", text, cwd=tmp_path) == [("11590", "11590")]


def test_columns_carry_their_comments_and_units(real_lake, tmp_path):
    text = """
        select schema_name || '.' || table_name || '.' || column_name, comment from duckdb_columns()
        where not internal and schema_name <> 'main'
    """
    comments = dict(query(real_lake / "egmsql.duckdb", text, cwd=tmp_path))
    assert "[mm/yr]" in comments["features.fits.velocity_mm_yr"]
    assert "0.1 mm" in comments["series.displacement.displacements"]
    assert [column for column, comment in comments.items() if comment in ("", "NULL")] == []
    text = "select comment from duckdb_views() where schema_name = 'features' and view_name = 'fits'"
    described = query(real_lake / "egmsql.duckdb", text, cwd=tmp_path)
    assert described == [
        ("How each measurement point moves by EGMS's own definitions, as far as dot products tell.",)
    ]


def test_bookkeeping_is_ordinary_tables(real_lake, tmp_path):
    reads = [f"select '{name}', count(*) from {name}" for name in BOOKKEEPING]
    counted = dict(query(real_lake / "egmsql.duckdb", " union all ".join(reads), cwd=tmp_path))
    assert counted["_sources"] == "3" and counted["_lake"] == "1" and int(counted["_files"]) >= 18
    of_later_builds = {"_previous_files", "_cluster_changes"}
    assert [name for name in BOOKKEEPING if name not in of_later_builds and counted[name] == "0"] == []
    text = "select count(*), count(distinct model) from _files join _sources on partition = product"
    per_product = [m for m in egmsql.load_project().tables.values() if m.partition == "product"]
    assert query(real_lake / "egmsql.duckdb", text, cwd=tmp_path) == [
        (str(3 * len(per_product)), str(len(per_product)))
    ]
    text = "select upstream_model, upstream_column from _lineage where column_name = 'velocity_mm_yr'"
    assert ("series.displacement", "displacements") in query(real_lake / "egmsql.duckdb", text, cwd=tmp_path)


def test_the_catalogue_is_read_only_for_everyone(real_lake):
    assert stat.S_IMODE((real_lake / "egmsql.duckdb").stat().st_mode) == 0o444
    assert not (real_lake / "egmsql.duckdb.wal").exists()


def test_a_read_only_shell_cannot_change_the_lake(real_lake, tmp_path):
    command = [DUCKDB, "-readonly", str(real_lake / "egmsql.duckdb"), "-c", "drop view features.fits"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "read-only" in done.stderr
    assert len(query(real_lake / "egmsql.duckdb", QUESTION, cwd=tmp_path)) == 5


@pytest.fixture(scope="module")
def by_hand(real_lake, tmp_path_factory):
    """Return a copy of the lake for sandboxes, at a path with a space."""
    return shutil.copytree(real_lake, tmp_path_factory.mktemp("by hand") / "lake")


@pytest.mark.parametrize("model", BY_HAND)
def test_a_model_run_by_hand_gives_the_rows_of_the_lake(model, by_hand, csv, tmp_path):
    reads_source = model.startswith("observed.") or model == "series.displacement"
    made = subprocess.run(
        [*EGMSQL, "sandbox", by_hand, model, *(["--source", csv] if reads_source else [])],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (made.returncode, made.stderr) == (0, "")
    sandbox = by_hand / "sandbox.duckdb"
    before = [("-c", line) for line in re.findall(r"^in that shell first: (load .*;)$", made.stdout, re.M)]
    assert len(before) == (model == "observed.points")
    loaded = [part for pair in before for part in pair]
    (shown,) = re.findall(r"^duckdb (.*) -c \"(\.read .*)\"$", made.stdout, re.M)
    assert Path(shown[0].strip("'\"")) == sandbox
    ask(sandbox, *loaded, "-c", shown[1], cwd=tmp_path)
    attach = f"attach '{by_hand / 'egmsql.duckdb'}' as lake (read_only)"
    columns = [c for (c,) in ask(sandbox, "-c", f"select column_name from (describe {model})", cwd=tmp_path)]
    # where a file came from is not what it says: zip and csv differ in nothing else
    told = {"file_name", "md5", "csv_crc32", "csv_bytes"} if model == "observed.products" else set()
    listed = ", ".join(f'"{c}"' for c in columns if c not in told)
    own = f"where product = '{PRODUCT}'" if reads_source else ""
    mine, theirs = f"select {listed} from sandbox.{model}", f"select {listed} from lake.{model} {own}"
    compared = [
        f"select count(*) from ({mine})",
        f"select count(*) from ({theirs})",
        f"select count(*) from ({mine} except all {theirs})",
        f"select count(*) from ({theirs} except all {mine})",
    ]
    setting = f"set variable lake = '{by_hand}'"
    asked = [part for c in (attach, setting, *compared) for part in ("-c", c)]
    counts = [int(n) for (n,) in ask("-readonly", sandbox, *loaded, *asked, cwd=tmp_path)]
    expected = {"observed.products": 1, "observed.gaps": 1, "features.fits": 23_871}.get(model, 11_590)
    assert counts == [expected, expected, 0, 0]


def test_a_sandbox_lacks_what_follows_and_is_never_published(by_hand, tmp_path):
    egmsql.sandbox(by_hand, "series.displacement")
    text = "select schema_name || '.' || view_name from duckdb_views() where not internal order by 1"
    assert [name for (name,) in query(by_hand / "sandbox.duckdb", text, cwd=tmp_path)] == [
        "geometry.epochs",
        "neighbourhood.duplicates",
        "observed.gaps",
        "observed.points",
        "series.fit_weights",
        "serving.products",
    ]
    ask(by_hand / "sandbox.duckdb", "-c", "create table series.displacement as select 1 as pid", cwd=tmp_path)
    assert len(query(by_hand / "egmsql.duckdb", QUESTION, cwd=tmp_path)) == 5
    assert egmsql.plan(by_hand) == [] and egmsql.check(by_hand).is_clean


def test_a_sandbox_that_is_open_in_a_shell_is_not_replaced(by_hand):
    path = egmsql.sandbox(by_hand, "features.fits")
    command = [DUCKDB, "-batch", "-list", "-noheader", str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, **pipes) as shell:
        shell.stdin.write("create table mine as select 42;\nselect 'ready';\n")
        shell.stdin.flush()
        assert shell.stdout.readline() == "ready\n"
        inode = path.stat().st_ino
        with pytest.raises(egmsql.LakeError, match="open"):
            egmsql.sandbox(by_hand, "features.fits")
        assert path.stat().st_ino == inode
        shell.stdin.close()
        assert shell.wait(120) == 0
    assert query(path, "from mine", cwd="/") == [("42",)]
