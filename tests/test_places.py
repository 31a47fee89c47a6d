"""Building on a Dask cluster: the same files, whatever happens to a worker."""

import dataclasses
import shutil
import sys
import threading
import time

import clusters
import pytest

import egmsql
from egmsql import builder, places
from egmsql.cli import main
from egmsql.errors import LakeError, ModelError
from egmsql.lake import Lake
from egmsql.simulator import simulate

pytestmark = pytest.mark.usefixtures("first_models")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return six small simulated products."""
    folder = tmp_path_factory.mktemp("products")
    simulate(folder, points=6000, products=6, seed=4)
    return sorted(folder.glob("*.zip"))


@pytest.fixture
def lake(files, tmp_path, first_models):
    lake = tmp_path / "lake"
    assert not egmsql.ingest(lake, files).errors
    return lake


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with clusters.Cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


def content(lake):
    """Return (model, partition) -> the digest of the file's bytes."""
    return {key: record.content for key, record in Lake(lake).load().files.items()}


def test_a_lake_built_on_a_cluster_is_that_of_one_machine_byte_for_byte(lake, cluster, tmp_path):
    alone = tmp_path / "alone"
    shutil.copytree(lake, alone)
    done = egmsql.build(lake, scheduler=cluster.address)
    assert sum(run.model == "features.fits" for run in done.runs) == 6
    egmsql.build(alone)
    assert content(lake) == content(alone)
    assert egmsql.plan(lake) == []
    assert egmsql.check(lake).damaged == []


def test_tasks_run_on_several_workers(lake, cluster, monkeypatch):
    seen = set()
    answer = places._Answer.result

    def result(self):
        for workers in self.future.client.who_has([self.future]).values():
            seen.update(workers)
        return answer(self)

    monkeypatch.setattr(places._Answer, "result", result)
    egmsql.build(lake, scheduler=cluster.address)
    assert len(seen) > 1


def test_a_worker_that_dies_in_the_middle_changes_nothing(lake, tmp_path):
    alone = tmp_path / "alone"
    shutil.copytree(lake, alone)
    egmsql.build(alone)
    folder = tmp_path / "dask"
    folder.mkdir()
    with clusters.Cluster(folder) as cluster:
        killer = threading.Thread(target=_kill_when_writing, args=(lake, cluster))
        killer.start()
        egmsql.build(lake, scheduler=cluster.address)
        killer.join()
        assert cluster.workers[0].poll() is not None
    assert content(lake) == content(alone)
    assert not list(lake.glob(".tmp/*"))


def _kill_when_writing(lake, cluster):
    deadline = time.monotonic() + 60
    while not list((lake / "features").rglob("*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.002)
    cluster.kill(0)


def test_a_failing_task_fails_the_build_in_one_line_and_publishes_nothing(
    lake, cluster, first_models, tmp_path
):
    before = content(lake)
    broken = tmp_path / "sql"
    shutil.copytree(first_models, broken)
    path = next(broken.glob("*/fits.sql"))
    path.write_text(path.read_text().replace("order by pid", "order by error('no such rows')"))
    with pytest.raises(ModelError, match="no such rows"):
        egmsql.build(lake, project=egmsql.load_project(broken), scheduler=cluster.address)
    assert content(lake) == before


def test_a_worker_of_another_version_is_named(lake, cluster, monkeypatch):
    monkeypatch.setattr(places, "stamp", lambda: ("0.0.0", "0.0.0", ()))
    with pytest.raises(LakeError, match="has another version than the build; install the same egmsql"):
        egmsql.build(lake, scheduler=cluster.address)


def test_a_worker_that_does_not_see_the_lake_is_named(lake, cluster, monkeypatch):
    task = builder._task
    (lake / "nowhere" / ".tmp").mkdir(parents=True)

    def elsewhere(*arguments):
        return dataclasses.replace(task(*arguments), lake=lake / "nowhere")

    monkeypatch.setattr(builder, "_task", elsewhere)
    with pytest.raises(LakeError, match="nowhere; mount it there under the same path"):
        egmsql.build(lake, scheduler=cluster.address)


def test_nothing_at_the_address_is_one_line(lake, monkeypatch, capsys):
    monkeypatch.setattr(places, "_PATIENCE", "1s")
    with pytest.raises(SystemExit, match="1"):
        main(["build", str(lake), "--scheduler", "tcp://127.0.0.1:9"])
    said = capsys.readouterr().err
    assert said.startswith("tcp://127.0.0.1:9: no Dask scheduler answers")
    assert said.count("\n") == 1


def test_without_dask_the_option_says_what_to_install(lake, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SystemExit, match="1"):
        main(["build", str(lake), "--scheduler", "tcp://127.0.0.1:9"])
    assert "pip install 'egmsql[cluster]'" in capsys.readouterr().err
