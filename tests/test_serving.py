"""The tables that the web reads: what they hold, and that their file is replaced as a whole."""

import random
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


def changed_models(tmp_path, name, before, after):
    """Return a project whose model of that name says something else."""
    folder = shutil.copytree(egmsql.load_project().folder, tmp_path / "sql")
    path = folder / egmsql.load_project().models[name].path.relative_to(egmsql.load_project().folder)
    assert before in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    return egmsql.load_project(folder)


def test_building_one_model_that_is_not_served_leaves_the_file(small, tmp_path):
    egmsql.build(small)
    before = (small / SERVING).stat()
    project = changed_models(tmp_path, "report.agreement", "'decimals': 1,", "'decimals': 0,")
    outcome = egmsql.build(small, models=["report.agreement"], project=project)
    assert outcome.runs
    assert (small / SERVING).stat().st_ino == before.st_ino


def test_a_text_that_changed_is_shown_without_writing_the_rows_again(small, tmp_path, monkeypatch):
    egmsql.build(small)
    with duckdb.connect(str(small / SERVING), read_only=True) as connection:
        rows_before = connection.execute("from points order by pid").fetchall()
    project = changed_models(tmp_path, "serving.points", "A measurement point as the web", "A dot as the web")
    from egmsql import serving

    monkeypatch.setattr(serving, "scan", lambda *_: pytest.fail("rows are written again"))
    egmsql.build(small, project=project)
    with duckdb.connect(str(small / SERVING), read_only=True) as connection:
        (comment,) = connection.execute(
            "select comment from duckdb_tables() where table_name = 'points'"
        ).fetchone()
        assert comment.startswith("A dot as the web")
        assert connection.execute("from points order by pid").fetchall() == rows_before
    assert [str(step) for step in egmsql.plan(small, project=project)] == []


def damage(path, offset, byte=None):
    """Shorten a file to `offset` bytes, or flip the bits of one byte there."""
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    if byte is None:
        del content[offset:]
    else:
        content[offset] ^= byte
    path.unlink()  # else the copies that a server has open were damaged too
    path.write_bytes(content)


@pytest.mark.parametrize("kept", [0.001, 0.3, 0.9, 0.9999])
def test_a_shortened_file_is_found_by_check_and_made_again(kept, small):
    egmsql.build(small)
    assert egmsql.check(small).is_clean
    damage(small / SERVING, int((small / SERVING).stat().st_size * kept))
    found = egmsql.check(small)
    assert found.served == (
        f"serving.duckdb: is not what was written; run `egmsql check {small} --repair`, then `egmsql build`"
    )
    assert egmsql.repair(small) == [found.served] and not (small / SERVING).exists()
    egmsql.build(small)
    assert egmsql.check(small).is_clean


def test_a_flipped_bit_is_found_by_check_or_changes_nothing(small):
    egmsql.build(small)
    content = (small / SERVING).read_bytes()

    def every_row():
        with duckdb.connect(str(small / SERVING), read_only=True) as connection:
            names = connection.execute(
                "select schema_name, table_name from duckdb_tables() order by all"
            ).fetchall()
            return [connection.execute(f'from "{s}"."{t}" order by all').fetchall() for s, t in names]

    whole, chance, n_found = every_row(), random.Random(7), 0
    for _ in range(40):
        (small / SERVING).unlink()
        (small / SERVING).write_bytes(content)
        damage(small / SERVING, chance.randrange(len(content)), 1 << chance.randrange(8))
        if egmsql.check(small).served:
            n_found += 1
        else:
            assert every_row() == whole
    assert n_found >= 10


def test_a_file_older_than_the_lake_is_found_by_check(small, tmp_path):
    egmsql.build(small)
    shutil.copyfile(small / SERVING, tmp_path / "before.duckdb")
    (tmp_path / "second").mkdir()
    forge.product(burst=846).write_zip(tmp_path / "second")
    egmsql.ingest(small, [tmp_path / "second"])
    egmsql.build(small)
    assert egmsql.check(small).is_clean
    (tmp_path / "before.duckdb").replace(small / SERVING)
    assert egmsql.check(small).served == f"serving.duckdb: is older than the lake; run `egmsql build {small}`"
    egmsql.build(small)
    assert egmsql.check(small).is_clean
