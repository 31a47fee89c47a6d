"""Clusters of a lake: the same whatever the blocks and threads, by viewing geometry, and where products meet."""

import re
import shutil

import numpy as np
import pytest
import towns
from egmsql.udfs.kernels.dbscan import find_clusters

import egmsql

MEMBERS = ["clusters.members", "clusters.cell_members"]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """Return a folder of two bursts of one track that share ground, and one of an ascending track."""
    folder = tmp_path_factory.mktemp("delivered")
    x, y, v = towns.spots(900, 1)
    left = np.arange(len(x)) % 2 == 0
    towns.write_zip(folder, x[left], y[left], v[left], burst=845)
    towns.write_zip(folder, x[~left], y[~left], v[~left], burst=846, seed=2)
    towns.write_zip(folder, x, y, v, burst=845, track=44, seed=3, look=towns.ASCENDING)
    return folder


@pytest.fixture(scope="module")
def sql(tmp_path_factory):
    return shutil.copytree(egmsql.load_project().folder, tmp_path_factory.mktemp("models") / "sql")


@pytest.fixture(scope="module")
def lake(delivered, tmp_path_factory):
    lake = tmp_path_factory.mktemp("clusters") / "lake"
    assert not egmsql.ingest(lake, [delivered]).errors
    egmsql.build(lake, [*MEMBERS, "clusters.areas", "clusters.subareas"])
    return lake


def query(lake, text):
    with egmsql.connect(lake, udfs=False) as connection:
        return connection.execute(text).fetchall()


def members(lake):
    """Return (product, pid) -> (cluster, is_core)."""
    rows = query(lake, "select product, pid, cluster, is_core from clusters.members")
    return {(product, pid): (cluster, is_core) for product, pid, cluster, is_core in rows}


def expected(lake):
    """Return the same from all eligible points at once, by the kernel alone."""
    found = {}
    for (stack,) in query(lake, "select distinct stack from blocks.eligible"):
        rows = query(
            lake,
            "select product, pid, easting, northing, velocity_mm_yr from blocks.eligible"
            f" where stack = '{stack}' order by pid, product",
        )
        x, y, v = (np.array([row[i] for row in rows]) for i in range(2, 5))
        known = find_clusters(x, y, v, 100.0, 3.0, 5)
        for row, cluster, is_core in zip(rows, known.cluster, known.is_core, strict=True):
            found[row[:2]] = (f"{stack}_{rows[cluster][1]}" if cluster >= 0 else None, bool(is_core))
    return found


def with_parameters(sql, tmp_path, **values):
    """Return a project whose `blocks.parameters` have other values."""
    folder = shutil.copytree(sql, tmp_path / "sql")
    path = folder / "66_blocks" / "parameters.sql"
    text = path.read_text()
    for name, value in values.items():
        text, n = re.subn(rf"\S+( as {name},)", rf"{value}\1", text)
        assert n == 1
    path.write_text(text)
    return egmsql.load_project(folder)


def copied(lake, tmp_path):
    return shutil.copytree(lake, tmp_path / "lake")


def built(done, model):
    """Return the partitions of a model that a build ran, and of them those whose rows became others."""
    runs = [run for run in done.runs if run.model == model]
    return {run.partition for run in runs}, {run.partition for run in runs if run.action == "built"}


def test_members_are_those_of_one_clustering_of_all_points(lake):
    found = members(lake)
    assert found == expected(lake)
    names = {cluster for cluster, _ in found.values()}
    assert None in names and len(names) > 5


def test_areas_move_east_and_up_as_the_cells_of_their_members(lake):
    found = query(
        lake,
        "select cluster, n_cells, velocity_east_mm_yr, velocity_up_mm_yr, velocity_up_sigma_mm_yr, velocity_mm_yr"
        " from clusters.areas where n_cells is not null",
    )
    assert found
    for cluster, *numbers, velocity in found:
        (known,) = query(
            lake,
            "select count(*), avg(velocity_east_mm_yr), avg(velocity_up_mm_yr),"
            " sqrt(avg(velocity_up_sigma_mm_yr) ** 2 + coalesce(var_samp(velocity_up_mm_yr), 0) / count(*))"
            " from geometry.cells where (easting, northing) in ("
            "  select (cell_of(easting), cell_of(northing)) from clusters.members join blocks.eligible using (pid, product)"
            f"  where cluster = '{cluster}')",
        )
        assert numbers == pytest.approx(known, abs=1e-3)
        assert numbers[2] / velocity > 0  # both tracks see the same velocity, so all of it is upward


def test_one_block_and_a_hundred_write_the_same_bytes(lake, sql, tmp_path):
    other = copied(lake, tmp_path)
    n_blocks = "select count(distinct partition), count(distinct stack) from blocks.grid"
    (whole,), (n_stacks,) = zip(*query(lake, n_blocks), strict=True)
    done = egmsql.build(other, MEMBERS, project=with_parameters(sql, tmp_path, block_points=90))
    assert whole == n_stacks == 2 and query(other, n_blocks)[0][0] >= 100
    ran, changed = built(done, "clusters.members")
    assert len(ran) == 3 and not changed
    files = "select partition, content from _files where model = 'clusters.members'"
    assert query(other, files) == query(lake, files)


def test_threads_change_no_row(lake, delivered, tmp_path):
    other = tmp_path / "lake"
    one = egmsql.Settings(threads=1, memory=2**28)
    egmsql.ingest(other, sorted(delivered.glob("*.zip"), reverse=True), one)
    egmsql.build(other, [*MEMBERS, "clusters.areas", "clusters.subareas"], settings=one)
    for model in ("clusters.members", "clusters.statistics", "clusters.areas", "clusters.subareas"):
        text = f"select t::varchar from {model} t order by 1"
        assert query(other, text) == query(lake, text), model


def test_products_of_one_track_cluster_together_and_tracks_apart(lake):
    rows = query(
        lake,
        "select cluster, count(distinct product) n, count(distinct product[10:12]) from clusters.members"
        " where cluster is not null group by cluster",
    )
    assert any(n == 2 for _, n, _ in rows)
    assert all(tracks == 1 for *_, tracks in rows)


@pytest.mark.parametrize(("grouping", "n_stacks"), [("direction", 2), ("all", 1)])
def test_grouping_puts_tracks_together(lake, sql, tmp_path, grouping, n_stacks):
    other = copied(lake, tmp_path)
    egmsql.build(other, MEMBERS, project=with_parameters(sql, tmp_path, grouping=f"'{grouping}'"))
    assert len(query(other, "select distinct stack from blocks.eligible")) == n_stacks
    assert members(other) == expected(other)


def test_cells_cluster_beside_points_when_asked_for(lake, sql, tmp_path):
    assert query(lake, "select count(*) from blocks.cells") == [(0,)]
    other = copied(lake, tmp_path)
    project = with_parameters(sql, tmp_path, with_cells="true", eps="150.0::double")
    egmsql.build(other, [*MEMBERS, "clusters.areas", "clusters.lineage"], project=project)
    rows = query(
        other,
        "select pid, easting, northing, velocity_east_mm_yr, velocity_up_mm_yr from blocks.cells order by pid",
    )
    pids, (x, y, east, up) = [row[0] for row in rows], np.array([row[1:] for row in rows]).T
    known = find_clusters(x, y, east, 150.0, 3.0, 5, up=up)
    assert query(other, "select pid, cluster, is_core from clusters.cell_members order by pid") == [
        (pid, f"cells_2020_2024_{pids[c]}" if c >= 0 else None, bool(core))
        for pid, c, core in zip(pids, known.cluster, known.is_core, strict=True)
    ]
    areas = query(
        other,
        "select cluster, n_points, n_cells, velocity_mm_yr, velocity_up_mm_yr, velocity_east_mm_yr, st_isvalid(geometry)"
        " from clusters.areas where level = 'cells'",
    )
    assert {name for name, *_ in areas} == {f"cells_2020_2024_{pids[c]}" for c in known.cluster if c >= 0}
    for name, n_points, n_cells, velocity, velocity_up, velocity_east, is_valid in areas:
        chosen = known.cluster == pids.index(name.removeprefix("cells_2020_2024_"))
        assert n_points == n_cells == chosen.sum() and velocity == velocity_up and is_valid
        assert velocity_up == pytest.approx(up[chosen].mean(), abs=1e-4)
        assert velocity_east == pytest.approx(east[chosen].mean(), abs=1e-4)
    names = [name for (name,) in query(other, "select cluster from clusters.areas")]
    assert len(set(names)) == len(names) > len(areas) > 0


def test_a_far_product_leaves_the_blocks_of_others_alone(lake, sql, tmp_path):
    other = copied(lake, tmp_path)
    before = members(other)
    x, y, v = towns.spots(60, 9)
    egmsql.ingest(other, [towns.write_zip(tmp_path, x + 90_000, y, v, burst=850)])
    done = egmsql.build(other, MEMBERS)
    new = "EGMS_L2b_022_0850_IW2_VV_2020_2024_1"
    assert built(done, "blocks.labels")[0] == blocks_of(other, new)
    assert built(done, "clusters.members")[1] == {new}
    after = members(other)
    assert {key: after[key] for key in before} == before


def blocks_of(lake, product):
    """Return the blocks that read a product."""
    rows = query(lake, f"select partition from blocks.grid where product = '{product}'")
    return {partition for (partition,) in rows}


def ingested(lake, folder, x, y, v, burst):
    path = towns.write_zip(folder, np.asarray(x), np.asarray(y), np.asarray(v), burst=burst, seed=burst)
    assert not egmsql.ingest(lake, [path]).errors
    return path.stem


def crowd(x0, v0, seed, n=20):
    rng = np.random.default_rng(seed)
    return np.column_stack([x0 + rng.uniform(-40, 40, n), rng.uniform(-40, 40, n), np.full(n, v0)])


def changes(lake):
    return query(
        lake,
        "select relation, cluster, previous, identity from _cluster_changes"
        " where changed_at = (select max(changed_at) from _cluster_changes) order by all",
    )


def test_a_neighbour_changes_only_the_clusters_that_it_touches(sql, tmp_path):
    """Two crowds and one far away; a second burst joins the two and brings a third: told, and untold again."""
    lake, project = tmp_path / "lake", with_parameters(sql, tmp_path, block_points=30)
    near, far = np.concatenate([crowd(0, -8, 1), crowd(900, -8, 2), crowd(9000, 9, 3)]), 9000
    old = ingested(lake, tmp_path, *near.T, burst=845)
    egmsql.build(lake, MEMBERS, project=project)
    before = members(lake)
    first = {x0: name_at(lake, x0) for x0 in (0, 900, far)}
    assert len(set(first.values())) == 3 and query(lake, "from _cluster_changes") == []

    bridge = np.column_stack([np.linspace(60, 840, 40), np.zeros(40), np.full(40, -8.0)])
    new = ingested(lake, tmp_path, *np.concatenate([bridge, crowd(2500, -15, 4)]).T, burst=846)
    done = egmsql.build(lake, MEMBERS, project=project)
    assert (
        built(done, "blocks.labels")[0] == blocks_of(lake, new) < blocks_of(lake, old) | blocks_of(lake, new)
    )
    assert built(done, "clusters.members")[1] == {old, new}
    whole, third = name_at(lake, 0), name_at(lake, 2500)
    assert whole == name_at(lake, 900) and name_at(lake, far) == first[far]
    after = members(lake)
    assert all(after[key] == row for key, row in before.items() if row[0] == first[far])
    (new_row, *merged) = sorted(changes(lake), key=lambda row: row[0] != "new")
    assert new_row == ("new", third, None, third)
    assert {(r, c, p) for r, c, p, _ in merged} == {
        ("merged", whole, first[0]),
        ("merged", whole, first[900]),
    }
    (identity,) = {row[3] for row in merged}
    assert identity in (first[0], first[900])

    egmsql.remove(lake, new)
    egmsql.build(lake, MEMBERS, project=project)
    assert members(lake) == before
    told = changes(lake)
    assert {r for r, *_ in told} == {"split"} and {p for _, _, p, _ in told} == {whole}
    assert {c: i for _, c, _, i in told} == {first[0]: first[0], first[900]: first[900]}


def name_at(lake, x0):
    (names,) = query(
        lake,
        "select list(distinct cluster) from clusters.members join observed.points using (pid, product)"
        f" where easting between {towns.EAST + x0 - 45} and {towns.EAST + x0 + 45} and cluster is not null",
    )[0]
    assert len(names) == 1
    return names[0]


def test_with_the_background_of_a_product_only_what_moves_against_it_is_clustered(sql, tmp_path):
    rng = np.random.default_rng(11)
    x, y = rng.uniform(0, 1500, (2, 600))
    slides = np.hypot(x - 700, y - 700) < 150
    v = np.where(slides, -8.0, -2.9) + rng.normal(0, 0.1, 600)  # a plate that alone passes the limit
    (tmp_path / "delivered").mkdir()
    towns.write_zip(tmp_path / "delivered", x, y, v)
    lake = tmp_path / "lake"
    assert not egmsql.ingest(lake, [tmp_path / "delivered"]).errors
    egmsql.build(lake, ["blocks.eligible"])
    ((n,),) = query(lake, "select count(*) from blocks.eligible")
    assert n > 550
    egmsql.build(lake, ["blocks.eligible"], project=with_parameters(sql, tmp_path, background="'product'"))
    text = "select easting, northing, velocity_mm_yr from blocks.eligible"
    found = np.array(query(lake, text))
    assert len(found) == np.count_nonzero(slides)
    assert np.hypot(*(found[:, :2] - [towns.EAST + 700, towns.NORTH + 700]).T).max() < 160
    assert np.median(found[:, 2]) == pytest.approx(-8.0, abs=0.2)  # what is told stays as published
