"""Clusters over a region: the same whatever the blocks, by viewing geometry, and where products meet."""

import re
import shutil

import numpy as np
import pytest
import towns
from egmsql.udfs.kernels.dbscan import find_clusters

import egmsql

ONE = "EGMS_L2b_022_0845_IW2_VV_2020_2024_1"


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """Return a folder of two bursts of one track that share ground, one of another track, and one by itself."""
    folder = tmp_path_factory.mktemp("delivered")
    x, y, v = towns.spots(900, 1)
    left = np.arange(len(x)) % 2 == 0
    towns.write_zip(folder, x[left], y[left], v[left], burst=845)
    towns.write_zip(folder, x[~left], y[~left], v[~left], burst=846, seed=2)
    towns.write_zip(folder, x, y, v, burst=845, track=44, seed=3)
    return folder


@pytest.fixture(scope="module")
def sql(tmp_path_factory):
    return shutil.copytree(egmsql.load_project().folder, tmp_path_factory.mktemp("models") / "sql")


@pytest.fixture(scope="module")
def lake(delivered, tmp_path_factory):
    lake = tmp_path_factory.mktemp("clusters") / "lake"
    assert not egmsql.ingest(lake, [delivered]).errors
    egmsql.build(lake)
    return lake


def query(lake, text):
    with egmsql.connect(lake, udfs=False) as connection:
        return connection.execute(text).fetchall()


def members(lake):
    """Return (product, pid) -> (cluster, is_core)."""
    rows = query(lake, "select product, pid, cluster, is_core from clusters.members")
    return {(product, pid): (cluster, is_core) for product, pid, cluster, is_core in rows}


def expected(lake, **options):
    """Return the same from all eligible points at once, by the kernel alone."""
    found = {}
    stacks = query(lake, "select distinct stack from blocks.eligible")
    for (stack,) in stacks:
        rows = query(
            lake,
            "select product, pid, easting, northing, velocity_mm_yr, velocity_sigma_mm_yr from blocks.eligible"
            f" where stack = '{stack}' order by pid, product",
        )
        x, y, v, s = (np.array([row[i] for row in rows]) for i in range(2, 6))
        given = {**options, **({"sigma": s} if options.pop("sigma", None) else {})}
        known = find_clusters(x, y, v, 100.0, 3.0, 5, **given)
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


def test_members_are_those_of_one_clustering_of_all_points(lake):
    found = members(lake)
    assert found == expected(lake)
    names = {cluster for cluster, _ in found.values()}
    assert None in names and len(names) > 5


@pytest.mark.parametrize("block_points", [2000, 150, 20])
def test_cutting_the_ground_into_other_blocks_changes_no_cluster(lake, sql, tmp_path, block_points):
    before = members(lake)
    other = copied(lake, tmp_path)
    egmsql.build(
        other, ["clusters.members"], project=with_parameters(sql, tmp_path, block_points=block_points)
    )
    assert members(other) == before
    blocks = query(other, "select count(distinct partition), max(n_read), max(n_own) from blocks.grid")[0]
    assert blocks[0] > {2000: 1, 150: 10, 20: 50}[block_points]


def test_shifting_the_block_grid_keeps_the_clusters(lake, sql, tmp_path):
    """Squares of another width, and so blocks with other edges, through the middle of clusters."""
    other = copied(lake, tmp_path)
    project = with_parameters(sql, tmp_path, block_points=100)
    for place in ("70_blocks/density.sql", "72_blocks/grid.sql"):
        path = project.folder / place
        path.write_text(path.read_text().replace("2 * eps", "2.37 * eps"))
    egmsql.build(other, ["clusters.members"], project=egmsql.load_project(project.folder))
    assert members(other) == members(lake)


def test_blocks_and_their_margins_stay_below_the_limit_unless_a_square_alone_exceeds_it(lake, sql, tmp_path):
    other = copied(lake, tmp_path)
    egmsql.build(other, ["blocks.grid"], project=with_parameters(sql, tmp_path, block_points=150))
    rows = query(
        other,
        "select distinct partition, n_read, block_easting_max - block_easting_min as side from blocks.grid",
    )
    assert rows and all(n_read <= 150 or side == 200 for _, n_read, side in rows)
    assert {side for *_, side in rows} >= {200, 400}
    owned = "select sum(n_own) from (select distinct partition, n_own from blocks.grid)"
    assert query(other, owned) == query(other, "select count(*) from blocks.eligible")


def test_threads_change_no_row(lake, delivered, tmp_path):
    other = tmp_path / "lake"
    one = egmsql.Settings(threads=1, memory=2**28)
    egmsql.ingest(other, sorted(delivered.glob("*.zip"), reverse=True), one)
    egmsql.build(other, settings=one)
    for model in ("clusters.members", "clusters.statistics", "clusters.areas", "clusters.subareas"):
        text = f"select t::varchar from {model} t order by 1"
        assert query(other, text) == query(lake, text), model


@pytest.mark.parametrize(
    ("values", "options"),
    [({"is_cylinder": "true"}, {"cylinder": True}), ({"with_uncertainty": "true"}, {"sigma": True})],
)
def test_options_mean_in_blocks_what_they_mean_at_once(lake, sql, tmp_path, values, options):
    other = copied(lake, tmp_path)
    egmsql.build(
        other, ["clusters.members"], project=with_parameters(sql, tmp_path, block_points=100, **values)
    )
    assert members(other) == expected(other, **options)


def test_products_of_one_track_cluster_together_and_tracks_apart(lake):
    rows = query(
        lake,
        "select cluster, count(distinct product) n, count(distinct product[10:12]) from clusters.members"
        " where cluster is not null group by cluster",
    )
    assert any(n == 2 for _, n, _ in rows)
    assert all(tracks == 1 for *_, tracks in rows)


@pytest.mark.parametrize(("grouping", "n_stacks"), [("direction", 1), ("all", 1)])
def test_grouping_puts_tracks_together(lake, sql, tmp_path, grouping, n_stacks):
    other = copied(lake, tmp_path)
    egmsql.build(
        other, ["clusters.members"], project=with_parameters(sql, tmp_path, grouping=f"'{grouping}'")
    )
    assert len(query(other, "select distinct stack from blocks.eligible")) == n_stacks
    assert members(other) == expected(other)


def test_a_far_product_leaves_the_blocks_of_others_alone(lake, sql, tmp_path):
    other, project = copied(lake, tmp_path), with_parameters(sql, tmp_path, block_points=100)
    egmsql.build(other, ["clusters.members"], project=project)
    before = members(other)
    x, y, v = towns.spots(60, 9)
    egmsql.ingest(other, [towns.write_zip(tmp_path, x + 90_000, y, v, burst=850)], project=project)
    done = egmsql.build(other, ["clusters.members"], project=project)
    again = {run.partition for run in done.runs if run.model == "blocks.labels"}
    assert again and all(
        query(other, f"select 1 from blocks.grid where partition = '{b}' and product like '%0850%'")
        for b in again
    )
    after = members(other)
    assert {key: after[key] for key in before} == before
