"""`egmsql serve` and the plugin: pages, a proxy's path, other sites, and where it must not appear."""

import asyncio

import forge
import pytest
from datasette.app import Datasette
from egmsql.web.metadata import QUERIES
from egmsql.web.plugin import served_of
from websites import Site

import egmsql
from egmsql.cli import main

ROW = "/egms/points/166ax4TCOe,EGMS_L2b_022_0845_IW2_VV_2020_2024_1"


def test_pages_say_what_each_column_means(real_site):
    table, row = real_site.get("/egms/points").text, real_site.get(ROW).text
    for page in (table, row):
        assert "along one" not in page and "Velocity by EGMS" in page and "[mm/yr]" in page
    assert "/-/static-plugins/egmsql/egms.css" in table and "format=csv" in row
    for page in (table, real_site.get("/egms").text):
        assert "Copernicus Land Monitoring Service" in page and "European Environment Agency" in page
    assert real_site.get("/-/static-plugins/egmsql/egms.css").status_code == 200


def test_each_page_leads_to_the_map(real_site):
    for path in ("/", "/egms", "/egms/points", ROW, "/egms?sql=select+1"):
        assert 'href="/-/map' in real_site.get(path).text, path
    assert "on the map" in real_site.get(ROW).text and "Show on the map" in real_site.get("/egms/points").text
    assert "Show on the map" not in real_site.get("/egms/products").text


@pytest.mark.parametrize("name", QUERIES)
def test_ready_queries_run(real_site, name):
    path = f"/egms/{name}.json?_shape=array&longitude=13.18&latitude=38.705"
    assert len(real_site.json(path)) > 1
    assert real_site.get(f"/egms/{name}?longitude=13.18&latitude=38.705").status_code == 200


def test_facets_filters_sorting_and_paging_together(real_site):
    path = "/egms/points.json?_size=40&viewing=descending&velocity_mm_yr__lt=-5&_sort=velocity_mm_yr&_facet=track"
    page = real_site.json(path + "&_shape=objects")
    velocities = [row["velocity_mm_yr"] for row in page["rows"]]
    assert velocities == sorted(velocities) and max(velocities) < -5
    total = page["filtered_table_rows_count"]
    assert sum(f["count"] for f in page["facet_results"]["track"]["results"]) == total > 40
    following = real_site.json(page["next_url"].replace("http://localhost", ""))
    assert len(following["rows"]) == total - 40 and following["rows"][0]["velocity_mm_yr"] >= velocities[-1]


def test_behind_a_proxy_links_stay_under_its_path(real_lake):
    site = Site(real_lake, base_url="/motion/")
    try:
        page = site.get("/egms/points")
        assert page.status_code == 200 and 'href="/motion/egms"' in page.text
        assert "/motion/-/static-plugins/egmsql/egms.css" in page.text
        assert f'href="{ROW}' not in page.text
        assert 'href="/motion/-/map"' in site.get("/").text and 'href="/-/map' not in site.get(ROW).text
        assert site.json("/-/egms/health")["status"] == "ok"
        assert site.json("/-/egms/openapi.json")["servers"] == [{"url": "/motion"}]
        assert site.get("/-/versions.json").status_code == 404
    finally:
        site.close()


def test_the_map_is_closed_to_those_who_may_not_see_the_points(real_lake):
    site = Site(
        real_lake, metadata={"databases": {"egms": {"tables": {"points": {"allow": {"id": "root"}}}}}}
    )
    try:
        assert site.get("/-/map").status_code == 403
    finally:
        site.close()


def test_other_sites_may_read_only_where_asked(real_lake, real_site):
    assert "access-control-allow-origin" not in real_site.get("/-/egms/health").headers
    site = Site(real_lake, cors=True)
    try:
        assert site.get("/-/egms/health").headers["access-control-allow-origin"] == "*"
        assert site.get("/egms/products.json").headers["access-control-allow-origin"] == "*"
    finally:
        site.close()


def test_without_a_lake_the_plugin_sleeps():
    loop = asyncio.new_event_loop()
    datasette = Datasette([], memory=True)
    loop.run_until_complete(datasette.invoke_startup())
    for path in ("/-/egms/health", "/get_points", "/health", "/egms"):
        assert loop.run_until_complete(datasette.client.get(path)).status_code == 404
    page = loop.run_until_complete(datasette.client.get("/_memory.json?sql=select+1"))
    assert page.status_code == 200 and "content-security-policy" not in page.headers
    assert "egms" not in loop.run_until_complete(datasette.client.get("/")).text
    assert loop.run_until_complete(datasette.client.get("/-/versions.json")).status_code == 200
    datasette.executor.shutdown()
    loop.close()


def test_as_a_plugin_it_takes_a_name_and_a_path_from_the_environment(real_lake, monkeypatch):
    monkeypatch.setenv("SOME_LAKE", str(real_lake))
    configuration = {"plugins": {"egmsql": {"lake": {"$env": "SOME_LAKE"}, "name": "ground"}}}
    loop = asyncio.new_event_loop()
    datasette = Datasette([], metadata=configuration)
    loop.run_until_complete(datasette.invoke_startup())
    try:
        page = loop.run_until_complete(datasette.client.get("/ground/products.json?_shape=array"))
        assert len(page.json()) == 3
        assert loop.run_until_complete(datasette.client.get("/-/egms/info")).status_code == 200
    finally:
        served_of(datasette).close()
        datasette.executor.shutdown()
        loop.close()


def test_areas_and_classes_are_served(real_lake):
    site = Site(real_lake)
    try:
        box = "bbox=13.15,38.69,13.21,38.73"
        columns = site.json(f"/-/egms/viewport?{box}&class=linear&columns=class")["columns"]
        assert set(columns["class"]) == {"linear"}
        cells = site.json(f"/-/egms/viewport?{box}&class=linear&columns=class&kind=cells")["columns"]
        every = site.json(f"/-/egms/viewport?{box}&columns=class&kind=cells")["columns"]
        assert 0 < len(cells["class"]) < len(every["class"])
        shape = "13.17,38.70;13.19,38.70;13.19,38.72"
        assert {"linear", "stable"} <= set(site.json(f"/-/egms/polygon?polygon={shape}&series=no")["class"])
        areas = site.json(f"/-/egms/areas?{box}&viewing=descending")["columns"]
        assert areas["cluster"] and set(areas["viewing"]) == {"descending"}
        assert site.json("/-/egms/areas?bbox=1,1,2,2")["n"] == 0
        (feature, *_) = site.json("/-/egms/areas?format=geojson")["features"]
        assert feature["geometry"]["type"] == "Polygon" and feature["properties"]["class"]
        parts = site.json("/-/egms/subareas")["columns"]
        assert set(parts["cluster"]) <= set(site.json("/-/egms/areas")["columns"]["cluster"])
        assert site.get(f"/egms/areas/{areas['cluster'][0]}").status_code == 200
    finally:
        site.close()


def refusal(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["serve", *map(str, arguments)])
    assert ended.value.code == 1
    text = capsys.readouterr().err.strip()
    assert "\n" not in text
    return text


def test_what_cannot_be_served_is_one_line(tmp_path, capsys):
    assert "is no lake" in refusal(capsys, tmp_path)
    forge.product().write_zip(tmp_path)
    egmsql.ingest(tmp_path / "lake", [tmp_path])
    assert "has no tables to serve; make them with `egmsql build" in refusal(capsys, tmp_path / "lake")
    assert "is no path" in refusal(capsys, tmp_path / "lake", "--base-url", "motion")
