"""Kills, Ctrl-C, full disks, damaged files, other processes: the lake keeps its old state or has the new one."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

import duckdb
import forge
import pyarrow as pa
import pytest
from commands import DEADLINE, LINE, Command, assert_one_line, assert_tidy, rows, run

import egmsql
from egmsql import ingestion
from egmsql.lake import Lake
from egmsql.simulator import simulate
from egmsql.stream import SharedRows

DUCKDB = shutil.which("duckdb", path=sysconfig.get_path("scripts")) or shutil.which("duckdb")


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """Return a folder with three delivered files."""
    folder = tmp_path_factory.mktemp("delivered")
    for number in range(3):
        forge.product(burst=845 + number, n_points=300, seed=number + 1).write_zip(folder)
    return folder


@pytest.fixture(scope="module")
def fed(delivered, tmp_path_factory):
    """Return a lake into which the files were ingested, not built."""
    lake = tmp_path_factory.mktemp("fed") / "lake"
    assert not egmsql.ingest(lake, [delivered]).errors
    return lake


@pytest.fixture(scope="module")
def built(fed, tmp_path_factory):
    """Return a lake that is ingested and built without interruption."""
    lake = shutil.copytree(fed, tmp_path_factory.mktemp("built") / "lake")
    egmsql.build(lake)
    return lake


@pytest.fixture(scope="module")
def whole(built):
    """Return the rows of the uninterrupted lake."""
    found = rows(built)
    assert len(found["features.fits"]) == 900
    return found


@pytest.fixture
def lake(built, tmp_path):
    """Return a built lake of a test's own."""
    return shutil.copytree(built, tmp_path / "lake")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Return one delivered file of several batches."""
    folder = tmp_path_factory.mktemp("large")
    simulate(folder, points=70_000, seed=3, products=1)
    return next(folder.glob("*.zip"))


def test_ctrl_c_ends_an_ingest_with_one_line_and_the_next_completes(large, tmp_path):
    lake = tmp_path / "lake"
    command = Command(tmp_path, "ingest", lake, large)
    command.reach(lambda: any(p.stat().st_size for p in lake.glob(".tmp/*/*.parquet")))
    os.kill(command.pid, signal.SIGINT)
    ended = command.ended()
    assert ended.code == 130 and "Traceback" not in ended.err
    (line,) = ended.err.split("\n", 1)[1].splitlines()  # the first ends the terminal's `^C`
    assert line.startswith("interrupted: ")
    assert not list(lake.glob(".tmp/**/*"))
    done = run(tmp_path, "ingest", lake, large)
    assert (done.code, done.err) == (0, "") and "70,000 points" in done.out
    assert_tidy(lake)


@pytest.mark.parametrize(
    "place", ["10_staging/l2.sql", "00_macros/missing_epochs.sql", "20_observed/gaps.sql"]
)
def test_a_file_of_sql_that_duckdb_refuses_ends_the_ingest_by_its_name(place, large, tmp_path):
    sql = shutil.copytree(egmsql.load_project().folder, tmp_path / "sql")
    text = (sql / place).read_text()
    spoilt = {
        "10_staging/l2.sql": text.replace("    mp_type,", "    no_such_column as mp_type,"),
        "00_macros/missing_epochs.sql": text.replace("displacements", "character"),
        "20_observed/gaps.sql": text.replace("count(*)", "no_such_function(1)"),
    }
    assert spoilt[place] != text
    (sql / place).write_text(spoilt[place])
    ended = run(tmp_path, "--sql", sql, "ingest", tmp_path / "lake", large)
    assert ended.code == 1 and "Traceback" not in ended.err
    wrong = "character" if "macros" in place else "no_such_"
    (line,) = [text for text in (ended.out + ended.err).splitlines() if wrong in text]
    assert LINE.fullmatch(line) and place in line and "report it" not in line


def test_ctrl_c_before_anything_is_written_leaves_no_lock(delivered, tmp_path):
    lake = tmp_path / "lake"
    command = Command(tmp_path, "ingest", lake, delivered)
    command.reach((lake / ".lock.json").exists)
    os.kill(command.pid, signal.SIGINT)
    assert command.ended().code == 130
    assert not (lake / ".lock.json").exists()
    assert run(tmp_path, "ingest", lake, delivered).code == 0


class Shell:
    """A `duckdb` shell left open, in which statements can be run."""

    def __init__(self, *arguments):
        command = [DUCKDB, "-batch", "-list", "-noheader", *map(str, arguments)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True
        )

    def ask(self, statement):
        """Run a statement; return the lines that it prints."""
        self._process.stdin.write(f"{statement}\n.print done\n")
        self._process.stdin.flush()
        return list(iter(lambda: self._process.stdout.readline().rstrip("\n"), "done"))

    @property
    def pids(self):
        """The process and those it started: the installed `duckdb` is a script that runs the binary."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return {self._process.pid, *map(int, children)}

    def kill(self):
        for pid in sorted(self.pids, reverse=True):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._close()

    def close(self):
        self._process.stdin.close()
        self._close()

    def _close(self):
        self._process.wait(DEADLINE)
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()


@pytest.fixture
def shell():
    """Return a function that opens shells; those still open are ended."""
    opened = []

    def start(*arguments):
        opened.append(Shell(*arguments))
        return opened[-1]

    yield start
    for each in opened:
        if each._process.poll() is None:
            each.kill()


def test_a_reader_keeps_its_state_and_a_new_one_sees_the_next(fed, tmp_path, shell):
    lake = shutil.copytree(fed, tmp_path / "lake")
    count = "select count(*) from features.fits;"
    reader = shell("-readonly", lake / "egmsql.duckdb")
    assert reader.ask(count) == ["0"]
    with egmsql.connect(lake) as connection:
        connection.execute("begin")
        assert connection.execute(count).fetchone() == (0,)
        assert run(tmp_path, "build", lake).code == 0
        assert connection.execute(count).fetchone() == (0,)
        assert connection.execute("select count(*) from observed.points").fetchone() == (900,)
    assert reader.ask(count) == ["0"]
    assert reader.ask("select count(*) from series.displacement;") == ["900"]
    assert shell("-readonly", lake / "egmsql.duckdb").ask(count) == ["900"]


def test_a_reader_keeps_its_rows_while_they_are_replaced_and_cleaned_once(lake, tmp_path, shell):
    reader = shell("-readonly", lake / "egmsql.duckdb")
    question = "select count(*), md5(string_agg(t::varchar, chr(10) order by pid)) from features.fits t;"
    before = reader.ask(question)
    newer = forge.product(burst=845, n_points=20, version=2).write_zip(tmp_path)
    assert run(tmp_path, "ingest", lake, newer).code == 0
    egmsql.clean(lake, "0s")
    assert reader.ask(question) == before


@pytest.mark.parametrize("command", ["build", "ingest", "remove", "plan", "check", "sandbox"])
def test_a_shell_that_may_write_is_noticed_before_anything_is_replaced(command, lake, tmp_path, shell):
    writer = shell(lake / "egmsql.duckdb")
    assert writer.ask("create table mine as select 42 as answer;") == []
    newer = forge.product(burst=845, n_points=20, version=2).write_zip(tmp_path)
    given = {"ingest": [newer], "remove": [newer.stem], "sandbox": ["features.fits"]}.get(command, [])
    before = (lake / "egmsql.duckdb").stat().st_ino
    ended = run(tmp_path, command, lake, *given)
    assert_one_line(ended)
    assert any(f"process {pid}" in ended.err for pid in writer.pids), ended.err
    assert (lake / "egmsql.duckdb").stat().st_ino == before
    assert writer.ask("select answer from mine;") == ["42"]


def test_a_leftover_log_of_a_killed_shell_is_noticed_and_not_replayed(lake, whole, tmp_path, shell):
    writer = shell(lake / "egmsql.duckdb")
    writer.ask("create table mine as select 42 as answer;")
    writer.kill()
    log = lake / "egmsql.duckdb.wal"
    assert log.exists()
    newer = forge.product(burst=848, n_points=20).write_zip(tmp_path)
    before = (lake / "egmsql.duckdb").stat().st_ino
    ended = run(tmp_path, "ingest", lake, newer)
    assert_one_line(ended)
    assert log.name in ended.err
    assert (lake / "egmsql.duckdb").stat().st_ino == before
    log.unlink()
    assert rows(lake) == whole
    assert run(tmp_path, "ingest", lake, newer).code == 0
    assert len(rows(lake)["observed.points"]) == 920


def test_a_second_writer_refuses_or_waits(delivered, tmp_path):
    lake = tmp_path / "lake"
    with Lake(lake).writing():
        refused = run(tmp_path, "ingest", lake, delivered)
        assert_one_line(refused)
        assert f"process {os.getpid()} is writing to it" in refused.err
        waiting = Command(tmp_path, "ingest", lake, delivered, "--wait", DEADLINE)
        waiting.reach(waiting.has_asked_for_the_lock)
    done = waiting.ended()
    assert (done.code, done.err) == (0, "")
    assert_tidy(lake)


def test_two_writers_at_once_both_end_well_or_one_refuses(delivered, whole, tmp_path):
    lake = tmp_path / "lake"
    ended = [
        c.ended() for c in [Command(tmp_path, "ingest", lake, delivered, "--wait", 60) for _ in range(2)]
    ]
    assert [e.code for e in ended] == [0, 0] and not any(e.err for e in ended)
    assert sum("already in the lake" in e.out for e in ended) == 1
    assert rows(lake)["observed.points"] == whole["observed.points"]


@pytest.mark.parametrize("kib", [30, 120, 400])
def test_a_full_disk_during_ingest_keeps_the_old_state(kib, lake, whole, tmp_path):
    newer = forge.product(burst=848, n_points=300).write_zip(tmp_path)
    ended = run(tmp_path, "ingest", lake, newer, file_limit=kib * 1024)
    assert rows(lake) == whole
    assert ended.code == 1 and "Traceback" not in ended.err
    said = [line for line in (ended.out + ended.err).splitlines() if LINE.fullmatch(line)]
    assert len(said) >= 1 and not any("report it" in line for line in said), ended
    assert run(tmp_path, "ingest", lake, newer).code == 0
    assert len(rows(lake)["observed.points"]) == 1200
    assert_tidy(lake)


@pytest.mark.parametrize("kib", [2, 400])
def test_a_full_disk_during_build_keeps_the_old_state(kib, fed, whole, tmp_path):
    lake = shutil.copytree(fed, tmp_path / "lake")
    ended = run(tmp_path, "build", lake, file_limit=kib * 1024)
    assert rows(lake)["observed.points"] == whole["observed.points"]
    assert_one_line(ended)
    assert run(tmp_path, "build", lake).code == 0
    assert rows(lake) == whole
    assert_tidy(lake)


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(content)


def test_damaged_files_are_named_and_made_again(lake, whole, tmp_path):
    damages = {
        ("observed.points", 845): truncate,
        ("observed.points", 846): flip,
        ("observed.products", 847): truncate,
        ("series.displacement", 845): Path.unlink,
        ("series.displacement", 846): truncate,
        ("series.fit_weights", 847): flip,
        ("features.fits", 845): Path.unlink,
        ("features.fits", 846): flip,
        ("features.fits", 847): truncate,
    }
    state, paths = Lake(lake).load(), []
    for (model, burst), damage in damages.items():
        paths.append(state.files[model, f"EGMS_L2b_022_0{burst}_IW2_VV_2020_2024_1"].path)
        damage(lake / paths[-1])
    checked = run(tmp_path, "check", lake)
    assert_one_line(checked)
    assert all(f"damaged: {path}" in checked.out for path in paths)
    assert "Traceback" not in run(tmp_path, "check", lake, "--repair").err
    built = run(tmp_path, "build", lake)
    assert (built.code, built.err) == (0, "")
    assert rows(lake) == whole
    assert_tidy(lake)


def test_check_leaves_nothing_behind(lake, tmp_path):
    before = sorted(p.relative_to(lake) for p in lake.rglob("*") if p.name != ".lock")
    assert run(tmp_path, "check", lake).code == 0
    assert sorted(p.relative_to(lake) for p in lake.rglob("*") if p.name != ".lock") == before


def test_clean_deletes_only_what_egmsql_wrote(lake, whole, tmp_path):
    mine = [lake / "truth.parquet", lake / "exports" / "areas.parquet", lake / "observed" / "notes.parquet"]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"mine")
    (lake / "empty").mkdir()
    orphan = lake / "features" / "fits" / "product=GONE" / f"{'0' * 20}.parquet"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"left by a kill")
    assert run(tmp_path, "clean", lake, "--keep", "0s").code == 0
    assert not orphan.exists() and rows(lake) == whole
    assert [path for path in mine if not path.exists()] == [] and (lake / "empty").is_dir()


def test_clean_keeps_young_files(lake, tmp_path):
    orphan = lake / "features" / "fits" / f"{'0' * 20}.parquet"
    orphan.write_bytes(b"left by a kill")
    assert "deleted 0 files" in run(tmp_path, "clean", lake, "--keep", "1h").out and orphan.exists()


def test_publishing_while_files_are_still_read_loses_none(tmp_path, monkeypatch):
    monkeypatch.setattr(ingestion, "_PUBLISH_EVERY", 0.0)
    before = sys.getswitchinterval()
    files = [forge.write_zip(tmp_path, burst=500 + number, n_points=2) for number in range(6)]
    newer = [forge.write_zip(tmp_path, burst=500 + n, n_points=3, version=2) for n in range(6)]
    sys.setswitchinterval(1e-6)
    try:
        first = egmsql.ingest(tmp_path / "lake", files, egmsql.Settings(threads=4))
        second = egmsql.ingest(tmp_path / "lake", newer, egmsql.Settings(threads=4))
    finally:
        sys.setswitchinterval(before)
    assert not first.errors and not second.errors
    state = Lake(tmp_path / "lake").load()
    assert set(state.sources) == {path.stem for path in newer}
    assert {partition for _, partition in state.files} == set(state.sources)
    assert len(rows(tmp_path / "lake")["observed.points"]) == 18


class Endless:
    """A source whose batches never end."""

    def batches(self, progress=None):
        while True:
            yield pa.record_batch({"pid": ["0"]})


def test_a_reading_that_no_query_takes_ends_when_it_is_stopped():
    shared = SharedRows(Endless(), 1)
    shared.__enter__()
    until = time.monotonic() + DEADLINE
    while not shared._queues[0].full() and time.monotonic() < until:
        threading.Event().wait(0.005)
    assert shared._queues[0].full()
    leaving = threading.Thread(target=shared.__exit__, args=(None, None, None), daemon=True)
    leaving.start()
    leaving.join(5)
    hangs = leaving.is_alive()
    shared.leave(0)  # lets the reading end, so that no thread outlives the test
    leaving.join(DEADLINE)
    assert not hangs


def _no_catalogue(folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")


def _regular_file(folder):
    folder.write_text("no folder")


def _no_database(folder, content=b"this is no database " * 1000):
    folder.mkdir()
    (folder / "egmsql.duckdb").write_bytes(content)


def _empty_catalogue(folder):
    _no_database(folder, b"")


def _other_database(folder):
    folder.mkdir()
    with duckdb.connect(folder / "egmsql.duckdb") as connection:
        connection.execute("create table mine as select 42 as answer")


def _later_format(folder):
    folder.mkdir()
    with duckdb.connect(folder / "egmsql.duckdb") as connection:
        connection.execute("create table _lake as select 99 as format")


NOT_LAKES = [_no_catalogue, _regular_file, _no_database, _empty_catalogue, _other_database, _later_format]
COMMANDS = {
    "plan": [],
    "build": [],
    "check": [],
    "check --repair": [],
    "clean": [],
    "remove": ["EGMS_X"],
    "sandbox": ["features.fits"],
    "shell": [],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_lake_is_refused_by_every_command_in_one_line(command, tmp_path):
    name, *options = command.split()
    missing = tmp_path / "missing"
    assert_one_line(run(tmp_path, name, missing, *COMMANDS[command], *options))
    assert not missing.exists()
    for make in NOT_LAKES:
        folder = tmp_path / f"of-{make.__name__}"
        make(folder)
        before = sorted((p, p.read_bytes()) for p in folder.rglob("*") if p.is_file())
        ended = run(tmp_path, name, folder, *COMMANDS[command], *options)
        assert_one_line(ended)
        assert str(folder) in ended.err
        after = sorted((p, p.read_bytes()) for p in folder.rglob("*") if p.is_file() and p.name != ".lock")
        assert after == before


@pytest.mark.parametrize("make", NOT_LAKES[1:])
def test_what_cannot_become_a_lake_is_refused_by_ingest_in_one_line(make, delivered, tmp_path):
    make(tmp_path / "other")
    assert_one_line(run(tmp_path, "ingest", tmp_path / "other", delivered))


def test_a_damaged_catalogue_in_a_folder_named_blocks_is_not_called_locked(tmp_path):
    _no_database(tmp_path / "blocks")
    ended = run(tmp_path, "plan", tmp_path / "blocks")
    assert_one_line(ended)
    assert "open for writing" not in ended.err


@pytest.mark.parametrize("kept", [0.001, 0.1, 0.6, 0.999])
def test_a_truncated_catalogue_is_one_line(kept, lake, tmp_path):
    content = (lake / "egmsql.duckdb").read_bytes()
    (lake / "egmsql.duckdb").chmod(0o644)
    (lake / "egmsql.duckdb").write_bytes(content[: int(len(content) * kept)])
    assert_one_line(run(tmp_path, "plan", lake))


BAD = [
    "lineage features.fits.nothing",
    "lineage nothing",
    "lineage features.fits",
    "lineage no.such.column",
    "--sql {folder}/nothing contracts",
    "--sql {folder} plan {lake}",
    "build {lake} no.model",
    "build {lake} series.displacement_mm",
    "build {lake} --memory much",
    "clean {lake} --keep long",
    "remove {lake} EGMS_NOTHING",
    "sandbox {lake} no.model",
    "sandbox {lake} observed.points --source {folder}/nothing.csv",
    "sandbox {lake} observed.points --source {zip}",
    "sandbox {lake} observed.points --source {folder}/broken/broken.csv",
    "ingest {lake} {folder}/empty",
    "ingest {lake} {folder}/*.nothing",
    "ingest {lake} --memory much {zip}",
    "simulate {folder}/out --points 0",
    "simulate {folder}/out --points -5",
    "simulate {folder}/out --points 10 --products 20",
    "simulate {folder}/out --points 10 --release long",
    "simulate {folder}/out --points 10 --missing 7",
    "simulate {folder}/file --points 10",
]
USAGE = [
    "nothing",
    "build",
    "ingest {lake}",
    "build {lake} --threads 0",
    "build {lake} --wait long",
    "clean {lake} {lake}",
]


@pytest.fixture(scope="module")
def places(built, delivered, tmp_path_factory):
    """Return what the placeholders of bad commands stand for."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "empty").mkdir()
    (folder / "file").write_text("a file")
    (folder / "broken").mkdir()
    (folder / "broken/broken.sql").write_text("select 1")
    (folder / "broken/broken.csv").write_text("a,b\n1,2\n")
    return {"lake": built, "folder": folder, "zip": next(delivered.glob("*.zip"))}


@pytest.mark.parametrize("command", BAD)
def test_bad_arguments_are_one_line(command, places, tmp_path):
    assert_one_line(run(tmp_path, *command.format(**places).split()))


@pytest.mark.parametrize("command", USAGE)
def test_wrong_usage_is_exit_code_2(command, places, tmp_path):
    ended = run(tmp_path, *command.format(**places).split())
    assert ended.code == 2 and "Traceback" not in ended.err and "Usage:" in ended.err


def test_a_refused_file_is_one_line_and_nothing_of_it_enters(lake, whole, places, tmp_path):
    for path in (places["folder"] / "broken/broken.csv", places["folder"] / "nothing.zip"):
        ended = run(tmp_path, "ingest", lake, path)
        assert ended.code == 1 and "Traceback" not in ended.err
        (line,) = [line for line in (ended.out + ended.err).splitlines() if LINE.fullmatch(line)]
        assert line.startswith(f"refused: {path.name}") or path.name in line
        assert "0 ingested, 0 skipped, 1 refused" in ended.out
    assert rows(lake) == whole
