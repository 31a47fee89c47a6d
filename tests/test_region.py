"""A simulated region through the whole program: seams, scatterers seen twice, one changed setting, pictures."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import egmsql
from egmsql.plot import plot
from egmsql.simulator import simulate


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """Return (files, lake) of a small region of two tracks and one release, built; tests only read it."""
    folder = tmp_path_factory.mktemp("region")
    simulate(folder / "files", points=6000, seed=3, tracks=2, levels="L2b", releases="2020_2024")
    lake = folder / "lake"
    assert not egmsql.ingest(lake, [folder / "files"]).errors
    egmsql.build(lake)
    return folder / "files", lake


def ask(lake, query, *parameters):
    with egmsql.connect(lake, spatial=False, udfs=False) as connection:
        return connection.execute(query, list(parameters)).fetchall()


def pairs(files):
    """Return the common table expression of scatterers that two bursts of a track see."""
    return f"""
        with truth as (from read_parquet('{files}/truth.parquet')),
        pairs as (
            select one.pid, one.product, other.pid as other_pid, other.product as other_product
            from truth as one
            inner join truth as other on other.pid = one.duplicate_of
        )
    """


def test_no_seam_shows_where_one_product_ends(region):
    """What the ground around says is the same to the last bit, whichever burst a scatterer is read from."""
    files, lake = region
    query = """
        select count(*), count(*) filter (here.local_velocity_mm_yr is distinct from there.local_velocity_mm_yr
            or here.n_points_near <> there.n_points_near)
        from pairs
        inner join neighbourhood.support as here using (pid, product)
        inner join neighbourhood.support as there on there.pid = other_pid and there.product = other_product
        inner join observed.points as a using (pid, product)
        inner join observed.points as b on b.pid = other_pid and b.product = other_product
        where floor(a.easting / 500) = floor(b.easting / 500) and floor(a.northing / 500) = floor(b.northing / 500)
    """
    ((n_pairs, n_different),) = ask(lake, pairs(files) + query)
    assert n_pairs > 100 and n_different == 0


def test_a_scatterer_has_one_class_in_both_bursts(region):
    files, lake = region
    query = """
        select count(*), avg((here.class = there.class)::integer),
            avg((here.class = there.class)::integer) filter (least(here.probability, there.probability) > 0.8)
        from pairs
        inner join classes.motion as here using (pid, product)
        inner join classes.motion as there on there.pid = other_pid and there.product = other_product
    """
    ((n_pairs, same, same_where_sure),) = ask(lake, pairs(files) + query)
    assert n_pairs > 100
    assert same > 0.88 and same_where_sure > 0.97


def test_each_scatterer_is_counted_once(region):
    """Who stays after the duplicates are taken out: hardly a scatterer twice, none not at all."""
    files, lake = region
    query = """
        , kept as (
            select ground_id
            from truth
            anti join neighbourhood.duplicates using (pid, product)
        )
        select
            (select count(distinct ground_id) from truth) - (select count(distinct ground_id) from kept) as lost,
            (select count(*) - count(distinct ground_id) from kept) as twice,
            (select count(*) from pairs) as n_pairs
    """
    ((lost, twice, n_pairs),) = ask(lake, pairs(files) + query)
    assert n_pairs > 100
    assert twice < 0.02 * n_pairs and lost < 0.02 * n_pairs


def test_what_moves_fast_is_found_with_its_kind(region):
    files, lake = region
    query = """
        select truth.class, avg((
            motion.class = truth.class
            -- a bend is only called one where it is clearly better than a smooth change
            or truth.class = 'velocity_change' and motion.class in ('accelerating', 'decelerating')
        )::integer)
        from truth
        inner join classes.motion as motion using (pid, product)
        where abs(motion_mm_yr) > 5 and noise_sigma_mm < 4 and motion.class <> 'unclassified'
        group by all
        having count(*) >= 15
    """
    found = dict(ask(lake, pairs(files) + query))
    assert {"linear", "velocity_change"} <= set(found)
    assert min(found.values()) > 0.6


def test_a_changed_threshold_rebuilds_only_what_follows_and_plan_says_so(region, tmp_path):
    lake = shutil.copytree(region[1], tmp_path / "lake")
    sql = shutil.copytree(egmsql.load_project().folder, tmp_path / "sql")
    path = sql / "60_classes" / "attributes.sql"
    text = path.read_text()
    assert "2.5 as wave_limit" in text
    path.write_text(text.replace("2.5 as wave_limit", "4.0 as wave_limit"))
    project = egmsql.load_project(sql)
    planned = {s.model for s in egmsql.plan(lake, project=project)}
    followers = set(project.descendants("classes.attributes")) & set(project.tables)
    # What joins releases has nothing to do here, where there is one; the web's file is not a model.
    assert {"classes.attributes", "classes.motion", "blocks.eligible", "clusters.areas"} <= planned
    assert planned - {"serving.duckdb"} <= followers
    done = {r.model for r in egmsql.build(lake, project=project).runs}
    assert {"classes.attributes", "classes.motion"} <= done <= planned
    assert not done & {"features.hypotheses", "rules.effects", "neighbourhood.support", "geometry.cells"}


def test_audits_find_nothing_to_stop_for(region):
    assert ask(region[1], "select audit from _audits where severity = 'error' and n_rows > 0") == []


# One point as a picture


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_point_of_each_class_becomes_a_picture(region, tmp_path, ending):
    lake = region[1]
    chosen = ask(lake, "select class, first(pid), first(product) from classes.motion group by class")
    assert len(chosen) >= 7
    for name, pid, product in chosen:
        out = plot(lake, pid, tmp_path / f"{name}.{ending}", product)
        assert out.stat().st_size > 5000
        assert out.read_bytes()[:4] in (b"\x89PNG", b"<?xm", b"%PDF")
    assert not list(tmp_path.glob("*.part"))


def test_the_curve_is_the_model_that_won(region):
    """Drawn again from what is stored, it leaves what the bank says that it leaves."""
    from egmsql.plot.model import fit_curve
    from egmsql.plot.point import read_point

    lake = region[1]
    rows = ask(
        lake,
        "select family, first(pid), first(product), first(residual_sigma_mm) from features.hypotheses"
        " where family is not null group by family",
    )
    for family, pid, product, sigma in rows:
        curve = fit_curve(read_point(lake, pid, product))
        assert curve.sigma == pytest.approx(sigma, rel=0.12), family


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "166ax5Ofja", "a.png"], "no lake"),
        (
            ["LAKE", "166ax5Ofja", "a.png"],
            "holds no measurement point 166ax5Ofja; look pids up in observed.points",
        ),
        (["LAKE", "PID", "a.gif"], "a.gif: is no picture; end it in .png, .svg, .pdf"),
        (["LAKE", "PID", "a.png", "--product", "x"], "not in x; choose one of EGMS_L2b"),
        (["LAKE", "PID", "no/such/folder/a.png"], "No such file or directory"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(region, tmp_path, arguments, said):
    ((pid,),) = ask(region[1], "select min(pid) from observed.points")
    words = {"LAKE": str(region[1]), "PID": pid}
    command = [str(Path(sys.executable).parent / "egmsql"), "plot", *(words.get(a, a) for a in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and said in done.stderr
    assert list(tmp_path.iterdir()) == []
