"""The tables that the web reads: what they hold, and that their file is replaced as a whole."""

import shutil

import duckdb
import forge
import pytest

import egmsql
from egmsql.lake import SERVING


@pytest.fixture
def served(real_lake):
    connection = duckdb.connect()
    connection.execute(f"attach '{real_lake / SERVING}' as served (read_only)")
    connection.execute(f"set variable lake = '{real_lake}'")
    connection.execute(f"attach '{real_lake / 'egmsql.duckdb'}' as lake (read_only)")
    connection.execute("use served")
    yield connection
    connection.close()


def rows(connection, query):
    return connection.execute(query).fetchall()


def test_every_point_is_served_once_with_its_own_numbers(served):
    assert rows(served, "select count(*) from points") == rows(
        served, "select count(*) from lake.observed.points"
    )
    assert rows(
        served,
        """
        from points join lake.features.kinematics as fitted using (pid, product)
        where abs(points.velocity_mm_yr - fitted.velocity_mm_yr) > 0.00501
            or abs(points.temporal_coherence - fitted.temporal_coherence) > 0.000501
            or abs(points.velocity_sigma_mm_yr - fitted.velocity_sigma_mm_yr) > 0.000501
        """,
    ) == []  # fmt: skip


def test_pid_numbers_spell_the_pids(served):
    from egmsql.web.queries import pid_number

    found = rows(served, "select pid, pid_number from points using sample 200 rows")
    assert [pid_number(pid) for pid, _ in found] == [number for _, number in found]


def test_every_point_has_degrees_also_where_only_metres_were_delivered(served):
    assert rows(served, "from points where longitude is null or latitude is null") == []
    ((west, south, east, north),) = rows(
        served,
        "select min(longitude), min(latitude), max(longitude), max(latitude) from points where level = 'L3'",
    )
    assert 13.1 < west < east < 13.3 and 38.6 < south < north < 38.8  # Ustica


@pytest.mark.parametrize("zoom", range(2, 12))
def test_each_zoom_of_the_overviews_is_the_sum_of_its_points(served, zoom):
    """Counts, means and both extremes, with the pids that have them, from the points themselves."""
    wrong = rows(
        served,
        f"""
        with direct as (
            select release, level, viewing,
                floor(easting / (10 * 2 ** {zoom}))::integer as cell_x, floor(northing / (10 * 2 ** {zoom}))::integer as cell_y,
                count(*) as n, avg(round(velocity_mm_yr * 100)) / 100 as mean,
                min({{'v': velocity_mm_yr, 'pid': pid}}) as low, max({{'v': velocity_mm_yr, 'pid': pid}}) as high
            from points
            where velocity_mm_yr is not null and acceleration_mm_yr2 is not null and seasonality_mm is not null
            group by all
        )
        select * from direct
        full join (from overviews where zoom = {zoom}) as cells using (release, level, viewing, cell_x, cell_y)
        where n is distinct from n_points or abs(mean - velocity_mm_yr) > 0.0051
            or low.v != velocity_min_mm_yr or low.pid != velocity_min_pid
            or high.v != velocity_max_mm_yr or high.pid != velocity_max_pid or n is null
        """,
    )
    assert wrong == []


def test_no_zoom_loses_the_strongest_movers(served):
    extremes = rows(
        served,
        "select level, viewing, min(velocity_mm_yr), max(velocity_mm_yr) from points group by all order by all",
    )
    for zoom in range(2, 12):
        assert extremes == rows(
            served,
            f"""select level, viewing, min(velocity_min_mm_yr), max(velocity_max_mm_yr) from overviews
            where zoom = {zoom} group by all order by all""",
        )


def test_outlines_hold_the_box_and_close(served):
    for outline, west, east, south, north in rows(
        served, "select outline, longitude_min, longitude_max, latitude_min, latitude_max from products"
    ):
        assert outline[0] == outline[-1] and len(outline) == 9
        lons, lats = zip(*outline, strict=True)
        assert west <= min(lons) < max(lons) <= east and south <= min(lats) < max(lats) <= north


def test_no_served_column_is_a_word_that_datasette_cannot_ask_for(served):
    reserved = {
        w
        for (w,) in rows(
            served, "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
        )
    }
    columns = {
        c for (c,) in rows(served, "select column_name from duckdb_columns() where database_name = 'served'")
    }
    assert columns & (reserved | {"true", "false"}) == set()


def test_every_served_column_is_explained(served):
    assert rows(
        served,
        """select table_name, column_name from duckdb_columns()
        where database_name = 'served' and schema_name = 'main' and (table_name, column_name) not in
            (select (replace(model, 'serving.', ''), column_name) from glossary where meaning != '')""",
    ) == []  # fmt: skip


@pytest.fixture
def small(tmp_path):
    forge.product(n_points=40).write_zip(tmp_path)
    egmsql.ingest(tmp_path / "lake", [tmp_path])
    return tmp_path / "lake"


def steps(lake):
    return [str(step) for step in egmsql.plan(lake)]


def test_a_build_writes_the_file_once_and_plans_nothing_more(small):
    egmsql.build(small)
    before = (small / SERVING).stat()
    assert before.st_mode & 0o777 == 0o444
    assert steps(small) == []
    egmsql.build(small)
    assert (small / SERVING).stat().st_ino == before.st_ino


def test_a_lost_or_foreign_file_is_planned_and_made_again(small):
    egmsql.build(small)
    (small / SERVING).unlink()
    assert steps(small) == ["serving.duckdb  tables of the web changed"]
    egmsql.build(small)
    assert steps(small) == []
    (small / SERVING).unlink()
    with duckdb.connect(str(small / SERVING)) as connection:
        connection.execute("create table other as select 1 as one")
    assert steps(small) == ["serving.duckdb  tables of the web changed"]
    egmsql.build(small)
    assert steps(small) == []


def test_a_failed_writing_leaves_the_file_before(small, monkeypatch):
    egmsql.build(small)
    before = (small / SERVING).read_bytes()
    from egmsql import serving

    monkeypatch.setattr(
        serving, "_add_bookkeeping", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    monkeypatch.setattr(serving, "FORMAT", 99)
    with pytest.raises(egmsql.LakeError, match="the disk is full"):
        egmsql.build(small)
    assert (small / SERVING).read_bytes() == before
    assert [p.name for p in small.iterdir() if p.suffix == ".wal"] == []


def test_removing_a_product_takes_it_out_of_the_file(small, tmp_path):
    egmsql.build(small)
    shutil.copytree(small, tmp_path / "copy")
    second = tmp_path / "second"
    second.mkdir()
    forge.product(burst=846).write_zip(second)
    egmsql.ingest(small, [second])
    egmsql.build(small)
    with duckdb.connect(str(small / SERVING), read_only=True) as connection:
        names = [n for (n,) in connection.execute("select product from products order by 1").fetchall()]
    assert len(names) == 2
    egmsql.remove(small, names[1])
    egmsql.build(small)
    with duckdb.connect(str(small / SERVING), read_only=True) as connection:
        assert connection.execute("select distinct product from points").fetchall() == [(names[0],)]
