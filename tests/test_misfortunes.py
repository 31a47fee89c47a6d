"""Full disks, read-only folders, wrong clocks, two builds at once, files cut by a power loss, other versions."""

import os
import shutil
import time

import duckdb
import pytest
from commands import Command, assert_one_line, assert_tidy, run
from faults import damage
from faults.disk import can_mount, filled
from faults.lakes import Lakes, copied, leftovers, served, shown

import egmsql
from egmsql.lake import SERVING, Lake

YEAR = 365 * 86_400.0


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    return Lakes.made(tmp_path_factory.mktemp("lakes"), n_points=60)


@pytest.fixture
def lake(lakes, tmp_path):
    """Return a built lake of a test's own."""
    return copied(lakes.built, tmp_path / "lake")


@pytest.fixture
def fed(lakes, tmp_path):
    """Return a lake of a test's own that waits to be built."""
    return copied(lakes.fed, tmp_path / "fed")


def is_built(lake, lakes):
    return (shown(lake), served(lake)) == (shown(lakes.built), served(lakes.built))


@pytest.mark.parametrize(
    ("command", "kib"), [("ingest", 40), ("ingest", 700), ("build", 300), ("build", 2500)]
)
def test_a_disk_that_is_really_full_keeps_the_old_state(command, kib, lakes, tmp_path):
    before, after = (lakes.begun, lakes.fed) if command == "ingest" else (lakes.fed, lakes.built)
    if can_mount():
        code, wrong = filled(command, kib, before, lakes.delivered, after)
        assert not wrong and code == 1
        return
    lake = copied(before, tmp_path / "lake")  # no mounts: the kernel refuses what is beyond a size
    given = [lakes.delivered] if command == "ingest" else []
    assert run(tmp_path, command, lake, *given, file_limit=30 * 1024).code == 1
    assert run(tmp_path, command, lake, *given).code == 0
    assert shown(lake) == shown(after)


def test_a_lake_that_may_not_be_written_is_read_and_refused_in_one_line(lakes, lake, tmp_path):
    for folder in [lake, *(p for p in lake.rglob("*") if p.is_dir())]:
        folder.chmod(0o555)
    product = sorted(Lake(lake).load().sources)[0]
    writing = [("ingest", lake, lakes.delivered), ("build", lake), ("clean", lake), ("remove", lake, product)]
    try:
        for arguments in [*writing, ("check", lake, "--repair")]:
            assert_one_line(run(tmp_path, *arguments, unprivileged=True))
        for arguments in [("plan", lake), ("check", lake), ("report", lake)]:
            ended = run(tmp_path, *arguments, unprivileged=True)
            assert (ended.code, ended.err) == (0, ""), arguments
    finally:
        for folder in [lake, *(p for p in lake.rglob("*") if p.is_dir())]:
            folder.chmod(0o755)
    assert is_built(lake, lakes)


@pytest.mark.parametrize("closed", ["features/fits", "serving", "classes"])
def test_a_folder_of_the_lake_that_may_not_be_written_is_one_line(closed, lakes, fed, tmp_path):
    for folder in [fed / closed, *(p for p in (fed / closed).rglob("*") if p.is_dir())]:
        folder.chmod(0o555)
    before = shown(fed)
    assert_one_line(run(tmp_path, "build", fed, unprivileged=True))
    assert shown(fed) == before
    for folder in [fed / closed, *(p for p in (fed / closed).rglob("*") if p.is_dir())]:
        folder.chmod(0o755)
    assert run(tmp_path, "build", fed).code == 0
    assert is_built(fed, lakes)


@pytest.mark.parametrize("clock", [-YEAR, YEAR])
def test_a_clock_that_is_wrong_changes_no_result(clock, lakes, tmp_path):
    lake = copied(lakes.begun, tmp_path / "lake")
    assert run(tmp_path, "ingest", lake, lakes.delivered, clock=clock).code == 0
    assert run(tmp_path, "build", lake, clock=-clock).code == 0
    assert is_built(lake, lakes)
    assert "nothing to do" in run(tmp_path, "build", lake).out
    assert_tidy(lake)


def test_files_from_the_future_are_cleaned(lake):
    orphan = lake / "features" / "fits" / f"{'0' * 20}.parquet"
    orphan.write_bytes(b"left by a kill before the clock was set back")
    os.utime(orphan, (time.time() + YEAR, time.time() + YEAR))
    assert egmsql.clean(lake, "1d")[0] == 0 and orphan.exists()
    egmsql.clean(lake, "0s")
    assert not orphan.exists()


def test_two_builds_at_once_end_well_or_refuse(lakes, fed, tmp_path):
    both = [Command(tmp_path, "build", fed) for _ in range(2)]
    ended = sorted((each.ended() for each in both), key=lambda e: e.code)
    assert ended[0].code == 0
    if ended[1].code:
        assert_one_line(ended[1])
        assert "is writing to it" in ended[1].err
    assert is_built(fed, lakes)
    assert_tidy(fed)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.99])
def test_what_a_power_loss_left_cut_short_is_written_again(kept, lakes, tmp_path):
    """Finished files that no catalogue names yet: a stopped build takes them up, unless they are not whole."""
    lake = copied(lakes.finished, tmp_path / "lake")
    named = {record.path for record in Lake(lake).load().files.values()}
    built = {record.path for record in Lake(lakes.built).load().files.values()}
    for path in sorted(built - named)[::4]:
        content = (lake / path).read_bytes()
        (lake / path).write_bytes(content[: int(kept * len(content))])
    ended = run(tmp_path, "build", lake)
    assert (ended.code, ended.err) == (0, "")
    assert "resumed" in ended.out and "built  " in ended.out
    assert is_built(lake, lakes)


def test_files_spoiled_at_random_places_are_named_and_made_again(lakes, tmp_path):
    tally = damage.Tally()
    damage.trial(lakes, 9, tmp_path, tally)
    damage.serving_trial(lakes, 9, tmp_path, tally)
    assert not tally.wrong and tally.damages == damage.AT_ONCE + 1


@pytest.mark.parametrize("number", [0, 99])
def test_a_lake_of_another_format_is_one_line_that_says_what_to_do(number, lakes, lake, tmp_path):
    (lake / "egmsql.duckdb").chmod(0o644)
    with duckdb.connect(lake / "egmsql.duckdb") as connection:
        connection.execute("update _lake set format = ?", [number])
    product = sorted(Lake(lakes.built).load().sources)[0]
    for command, given in [("plan", []), ("build", []), ("ingest", [lakes.delivered]), ("check", []), ("clean", []),
                           ("remove", [product]), ("report", []), ("export", ["areas", tmp_path / "a.gpkg"])]:  # fmt: skip
        arguments = [lake, *given]
        ended = run(tmp_path, command, *arguments)
        assert_one_line(ended)
        assert f"has format {number}" in ended.err and "use the egmsql that wrote it" in ended.err, command
    assert not leftovers_beside(lakes.built, lake)


def leftovers_beside(before, lake):
    """Return files that a lake has and the lake it was copied from has not."""
    names = {p.relative_to(before) for p in before.rglob("*")}
    return [p for p in lake.rglob("*") if p.relative_to(lake) not in names and p.name != ".lock"]


@pytest.mark.parametrize("number", [0, 99])
def test_a_served_file_of_another_format_is_refused_by_the_server_and_made_again(
    number, lakes, lake, tmp_path
):
    (lake / SERVING).chmod(0o644)
    with duckdb.connect(lake / SERVING) as connection:
        connection.execute("update lake.state set format = ?", [number])
    assert run(tmp_path, "build", lake).code == 0
    assert is_built(lake, lakes)


def test_a_lake_of_fewer_models_grows_into_one_of_more_and_back(lakes, lake, tmp_path):
    """What a change of version is: models that are new, models that are gone."""
    fewer = shutil.copytree(egmsql.load_project().folder, tmp_path / "sql")
    for name in ("92_report", "92_serving/motions.sql"):
        shutil.rmtree(fewer / name) if (fewer / name).is_dir() else (fewer / name).unlink()
    for audit in egmsql.load_project().audits:
        if audit.audits.startswith("report.") or audit.audits == "serving.motions":
            (fewer / "audits" / audit.path.name).unlink()
    shrunk = run(tmp_path, "--sql", fewer, "build", lake)
    assert (shrunk.code, shrunk.err) == (0, "")
    assert not any(model.startswith("report.") for (model, _), _ in shown(lake).files)
    grown = run(tmp_path, "build", lake)
    assert (grown.code, grown.err) == (0, "")
    assert is_built(lake, lakes)
    egmsql.clean(lake, "0s")
    assert not leftovers(lake)
