"""What a second build does: nothing, or exactly what follows from a change, as `plan` said before."""

import datetime
import json
import re
import shutil

import duckdb
import forge
import pytest

import egmsql
from egmsql.contracts import write_contracts
from egmsql.lake import Lake

pytestmark = pytest.mark.usefixtures("first_models")

ONE = "EGMS_L2b_022_0845_IW2_VV_2020_2024_1"
TWO = "EGMS_L2b_022_0846_IW2_VV_2020_2024_1"
TILES = ["E45N17", "E46N17", "E47N17"]

_TILES = """-- A product that a tile reads: its own and those of the tiles beside it.
--
-- version: 1
-- grain:   partition, product
-- defines: tile

create or replace table grid.tiles as

select
    own.tile as partition,
    beside.product
from observed.products as own
inner join observed.products as beside on abs(own.easting_min - beside.easting_min) < 150000
order by partition, product
;
"""
_DENSITY = """-- How many points of a product a tile reads.
--
-- version:   1
-- grain:     product
-- partition: tile

create or replace table local.density as

select
    product,
    count(*) as n_points
from observed.points
group by product
order by product
;
"""
_OWN = """-- A point of a tile's own ground, without those of its halo.
--
-- version:   1
-- grain:     pid
-- partition: tile

create or replace table local.own as

select
    points.pid,
    products.tile
from observed.points as points
inner join observed.products as products using (product)
inner join this.partition as own on own.name = products.tile
order by pid
;
"""
_CROWD = """-- How many points the tiles count for a product.
--
-- version:   1
-- grain:     product
-- partition: product

create or replace table later.crowd as

select
    points.product,
    sum(density.n_points)::bigint as n_points
from (select distinct product from observed.points) as points
inner join local.density as density using (product)
group by points.product
order by points.product
;
"""


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """Return a folder with two delivered files that differ in epochs, place and missing cells."""
    folder = tmp_path_factory.mktemp("delivered")
    forge.product(burst=845, n_points=40).write_zip(folder)
    dates = forge.epochs(datetime.date(2020, 2, 2), n_epochs=11, step=150)
    other = forge.product(burst=846, n_points=30, dates=dates, seed=2)
    other[other.epochs[3], 7] = ""
    other[other.epochs[4], 7] = "NaN"
    other[other.epochs[0], 9] = ""
    other.write_zip(folder)
    return folder


@pytest.fixture(scope="module")
def template(delivered, first_models, tmp_path_factory):
    """Return a built lake of the two files, to be copied."""
    lake = tmp_path_factory.mktemp("template") / "lake"
    assert not egmsql.ingest(lake, [delivered]).errors
    egmsql.build(lake)
    return lake


@pytest.fixture
def lake(template, tmp_path):
    """Return a built lake of a test's own."""
    return shutil.copytree(template, tmp_path / "lake")


@pytest.fixture
def sql(tmp_path):
    """Return a copy of the installed models that a test may edit."""
    return shutil.copytree(egmsql.load_project().folder, tmp_path / "sql")


def edit(sql, place, old, new):
    """Replace a text in one file of `sql/`, and return the project as it is then."""
    text = (sql / place).read_text()
    assert old in text
    (sql / place).write_text(text.replace(old, new))
    return egmsql.load_project(sql)


def with_contracts(sql):
    """Write the contracts again and return the project."""
    text = write_contracts(egmsql.infer_contracts(egmsql.load_project(sql)))
    (sql / "contracts.txt").write_text(text)
    return egmsql.load_project(sql)


def planned(lake, project=None):
    """Return what `plan` says of rows, (model, partition) -> reason; the catalogue itself is left out."""
    steps = egmsql.plan(lake, project=project)
    return {(s.model, s.partition): s.reason for s in steps if s.model != "egmsql.duckdb"}


def done(outcome):
    """Return what a build did, (model, partition) -> action."""
    return {(r.model, r.partition): r.action for r in outcome.runs}


def files(lake):
    """Return every file of a lake with the time of its last change."""
    found = (p for p in lake.rglob("*") if p.is_file() and not p.name.startswith(".lock"))
    return {p.relative_to(lake).as_posix(): p.stat().st_mtime_ns for p in found}


def published(lake):
    """Return (model, partition) -> path of the file that the catalogue names."""
    return {key: record.path for key, record in Lake(lake).load().files.items()}


def rows(lake, model):
    """Return all rows of a model as texts, in one order."""
    with egmsql.connect(lake, spatial=False, udfs=False) as connection:
        return [t for (t,) in connection.execute(f"select t::varchar from {model} t order by 1").fetchall()]


def test_a_second_build_changes_no_file_and_plan_says_so(lake):
    before = files(lake)
    assert egmsql.plan(lake) == []
    outcome = egmsql.build(lake)
    assert (outcome.runs, outcome.blocked) == ([], [])
    assert files(lake) == before
    assert any(path.startswith("features/fits/") for path in before)


def test_ingesting_the_same_files_again_changes_no_file(lake, delivered):
    before = files(lake)
    outcome = egmsql.ingest(lake, [delivered])
    assert sorted(text for _, text in outcome.lines) == ["nothing to do: already in the lake"] * 2
    assert outcome.runs == [] and files(lake) == before


def test_a_comment_and_layout_edit_does_nothing(lake, sql):
    project = edit(
        sql, "40_features/fits.sql", "0.1 as mm_per_unit,    ", "  0.1   as mm_per_unit,\n--  in tenths\n"
    )
    before = files(lake)
    assert planned(lake, project) == {}
    assert egmsql.build(lake, project=project).runs == []
    assert files(lake) == before


def test_a_changed_constant_rebuilds_its_descendants_only(lake, sql):
    project = edit(sql, "40_features/fits.sql", "0.1 as mm", "0.2 as mm")
    before, old_rows = published(lake), rows(lake, "features.fits")
    changed = {("features.fits", ONE), ("features.fits", TWO)}
    assert planned(lake, project) == dict.fromkeys(changed, "sql changed")
    assert done(egmsql.build(lake, project=project)) == dict.fromkeys(changed, "built")
    after = published(lake)
    assert {key for key in before if after[key] != before[key]} == changed
    assert planned(lake, project) == {} and rows(lake, "features.fits") != old_rows
    with egmsql.connect(lake) as connection:
        twice = "select bool_and(abs(velocity_mm_yr) > 0) and count(*) = 70 from features.fits"
        assert connection.execute(twice).fetchone() == (True,)


def test_undoing_a_change_brings_the_old_rows_back(lake, sql):
    old_rows, before = rows(lake, "features.fits"), published(lake)
    egmsql.build(lake, project=edit(sql, "40_features/fits.sql", "0.1 as mm", "0.2 as mm"))
    assert set(planned(lake).values()) == {"sql changed"}
    assert set(done(egmsql.build(lake)).values()) == {"resumed"}  # its file is still there
    assert rows(lake, "features.fits") == old_rows and published(lake) == before


def test_a_raised_version_says_so_and_keeps_equal_rows(lake, sql):
    edit(sql, "40_features/fits.sql", "-- version:   2", "-- version:   3")
    project = with_contracts(sql)
    before = published(lake)
    assert planned(lake, project) == dict.fromkeys(
        [("features.fits", ONE), ("features.fits", TWO)], "version 2 -> 3"
    )
    assert set(done(egmsql.build(lake, project=project)).values()) == {"unchanged"}
    assert published(lake) == before and planned(lake, project) == {}
    with egmsql.connect(lake) as connection:
        found = "select distinct version from _files where model = 'features.fits'"
        assert connection.execute(found).fetchall() == [(3,)]


def test_a_raised_version_without_its_contract_is_refused_and_nothing_lost(lake, sql):
    project = edit(sql, "40_features/fits.sql", "-- version:   2", "-- version:   3")
    before = published(lake)
    with pytest.raises(egmsql.ModelError, match=r"is version 3, its contract version 2; write the contracts"):
        egmsql.build(lake, project=project)
    assert published(lake) == before and len(rows(lake, "features.fits")) == 70


def test_columns_other_than_promised_are_refused_and_nothing_lost(lake, sql):
    project = edit(sql, "40_features/fits.sql", "as season_sine_mm", "as sine_mm")
    before = published(lake)
    with pytest.raises(
        egmsql.ModelError, match="breaks the contract of version 2 in season_sine_mm, sine_mm"
    ):
        egmsql.build(lake, project=project)
    assert published(lake) == before


def test_a_changed_macro_is_named_by_every_model_that_calls_it(lake, sql):
    project = edit(sql, "00_macros/missing_epochs.sql", "[]::integer[]", "list_value()::integer[]")
    plan = planned(lake, project)
    assert {key for key, why in plan.items() if why == "macro missing_epochs changed"} == {
        (model, product) for model in ("observed.gaps", "features.fits") for product in (ONE, TWO)
    }
    before = published(lake)
    actions = done(egmsql.build(lake, project=project))
    assert set(actions.values()) == {"unchanged"} and published(lake) == before
    assert not any(model == "series.fit_weights" for model, _ in actions)
    assert planned(lake, project) == {}


def test_a_changed_macro_of_views_only_is_published_without_a_task(lake, sql):
    project = edit(sql, "00_macros/facility_name.sql", "'UNDEF'", "'NOBODY'")
    egmsql.build(lake, project=project)
    with egmsql.connect(lake) as connection:
        assert connection.execute("select facility_name(0)").fetchone() == ("NOBODY",)


def test_equal_rows_upstream_leave_descendants_alone(lake, sql):
    place = "30_series/fit_weights.sql"
    project = edit(
        sql,
        place,
        "inner join observed.products as products using",
        "join observed.products as products using",
    )
    weights, fits = ("series.fit_weights", ONE), ("features.fits", ONE)
    plan, before = planned(lake, project), published(lake)
    assert plan[weights] == "sql changed" and plan[fits] == "upstream series.fit_weights"
    actions = done(egmsql.build(lake, project=project))
    assert actions == {("series.fit_weights", p): "unchanged" for p in (ONE, TWO)}
    assert published(lake) == before and planned(lake, project) == {}


def test_other_rows_upstream_rebuild_descendants(lake, sql):
    place = "30_series/fit_weights.sql"
    project = edit(
        sql, place, "weights.velocity as velocity_weights", "weights.acceleration as velocity_weights"
    )
    actions = done(egmsql.build(lake, project=project))
    assert actions == {(m, p): "built" for m in ("series.fit_weights", "features.fits") for p in (ONE, TWO)}


def test_adding_a_product_rebuilds_nothing_of_the_others(lake, tmp_path):
    before = published(lake)
    third = forge.product(burst=847)
    assert not egmsql.ingest(lake, [third.write_zip(tmp_path)]).errors
    plan = planned(lake)
    assert plan[("features.fits", third.stem)] == "new" or plan[("features.fits", third.stem)].startswith(
        "upstream"
    )
    assert {partition for _, partition in plan} == {third.stem}
    assert {p for _, p in done(egmsql.build(lake))} == {third.stem}
    after = published(lake)
    assert {key: after[key] for key in before} == before
    assert len(after) == len(before) // 2 * 3


def test_a_newer_delivery_replaces_the_older_and_an_older_one_is_skipped(lake, tmp_path):
    newer = forge.product(burst=845, n_points=12, version=2, seed=9)
    outcome = egmsql.ingest(lake, [newer.write_zip(tmp_path)])
    (line,) = [text for _, text in outcome.lines]
    assert f"replaces {ONE}" in line
    egmsql.build(lake)
    assert {p for _, p in published(lake)} == {newer.stem, TWO}
    with egmsql.connect(lake) as connection:
        counted = connection.execute("select count(*) from features.fits").fetchone()
        assert counted == (42,)
    before = files(lake)
    late = egmsql.ingest(lake, [forge.write_zip(tmp_path, burst=845, n_points=40)])
    assert [text for _, text in late.lines] == [f"skipped: the lake holds the newer delivery {newer.stem}"]
    assert late.runs == [] and files(lake) == before


def test_of_two_deliveries_in_one_call_the_newer_is_taken(tmp_path):
    lake = tmp_path / "lake"
    paths = [forge.write_zip(tmp_path, version=v, seed=v) for v in (2, 1, 10)]
    outcome = egmsql.ingest(lake, paths)
    assert len(outcome.lines) == 3 and not outcome.errors
    assert next(p for _, p in published(lake)).endswith("_10") and len({p for _, p in published(lake)}) == 1


def test_a_changed_file_of_the_same_name_replaces_its_rows(lake, tmp_path):
    changed = forge.product(burst=845, n_points=40)
    changed["mean_velocity", 1] = "7.7"
    outcome = egmsql.ingest(lake, [changed.write_zip(tmp_path)])
    assert "replaces the content ingested before" in outcome.lines[0][1]
    with egmsql.connect(lake) as connection:
        query = f"select mean_velocity from observed.points where product = '{ONE}' and source_row = 1"
        assert connection.execute(query).fetchall() == [(7.7,)]
    egmsql.build(lake)
    assert egmsql.check(lake).is_clean


def test_a_removed_product_is_gone_from_every_model(lake):
    kept = {key: path for key, path in published(lake).items() if key[1] == TWO}
    egmsql.remove(lake, ONE)
    assert published(lake) == kept and planned(lake) == {}
    with egmsql.connect(lake) as connection:
        for model in egmsql.load_project().tables:
            assert connection.execute(f"select distinct product from {model}").fetchall() == [(TWO,)]
    assert egmsql.build(lake).runs == [] and egmsql.check(lake).is_clean


def test_a_lake_without_products_can_be_planned_built_and_filled_again(lake, delivered):
    old = rows(lake, "features.fits")
    egmsql.remove(lake, ONE)
    egmsql.remove(lake, TWO)
    assert planned(lake) == {} and egmsql.build(lake).runs == []
    assert rows(lake, "features.fits") == []
    egmsql.ingest(lake, [delivered])
    egmsql.build(lake)
    assert rows(lake, "features.fits") == old


def test_a_missing_source_keeps_the_old_rows_and_the_rest_is_built(sql, tmp_path):
    lake = tmp_path / "lake"
    kept, gone = forge.write_zip(tmp_path, burst=845), forge.write_zip(tmp_path, burst=846)
    egmsql.ingest(lake, [kept, gone])
    egmsql.build(lake)
    gone.unlink()
    edit(sql, "40_features/fits.sql", "0.1 as mm", "0.2 as mm")
    project = edit(
        sql, "20_observed/points.sql", "    height_ortho,", "    coalesce(height_ortho, -1) as height_ortho,"
    )
    before, plan = published(lake), planned(lake, project)
    assert plan[("observed.points", TWO)].startswith(f"source missing: ingest {gone} again")
    assert plan[("observed.points", ONE)] == "sql changed"
    outcome = egmsql.build(lake, project=project)
    assert [(s.model, s.partition) for s in outcome.blocked] == [("observed.points", TWO)]
    assert {("features.fits", ONE), ("features.fits", TWO)} <= set(done(outcome))
    assert published(lake)[("observed.points", TWO)] == before[("observed.points", TWO)]
    assert set(planned(lake, project)) == {("observed.points", TWO)}
    forge.write_zip(tmp_path, burst=846)
    assert planned(lake, project) == {("observed.points", TWO): "sql changed"}
    egmsql.build(lake, project=project)
    assert planned(lake, project) == {}


def test_a_source_replaced_in_place_does_not_stop_what_does_not_need_it(sql, tmp_path):
    lake = tmp_path / "lake"
    paths = [forge.write_zip(tmp_path, burst=b) for b in (845, 846)]
    egmsql.ingest(lake, paths)
    egmsql.build(lake)
    forge.write_zip(tmp_path, burst=846, seed=5)
    edit(sql, "40_features/fits.sql", "0.1 as mm", "0.2 as mm")
    project = edit(
        sql, "20_observed/points.sql", "    height_ortho,", "    coalesce(height_ortho, -1) as height_ortho,"
    )
    outcome = egmsql.build(lake, project=project)
    assert ("observed.points", TWO) in {(s.model, s.partition) for s in outcome.blocked}
    assert {("observed.points", ONE), ("features.fits", ONE)} <= set(done(outcome))


def test_a_lost_file_is_planned_as_lost_and_made_again(lake):
    before = published(lake)
    for key in (("features.fits", ONE), ("observed.points", TWO)):
        (lake / before[key]).unlink()
    plan = planned(lake)
    assert plan[("features.fits", ONE)] == "file lost"
    assert plan[("observed.points", TWO)].startswith("file lost")
    egmsql.build(lake)
    assert published(lake) == before and planned(lake) == {}
    assert egmsql.check(lake).is_clean and len(rows(lake, "features.fits")) == 70


def test_a_lost_file_does_not_keep_another_product_out(lake, tmp_path):
    (lake / published(lake)[("observed.products", ONE)]).unlink()
    (lake / published(lake)[("features.fits", TWO)]).unlink()
    outcome = egmsql.ingest(lake, [forge.write_zip(tmp_path, burst=847)])
    assert not outcome.errors
    egmsql.build(lake)
    assert egmsql.check(lake).is_clean and len(rows(lake, "observed.products")) == 3


def test_a_lost_file_whose_source_is_missing_does_not_stop_the_rest(sql, tmp_path):
    lake = tmp_path / "lake"
    kept, gone = forge.write_zip(tmp_path, burst=845), forge.write_zip(tmp_path, burst=846)
    egmsql.ingest(lake, [kept, gone])
    egmsql.build(lake)
    gone.unlink()
    (lake / published(lake)[("observed.points", TWO)]).unlink()
    project = edit(sql, "40_features/fits.sql", "0.1 as mm", "0.2 as mm")
    outcome = egmsql.build(lake, project=project)
    assert [(s.model, s.partition) for s in outcome.blocked] == [("observed.points", TWO)]
    assert set(done(outcome)) == {("features.fits", ONE), ("features.fits", TWO)}


def test_a_deleted_model_leaves_the_catalogue_and_its_files_can_be_cleaned(lake, sql):
    (sql / "40_features/fits.sql").unlink()
    project = egmsql.load_project(sql)
    egmsql.build(lake, project=project)
    assert not any(model == "features.fits" for model, _ in published(lake))
    with egmsql.connect(lake) as connection:
        known = "select count(*) from duckdb_views() where schema_name = 'features'"
        assert connection.execute(known).fetchone() == (0,)


def test_a_broken_audit_publishes_nothing(lake, sql):
    (sql / "audits/fits_are_slow.sql").write_text(
        "-- No point moves.\n--\n-- severity: error\n-- audits:   features.fits\n\n"
        "select pid from features.fits where velocity_mm_yr <> 0\n;\n"
    )
    project = edit(sql, "40_features/fits.sql", "0.1 as mm", "0.2 as mm")
    before, old_rows = published(lake), rows(lake, "features.fits")
    with pytest.raises(egmsql.AuditError, match=r"rows break the audit fits_are_slow of features.fits"):
        egmsql.build(lake, project=project)
    assert published(lake) == before and rows(lake, "features.fits") == old_rows
    assert set(planned(lake, project)) == {("features.fits", ONE), ("features.fits", TWO)}


def test_building_only_some_models_builds_what_they_need(lake, sql):
    edit(sql, "30_series/fit_weights.sql", "weights.velocity as v", "weights.acceleration as v")
    project = edit(sql, "40_features/fits.sql", "0.1 as mm", "0.2 as mm")
    only = egmsql.build(lake, ["series.fit_weights"], project=project)
    assert {m for m, _ in done(only)} == {"series.fit_weights"}
    assert {m for m, _ in planned(lake, project)} == {"features.fits"}
    with pytest.raises(egmsql.LakeError, match=r"no.such: is no stored model; choose among .*features.fits"):
        egmsql.build(lake, ["no.such"], project=project)


def test_one_run_over_two_products_gives_the_rows_of_a_run_per_product(lake):
    project = egmsql.load_project()
    with duckdb.connect() as connection:
        for macro in ("missing_epochs", "residual_std", "residual_rms"):
            connection.execute(project.macros[macro].text)
        for schema in ("series", "features"):
            connection.execute(f"create schema {schema}")
        for upstream in ("series.displacement", "series.fit_weights"):
            paths = [str(lake / p) for (model, _), p in published(lake).items() if model == upstream]
            assert len(paths) == 2
            connection.execute(
                f"create view {upstream} as from read_parquet({paths}, hive_partitioning = false)"
            )
        connection.execute(project.models["features.fits"].text)
        query = "select t::varchar from features.fits t order by 1"
        together = [text for (text,) in connection.execute(query).fetchall()]
    assert together == rows(lake, "features.fits") and len(together) == 70
    assert sum("'n_epochs': 9" in text for text in together) == 1  # two of eleven epochs missing


@pytest.fixture(scope="module")
def tile_template(tmp_path_factory):
    """Return (sql, lake): a project with tiles and their halo, built over three neighbouring tiles."""
    folder = tmp_path_factory.mktemp("tiles")
    sql = shutil.copytree(egmsql.load_project().folder, folder / "sql")
    for place, text in (("50_grid/tiles.sql", _TILES), ("55_local/density.sql", _DENSITY)):
        (sql / place).parent.mkdir()
        (sql / place).write_text(text)
    project = with_contracts(sql)
    paths = [forge.write_zip(folder, level="L3", tile=t, n_points=10 + i) for i, t in enumerate(TILES)]
    egmsql.ingest(folder / "lake", paths, project=project)
    egmsql.build(folder / "lake", project=project)
    return sql, folder / "lake"


@pytest.fixture
def tiled(tile_template, tmp_path):
    """Return (sql, project, lake) of a test's own."""
    sql = shutil.copytree(tile_template[0], tmp_path / "sql")
    return sql, egmsql.load_project(sql), shutil.copytree(tile_template[1], tmp_path / "lake")


def density(lake):
    """Return tile -> {tile of the product: points} as the files of local.density say."""
    found = {}
    for (model, tile), path in published(lake).items():
        if model == "local.density":
            read = duckdb.execute(
                "select product, n_points from read_parquet(?)", [str(lake / path)]
            ).fetchall()
            found[tile] = {re.search("E..N..", product)[0]: count for product, count in read}
    return found


def test_a_tile_reads_its_own_product_and_its_halo(tiled):
    assert density(tiled[2]) == {
        "E45N17": {"E45N17": 10, "E46N17": 11},
        "E46N17": {"E45N17": 10, "E46N17": 11, "E47N17": 12},
        "E47N17": {"E46N17": 11, "E47N17": 12},
    }
    assert planned(tiled[2], tiled[1]) == {}


def add_tile(lake, project, tmp_path, tile="E48N17"):
    """Take one more tile into a lake."""
    assert not egmsql.ingest(lake, [forge.write_zip(tmp_path, level="L3", tile=tile)], project=project).errors


def test_a_new_product_rebuilds_only_the_tiles_that_read_it(tiled, tmp_path):
    _, project, lake = tiled
    before = published(lake)
    add_tile(lake, project, tmp_path)
    plan = planned(lake, project)
    actions = done(egmsql.build(lake, project=project))
    assert {p for m, p in actions if m == "local.density"} == {"E47N17", "E48N17"}
    assert {m for m, _ in actions} <= {m for m, _ in plan}
    assert density(lake)["E48N17"] == {"E47N17": 12, "E48N17": 5}
    after = published(lake)
    for tile in ("E45N17", "E46N17"):
        assert after["local.density", tile] == before["local.density", tile]
    assert planned(lake, project) == {}


def test_the_first_plan_of_a_lake_names_every_model_that_the_build_runs(tiled, tmp_path):
    _, project, _ = tiled
    lake = tmp_path / "first"
    add_tile(lake, project, tmp_path)
    plan = planned(lake, project)
    ran = {model for model, _ in done(egmsql.build(lake, project=project))}
    assert "local.density" in ran and ran <= {model for model, _ in plan}


def test_building_a_tiled_model_alone_brings_its_reading_list_up_to_date(tiled, tmp_path):
    _, project, lake = tiled
    add_tile(lake, project, tmp_path)
    egmsql.build(lake, ["local.density"], project=project)
    assert density(lake)["E48N17"] == {"E47N17": 12, "E48N17": 5}


def test_a_removed_product_takes_its_tile_with_it_and_plan_says_so(tiled):
    _, project, lake = tiled
    egmsql.remove(lake, "EGMS_L3_E45N17_100km_U_2020_2024_1", project=project)
    assert {m for m, _ in planned(lake, project)} == {"grid.tiles", "local.density"}
    egmsql.build(lake, project=project)
    assert density(lake) == {"E46N17": {"E46N17": 11, "E47N17": 12}, "E47N17": {"E46N17": 11, "E47N17": 12}}
    assert planned(lake, project) == {}


def test_the_last_product_takes_whole_lake_models_with_it_and_plan_says_so(tiled):
    _, project, lake = tiled
    for tile in TILES:
        egmsql.remove(lake, f"EGMS_L3_{tile}_100km_U_2020_2024_1", project=project)
    assert {m for m, _ in planned(lake, project)} == {"grid.tiles", "local.density"}
    egmsql.build(lake, project=project)
    assert published(lake) == {} and planned(lake, project) == {}


def test_a_lost_reading_list_is_made_again(tiled):
    _, project, lake = tiled
    before = published(lake)
    (lake / before["grid.tiles", ""]).unlink()
    assert planned(lake, project)["grid.tiles", ""] == "file lost"
    egmsql.build(lake, project=project)
    assert published(lake) == before


def test_a_product_reads_the_tiles_that_hold_it_or_is_refused(tiled):
    sql, _, lake = tiled
    (sql / "60_later").mkdir()
    (sql / "60_later/crowd.sql").write_text(_CROWD)
    try:
        project = with_contracts(sql)
        egmsql.build(lake, project=project)
    except egmsql.ModelError as refused:
        assert "tile" in str(refused)
        return
    with egmsql.connect(lake) as connection:
        counted = dict(connection.execute("from later.crowd").fetchall())
    # silently no rows would be the worst: E46 is read by three tiles, the others by two
    assert {re.search("E..N..", p)[0]: n for p, n in counted.items()} == {
        "E45N17": 20,
        "E46N17": 33,
        "E47N17": 24,
    }


def test_a_tile_keeps_to_its_own_ground_and_a_sandbox_gives_all_of_them(tiled):
    sql, _, lake = tiled
    (sql / "55_local/own.sql").write_text(_OWN)
    project = with_contracts(sql)
    egmsql.build(lake, project=project)
    by_tile = rows(lake, "local.own")
    assert len(by_tile) == 10 + 11 + 12
    with duckdb.connect(str(egmsql.sandbox(lake, "local.own", project=project))) as connection:
        connection.execute(project.models["local.own"].text)
        together = connection.execute("select t::varchar from local.own t order by 1").fetchall()
    assert [row for (row,) in together] == by_tile


def test_only_a_partitioned_model_knows_its_partition(sql):
    path = sql / "40_features" / "own.sql"
    path.write_text(_OWN.replace("local.own", "features.own").replace("-- partition: tile\n", ""))
    with pytest.raises(egmsql.ModelError, match=r"reads this.partition without a partition; add the key"):
        egmsql.load_project(sql)


def test_a_partition_that_cannot_be_a_folder_is_refused_in_one_line(tiled):
    sql, _, lake = tiled
    project = edit(sql, "50_grid/tiles.sql", "own.tile as partition", "'../../' || own.tile as partition")
    with pytest.raises(egmsql.EgmsqlError, match="cannot be a folder's name"):
        egmsql.build(lake, project=project)
    assert set(density(lake)) == set(TILES)
    assert not [p for p in lake.parent.iterdir() if "E45N17" in p.name]


def test_a_reading_list_without_its_columns_is_refused_by_name(tiled):
    sql, _, lake = tiled
    edit(sql, "50_grid/tiles.sql", "own.tile as partition", "own.tile as tile")
    edit(sql, "50_grid/tiles.sql", "order by partition", "order by tile")
    with pytest.raises(egmsql.EgmsqlError, match=r"tiles\.sql.*partition"):
        egmsql.build(lake, project=with_contracts(sql))


def test_a_reading_list_is_built_before_what_it_divides_whatever_their_names(tiled):
    sql, _, lake = tiled
    (sql / "45_grid").mkdir()
    (sql / "45_grid/early.sql").write_text(_DENSITY.replace("local.density", "grid.early"))
    try:
        project = with_contracts(sql)
    except egmsql.ModelError as refused:
        assert "tile" in str(refused)
        return
    egmsql.build(lake, project=project)
    assert planned(lake, project) == {}


def test_the_inputs_of_a_file_are_recorded_in_parts(lake):
    with egmsql.connect(lake) as connection:
        query = f"select inputs from _files where model = 'features.fits' and partition = '{ONE}'"
        inputs = json.loads(connection.execute(query).fetchone()[0])
    assert set(inputs["upstream"]) == {"series.displacement", "series.fit_weights"}
    assert set(inputs["macros"]) == {"missing_epochs", "residual_std", "residual_rms"}
    assert inputs["version"] == 2
