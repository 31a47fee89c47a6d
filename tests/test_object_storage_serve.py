"""Serving a lake on object storage: the same answers as from the disk, and the new state after a publish."""

import time

import object_storage
import pytest
from egmsql.web import watch
from websites import Site

import egmsql
from egmsql.export.layers import Filters
from egmsql.export.writing import export


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with (
        object_storage.Storage(tmp_path_factory.mktemp("storage") / "log") as running,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in {**running.environment, "HOME": str(home), "EGMSQL_CACHE": str(home)}.items():
            patch.setenv(name, value)
        running.make_bucket("ground")
        yield running


@pytest.fixture(scope="module")
def lake(storage, real_lake):
    """The real lake, copied file by file into a bucket: names are relative, so it is a lake there too."""
    for path in real_lake.rglob("*"):
        if path.suffix in (".parquet", ".duckdb"):
            storage.client.upload_file(str(path), "ground", f"real/{path.relative_to(real_lake).as_posix()}")
    return "s3://ground/real"


@pytest.fixture(scope="module")
def site(lake):
    found = Site(lake)
    yield found
    found.close()


def test_it_answers_as_the_lake_on_disk(site, real_site):
    pid = real_site.json("/egms/points.json?_shape=array&_size=1")[0]["pid"]
    for route in (f"/-/egms/point?pid={pid}", f"/-/egms/series?pid={pid}", "/-/egms/info"):
        there, here = site.get(route), real_site.get(route)
        assert (there.status_code, there.text) == (200, here.text), route


def test_series_of_a_lost_object_are_a_clean_refusal(site, storage, lake):
    snapshot = site.served.current
    product, path = next(iter(snapshot.series.paths.items()))
    key = f"real/{path}"
    kept = storage.content("ground", key)
    pid = snapshot._connection.execute("select pid from served.points limit 1").fetchone()[0]
    storage.client.delete_object(Bucket="ground", Key=key)
    try:
        snapshot.series._footers.clear()
        with pytest.raises(Exception, match=product):
            snapshot.series.read(product, [pid])
    finally:
        storage.client.put_object(Bucket="ground", Key=key, Body=kept)


def test_a_publish_is_seen_without_a_restart(site, storage, monkeypatch):
    monkeypatch.setattr(watch, "_LOOK_EVERY", 0.0)
    before = site.served.current
    content = storage.content("ground", "real/serving.duckdb")
    storage.client.put_object(Bucket="ground", Key="real/serving.duckdb", Body=content + b"\0")
    deadline = time.monotonic() + 60
    while site.served.current is before and time.monotonic() < deadline:
        assert site.get("/health").status_code == 200
        time.sleep(0.02)
    assert site.served.current is not before


def test_report_and_export_are_those_of_the_lake_on_disk(lake, real_lake, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    assert str(egmsql.report(lake).answers) == str(egmsql.report(real_lake).answers)
    for layer in ("points", "areas"):
        for root, out in ((lake, "there"), (real_lake, "here")):
            export(root, layer, tmp_path / out / f"{layer}.csv", Filters())
        assert (tmp_path / "there" / f"{layer}.csv").read_bytes() == (
            tmp_path / "here" / f"{layer}.csv"
        ).read_bytes()
