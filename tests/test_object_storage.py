"""A lake on object storage: the same lake as on disk, for one writer, under kills, without a word of the keys."""

import os
import signal
import subprocess
import sys
import time

import clusters
import duckdb
import object_storage
import pytest

import egmsql
from egmsql import objects
from egmsql.buckets import Lease, bucket_lake
from egmsql.cli import main
from egmsql.credentials import access_to, httpfs_file
from egmsql.errors import LakeError
from egmsql.lake import CATALOGUE, lake_at
from egmsql.objects import home, object_path
from egmsql.simulator import simulate

_RUN = "from egmsql.cli import main; main()"


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    with object_storage.Storage(tmp_path_factory.mktemp("storage") / "log") as running:
        yield running


@pytest.fixture(scope="module")
def user(storage, tmp_path_factory):
    """What a user has: a home of their own, and keys in the environment."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**storage.environment, "HOME": str(folder)}.items():
            patch.setenv(name, value)
        patch.delenv("EGMSQL_CACHE", raising=False)
        patch.delenv("XDG_CACHE_HOME", raising=False)
        yield folder


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("products")
    simulate(folder, points=600, products=2, seed=4)
    return sorted(folder.glob("*.zip"))


@pytest.fixture(scope="module")
def beside(files, first_models, tmp_path_factory):
    """The same lake on disk."""
    lake = tmp_path_factory.mktemp("disk") / "lake"
    egmsql.ingest(lake, files)
    egmsql.build(lake)
    return lake


@pytest.fixture(scope="module")
def lake(storage, user, files, first_models):
    """A built lake in a bucket; tests only read it."""
    storage.make_bucket("ground")
    assert not egmsql.ingest("s3://ground/some/lake", files).errors
    egmsql.build("s3://ground/some/lake")
    return "s3://ground/some/lake"


@pytest.fixture
def bucket(storage, user):
    name = f"bucket-{time.time_ns()}"
    return storage.make_bucket(name)


@pytest.fixture
def copy(storage, lake, bucket):
    """A lake of its own for a test that writes."""
    for key in storage.keys("ground", "some/lake/"):
        content = storage.content("ground", key)
        storage.client.put_object(Bucket=bucket, Key=key.removeprefix("some/"), Body=content)
    return f"s3://{bucket}/lake"


def content(lake):
    """Return (model, partition) -> the digest of the file's bytes."""
    return {key: record.content for key, record in lake_at(lake).load().files.items()}


def refused(capsys, *arguments):
    """Return the one line with which a command fails."""
    with pytest.raises(SystemExit, match="1"):
        main(list(arguments))
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    assert object_storage.SECRET not in said
    return said


def test_its_files_are_those_of_the_lake_on_disk_byte_for_byte(lake, beside):
    assert content(lake) == content(beside)
    assert egmsql.plan(lake) == []
    found = egmsql.check(lake)
    assert found.is_clean
    assert found.n_files == len(content(beside))


@pytest.mark.parametrize("model", ["observed.points", "series.displacement", "features.fits"])
def test_its_rows_are_those_of_the_lake_on_disk(lake, beside, model):
    query = f"select count(*), bit_xor(hash(m)) from {model} as m"
    with egmsql.connect(lake) as there, egmsql.connect(beside) as here:
        assert there.execute(query).fetchall() == here.execute(query).fetchall()


def test_the_plain_shell_attaches_it_with_httpfs_and_a_secret(lake, storage, beside):
    with duckdb.connect() as connection:
        connection.execute(f"load '{httpfs_file()}'")
        connection.execute(
            f"create secret (type s3, key_id '{object_storage.KEY_ID}', secret '{object_storage.SECRET}',"
            f" region 'eu-west-1', endpoint '127.0.0.1:{storage.port}', url_style 'path', use_ssl false)"
        )
        connection.execute(f"set variable lake = '{lake}'")
        connection.execute(f"attach '{lake}/egmsql.duckdb' as ground (read_only)")
        found = connection.execute("select count(*) from ground.features.fits").fetchone()
    with egmsql.connect(beside) as here:
        assert here.execute("select count(*) from features.fits").fetchone() == found


def test_a_second_ingest_and_build_have_nothing_to_do(lake, files):
    assert egmsql.ingest(lake, files).n_ingested == 0
    assert egmsql.build(lake).runs == []


def test_a_persistent_secret_of_duckdb_opens_it_without_an_environment(lake, storage, user, monkeypatch):
    for name in storage.environment:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with duckdb.connect() as connection:
        connection.execute(f"load '{httpfs_file()}'")
        connection.execute(
            f"create persistent secret ground (type s3, key_id '{object_storage.KEY_ID}', url_style 'path',"
            f" secret '{object_storage.SECRET}', region 'eu-west-1', use_ssl false,"
            f" endpoint '127.0.0.1:{storage.port}', scope 's3://ground')"
        )
        try:
            with egmsql.connect(lake) as found:
                assert found.execute("select count(*) from observed.points").fetchone()[0] > 0
        finally:
            connection.execute("drop persistent secret ground")


def test_a_killed_build_completes_when_run_again(copy, beside, storage):
    project = [sys.executable, "-c", _RUN, "--sql", str(egmsql.load_project().folder)]
    egmsql.remove(copy, sorted(lake_at(copy).load().sources)[0])
    bucket = copy.split("/")[2]
    for key in storage.keys(bucket, "lake/features/"):
        storage.client.delete_object(Bucket=bucket, Key=key)
    process = subprocess.Popen(
        [*project, "build", copy, "--threads", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not storage.keys(bucket, "lake/features/") and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert egmsql.build(copy).blocked == []  # at once: the machine knows that its process ended
    assert egmsql.plan(copy) == []
    assert egmsql.check(copy).is_clean
    whole = content(beside)
    assert {key: whole[key] for key in content(copy)} == content(copy)


def test_a_second_writer_is_refused_on_this_machine_and_on_another(copy, capsys, monkeypatch, tmp_path):
    with bucket_lake(copy).writing():
        assert f"process {os.getpid()} is writing to it" in refused(capsys, "build", copy)
        monkeypatch.setenv("EGMSQL_CACHE", str(tmp_path))  # as another machine has it
        said = refused(capsys, "build", copy)
        assert said.startswith(f"{copy}: process {os.getpid()} on ")
        assert "wait for it to end, or give --wait SECONDS" in said
    egmsql.build(copy)  # given back


def test_a_writer_without_a_sign_loses_its_place_and_cannot_publish(copy, monkeypatch):
    monkeypatch.setattr("egmsql.buckets._SILENCE", -1.0)
    lake, project = bucket_lake(copy), egmsql.load_project()
    from egmsql.catalog import publish

    with lake.writing():
        state = lake.load()
        with (
            Lease(lake.root, "another machine", 0.0),
            pytest.raises(LakeError, match="wrote to it meanwhile"),
        ):
            publish(lake, project, state)


def test_two_commands_that_both_believe_to_be_alone_cannot_both_publish(copy, monkeypatch):
    monkeypatch.setattr(Lease, "renew", lambda self: None)
    lake, project = bucket_lake(copy), egmsql.load_project()
    from egmsql.catalog import publish

    with lake.writing():
        state = lake.load()
        path = lake.root / CATALOGUE
        path.put(path.read_bytes() + b"\0")  # of another's, published meanwhile
        before = path.etag()
        with pytest.raises(LakeError, match="wrote to it meanwhile, nothing was published; run again"):
            publish(lake, project, state)
        assert path.etag() == before


def test_storage_that_ignores_conditions_is_refused(copy, monkeypatch):
    put = objects.ObjectPath.put
    monkeypatch.setattr(objects.ObjectPath, "put", lambda self, content, **ignored: put(self, content))
    with pytest.raises(LakeError, match="its storage ignores the conditions of a put"):
        egmsql.build(copy)


def test_an_answer_that_was_lost_is_no_conflict(copy):
    lake = bucket_lake(copy)
    with Lease(lake.root, "here", 0.0) as lease:
        old = lease._etag
        lease.renew()
        lease._etag = old  # the put went well, its answer did not arrive, boto tried again
        lease.renew()


def test_check_notices_lost_and_other_files_and_repair_makes_them_again(copy, storage):
    bucket = copy.split("/")[2]
    lost, other = list(storage.keys(bucket, "lake/features/fits/"))[:2]
    storage.client.delete_object(Bucket=bucket, Key=lost)
    storage.client.put_object(Bucket=bucket, Key=other, Body=b"PAR1 not quite PAR1")
    damaged = sorted(egmsql.check(copy).damaged)
    assert sorted(s.rpartition(": ")[2] for s in damaged) == ["is lost", "is not what was written"]
    egmsql.repair(copy)
    egmsql.build(copy)
    assert egmsql.check(copy).is_clean


def test_clean_deletes_old_files_that_nothing_names_and_remove_takes_a_product_out(copy, storage):
    bucket = copy.split("/")[2]
    before = set(storage.keys(bucket))
    left = f"lake/features/fits/product=gone/{'0' * 20}.parquet"
    for key in (left, "lake/notes/mine.parquet"):
        storage.client.put_object(Bucket=bucket, Key=key, Body=b"left by a kill")
    assert egmsql.clean(copy, "1d") == (0, 0)
    assert egmsql.clean(copy, "0s") == (1, 14)
    assert set(storage.keys(bucket)) == before | {"lake/notes/mine.parquet"}
    gone = sorted(lake_at(copy).load().sources)[0]
    egmsql.remove(copy, gone)
    assert gone not in lake_at(copy).load().sources
    assert egmsql.check(copy).is_clean


def test_workers_of_a_cluster_write_it_too(copy, storage, beside, tmp_path):
    bucket = copy.split("/")[2]
    storage.client.delete_object(
        Bucket=bucket, Key=f"lake/{lake_at(copy).load().files_of('features.fits')[0].path}"
    )
    egmsql.repair(copy)
    with clusters.Cluster(tmp_path, n_workers=2) as cluster:
        done = egmsql.build(copy, scheduler=cluster.address)
    assert [run.model for run in done.runs] == ["features.fits"]
    assert content(copy) == content(beside)
    assert not storage.keys(bucket, "lake/.tmp/")


def test_no_file_of_lake_or_cache_and_no_message_has_the_keys(lake, storage, user, tmp_path):
    told = object_storage.SECRET.encode()
    assert not [key for key in storage.keys("ground") if told in storage.content("ground", key)]
    assert not [path for path in user.rglob("*") if path.is_file() and told in path.read_bytes()]
    assert object_storage.SECRET not in repr(access_to(lake))
    with egmsql.connect(lake) as connection:
        shown = str(connection.execute("select * from duckdb_secrets()").fetchall())
        assert object_storage.SECRET not in shown
        with pytest.raises(duckdb.Error):
            connection.execute("from duckdb_secrets(redact = false)").fetchall()


def test_wrong_keys_are_one_line(tmp_path, monkeypatch, user, capsys):
    with object_storage.Storage(tmp_path / "log", strict=True) as strict:
        monkeypatch.setenv("AWS_ENDPOINT_URL", strict.url)
        said = refused(capsys, "plan", "s3://ground/lake")
    assert "the storage refuses the credentials" in said


def test_no_keys_at_all_are_one_line(storage, user, monkeypatch, capsys):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("egmsql.credentials._session", __import__("boto3").session.Session)
    assert "has no credentials; set AWS_ACCESS_KEY_ID" in refused(capsys, "plan", "s3://ground/lake")


def test_a_missing_bucket_a_missing_lake_and_other_addresses_are_one_line(bucket, files, capsys):
    assert "s3://nowhere: there is no such bucket" in refused(capsys, "plan", "s3://nowhere/lake")
    assert "s3://nowhere: there is no such bucket" in refused(
        capsys, "ingest", "s3://nowhere/x", str(files[0])
    )
    assert f"s3://{bucket}/lake: is no lake" in refused(capsys, "build", f"s3://{bucket}/lake")
    assert "is no address of a lake" in refused(capsys, "build", "gs://bucket/lake")
    assert "names no bucket" in refused(capsys, "build", "s3:///lake")


def test_an_endpoint_that_does_not_answer_is_one_line(user, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    said = refused(capsys, "plan", "s3://ground/lake")
    assert "the storage does not answer (EndpointConnectionError); check AWS_ENDPOINT_URL" in said


@pytest.mark.parametrize("package", ["boto3", "duckdb_extension_httpfs"])
def test_without_the_extra_the_command_says_what_to_install(user, monkeypatch, capsys, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("egmsql.credentials._session", access_to.__globals__["_session"].__wrapped__)
    assert "pip install 'egmsql[s3]'" in refused(capsys, "plan", "s3://ground/lake")


def test_a_sandbox_needs_a_lake_on_disk(lake, capsys):
    assert "copy the lake to a folder first" in refused(capsys, "sandbox", lake, "features.fits")


def test_a_copy_on_this_machine_is_fetched_once_for_each_state(copy):
    path = object_path(f"{copy}/{CATALOGUE}")
    first = path.local()
    written = first.stat().st_mtime_ns
    assert path.local() == first and first.stat().st_mtime_ns == written
    path.put(path.read_bytes() + b"\0")
    assert path.local() != first
    assert first.exists()  # somebody may be about to open it
    assert home(object_path(copy)).stat().st_mode & 0o077 == 0
