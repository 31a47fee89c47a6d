"""Many clients at once: every answer is the one that a client alone gets; and a publish in the middle of it.

`EGMSQL_LOAD_SECONDS=60 pytest -s tests/test_web_load.py` is the long run and prints how long answers took.
"""

import os
import random
import shutil
import threading
import time

import forge
import httpx
import numpy as np
import pytest
from websites import Server

import egmsql
from egmsql.lake import SERVING

SECONDS = float(os.environ.get("EGMSQL_LOAD_SECONDS", "6"))
CLIENTS = 32
BOX = "13.15,38.69,13.21,38.73"

MIX = {
    "viewport points": (6, f"/-/egms/viewport?bbox={BOX}&format=arrow"),
    "viewport small": (6, "/-/egms/viewport?bbox=13.175,38.700,13.18,38.705"),
    "viewport cells": (6, f"/-/egms/viewport?bbox={BOX}&limit=100&format=arrow"),
    "point": (3, "/-/egms/point?pid=166ax4TCOe"),
    "series": (4, "/-/egms/series?pid=166ax4TCOe"),
    "reference's points": (2, "/get_points?min_lat=38.7&max_lat=38.71&min_lon=13.17&max_lon=13.18&thresh=1&zoom=15"),
    "reference's series": (1, "/get_timeseries?pid=166ax4TCOe"),
    "polygon": (1, "/-/egms/polygon?polygon=13.18,38.70;13.183,38.70;13.183,38.703"),
    "profile": (1, "/-/egms/profile?line=13.16,38.70;13.18,38.705&width_m=100"),
    "download": (1, "/-/egms/download?bbox=13.175,38.700,13.18,38.705"),
    "table": (2, "/egms/points.json?_size=20&viewing=ascending&_nofacet=1"),
    "facets": (1, "/egms/points.json?_size=5&_facet=product"),
    "row": (1, "/egms/products/EGMS_L2b_022_0845_IW2_VV_2020_2024_1.json"),
    "sql": (2, "/egms.json?_shape=array&sql=select+viewing,+count(*)+as+n+from+points+group+by+1+order+by+1"),
}  # fmt: skip


def essence(response):
    """Return what must not depend on the moment."""
    if response.headers["content-type"].startswith("application/json"):
        content = response.json()
        if isinstance(content, dict):
            content.pop("query_ms", None)
            for facet in (content.get("facet_results") or {}).values():
                facet.pop("timestamp", None)
        return content
    return response.content


def test_32_clients_all_get_the_right_answer(real_lake):
    server = Server(real_lake, "--sql", "on")
    try:
        alone = {}
        for name, (_, path) in MIX.items():
            response = server.client.get(path)
            assert response.status_code == 200, (name, response.text[:300])
            alone[name] = essence(response)
        done = _run(server, alone)
        assert server.process.poll() is None
    finally:
        server.close()
    wrong = [(name, status) for name, status, _ in done if status != "right"]
    assert not wrong, wrong[:5]
    assert len(done) >= CLIENTS
    _report(done)


def _run(server, alone):
    done, until = [], time.monotonic() + SECONDS
    names = [name for name, (weight, _) in MIX.items() for _ in range(weight)]

    def client(seed):
        chance = random.Random(seed)
        with httpx.Client(base_url=str(server.client.base_url), timeout=60) as session:
            while time.monotonic() < until:
                name = chance.choice(names)
                started = time.perf_counter()
                try:
                    response = session.get(MIX[name][1])
                    right = response.status_code == 200 and essence(response) == alone[name]
                    status = "right" if right else f"{response.status_code} {response.text[:200]}"
                except httpx.HTTPError as error:
                    status = repr(error)
                done.append((name, status, time.perf_counter() - started))

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def _report(done):
    print(f"\n{CLIENTS} clients, {SECONDS:g} s: {len(done)} answers, {len(done) / SECONDS:.0f} a second")
    for name in MIX:
        times = [1000 * t for n, _, t in done if n == name]
        if times:
            p50, p99 = np.percentile(times, [50, 99])
            print(f"{name:18} {len(times):6} answers  p50 {p50:7.1f} ms  p99 {p99:7.1f} ms")


@pytest.fixture(scope="module")
def two_states(tmp_path_factory):
    """Return a lake with one product, and the served file of the same lake with two."""
    folder = tmp_path_factory.mktemp("states")
    for number in (845, 846):
        (folder / str(number)).mkdir()
        forge.product(burst=number, n_points=30).write_zip(folder / str(number))
    lake = folder / "lake"
    egmsql.ingest(lake, [folder / "845"])
    egmsql.build(lake)
    shutil.copy(lake / SERVING, folder / "one.duckdb")
    egmsql.ingest(lake, [folder / "846"])
    egmsql.build(lake)
    shutil.copy(lake / SERVING, folder / "two.duckdb")
    return lake, [folder / "one.duckdb", folder / "two.duckdb"]


def test_a_publish_is_seen_without_restart_and_never_half(two_states):
    """Two states take turns; each page's count, facets and rows belong to one of them."""
    lake, files = two_states
    server = Server(lake)
    seen, wrong, ended = set(), [], threading.Event()

    def client(seed):
        with httpx.Client(base_url=str(server.client.base_url), timeout=60) as session:
            while not ended.is_set():
                page = session.get("/egms/points.json?_facet=product&_size=100&_shape=objects").json()
                info = session.get("/-/egms/info").json()
                facets = page["facet_results"]["product"]["results"]
                counted = sum(each["count"] for each in facets)
                rows = len(page["rows"])
                datasets = sum(each["n_points"] for each in info["datasets"])
                if not page["filtered_table_rows_count"] == counted == rows in (30, 60):
                    wrong.append((page["filtered_table_rows_count"], counted, rows))
                if datasets != info["tables"]["points"]["rows"]:
                    wrong.append((datasets, info["tables"]["points"]["rows"]))
                seen.add(rows)

    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(4)]
    try:
        for thread in threads:
            thread.start()
        for turn in range(12):
            fresh = lake / f"next-{turn}.duckdb"
            shutil.copy(files[turn % 2], fresh)
            fresh.replace(lake / SERVING)
            until = time.monotonic() + 10
            digest = None
            while time.monotonic() < until:
                (n,) = {server.client.get("/-/egms/health").json()["points"]}
                if n == (30, 60)[turn % 2]:
                    digest = n
                    break
            assert digest, "the new state was not shown"
            while (
                n not in seen and time.monotonic() < until
            ):  # the pages of a busy machine take longer than a turn
                time.sleep(0.05)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        server.close()
    assert not wrong, wrong[:5]
    assert seen == {30, 60}
