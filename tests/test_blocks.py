"""Clustering block by block: the clusters of all points at once, whatever the blocks, the metric and the order."""

import duckdb
import numpy as np
import pytest
from egmsql.udfs.kernels.dbscan import find_clusters
from workbench import Workbench

import egmsql
from egmsql.workspace import Workspace

EPS, EPS_V, MIN_POINTS = 100.0, 3.0, 5
MODELS = (
    "blocks.moving",
    "blocks.density",
    "blocks.grid",
    "blocks.labels",
    "blocks.merged",
    "clusters.members",
    "clusters.cell_members",
)
STACK = "L2b_2020_2024_022"


@pytest.fixture(scope="module")
def bench():
    with Workbench(np.datetime64("2020-01-01") + 12 * np.arange(30), np.zeros((1, 30))) as bench:
        bench.run("ground.tiles")
        yield bench


def country(n, seed, lattice=False):
    """Return x, y, v: crowds, a chain through many blocks, thin country; on a lattice pairs at exactly eps."""
    rng = np.random.default_rng(seed)
    crowd = rng.integers(0, 25, n)
    centre = rng.uniform(200, 2800, (2, 25))
    x, y = centre[:, crowd] + rng.normal(0, 70, (2, n))
    v = rng.choice([-9.0, -5.0, 6.0], 25)[crowd] + rng.normal(0, 0.8, n)
    away = rng.random(n) < 0.35
    x[away], y[away] = rng.uniform(0, 3000, (2, away.sum()))
    v[away] = rng.normal(0, 4, away.sum())
    chain = np.arange(0, 6000, 40.0)
    x, y = np.append(x, chain - 1500), np.append(y, np.full(len(chain), 3300.0))
    v = np.append(v, np.full(len(chain), -7.0)).round(1)
    if lattice:
        x, y = (x / 25).round() * 25, (y / 25).round() * 25
    return x + 4_600_000, y + 1_740_000, v


def give(bench, points, sigma=None, bits=None, stack=STACK, order=None, **parameters):
    """Let `blocks.eligible` be these points, and settings as given; points are named in their order."""
    x, y, v = points
    n = len(x)
    order = np.arange(n) if order is None else order
    columns = {
        "pid": np.array([f"{i:010d}" for i in range(n)], dtype=object),
        "product": np.array(["here" if i % 3 else "there" for i in range(n)], dtype=object),
        "stack": np.full(n, stack, dtype=object),
        "easting": x,
        "northing": y,
        "velocity_mm_yr": v,
        "velocity_sigma_mm_yr": np.zeros(n) if sigma is None else sigma,
        "class_bits": np.full(n, 7) if bits is None else bits,
    }
    bench.table("blocks.eligible", **{name: values[order] for name, values in columns.items()})
    none = np.zeros(0)
    bench.table("blocks.cells", easting=none)
    bench.run("blocks.parameters")
    for name, value in parameters.items():
        bench.connection.execute(f"update blocks.parameters set {name} = {value}")


def clustered(bench, texts=None):
    """Run the models; return the cluster (place of its first core, −1 noise) and core flag of each point."""
    for name in MODELS:
        bench.connection.execute((texts or {}).get(name, bench.project.models[name].text))
    rows = bench.connection.execute("select cluster, is_core from clusters.members order by pid").fetchall()
    found = np.array([-1 if c is None else int(c.removeprefix(f"{STACK}_")) for c, _ in rows], dtype=int)
    return found, np.array([core for _, core in rows], dtype=bool)


def n_blocks(bench):
    return bench.connection.execute("select count(distinct partition) from blocks.grid").fetchone()[0]


OPTIONS = {
    "ellipsoid": ({}, {}),
    "cylinder": ({"is_cylinder": True}, {"cylinder": True}),
    "uncertainty": ({"with_uncertainty": True}, {"sigma": True}),
    "classes": ({"with_class": True}, {"kinds": True}),
}


@pytest.mark.parametrize("lattice", [False, True], ids=["anywhere", "on a lattice"])
@pytest.mark.parametrize(("settings", "options"), OPTIONS.values(), ids=OPTIONS)
def test_blocks_of_any_size_give_the_clusters_of_all_points_at_once(bench, settings, options, lattice):
    points = country(1500, 1, lattice)
    rng = np.random.default_rng(2)
    values = {"sigma": rng.exponential(0.8, len(points[0])), "kinds": rng.choice([1, 2, 7], len(points[0]))}
    given = {name: values.get(name, True) for name in options}
    known = find_clusters(*points, EPS, EPS_V, MIN_POINTS, **given)
    assert known.is_core.any() and (known.cluster < 0).any() and len(set(known.cluster)) > 8
    for block_points, least in ((100_000, 1), (300, 15), (80, 100)):
        give(bench, points, values["sigma"], values["kinds"], block_points=block_points, **settings)
        cluster, is_core = clustered(bench)
        assert (is_core == known.is_core).all() and (cluster == known.cluster).all()
        assert n_blocks(bench) >= least


def test_shifting_the_block_grid_keeps_the_clusters(bench):
    """Squares of another width, and so blocks with other edges, through the middle of clusters."""
    points = country(900, 3)
    known = find_clusters(*points, EPS, EPS_V, MIN_POINTS)
    texts = {name: bench.project.models[name].text for name in ("blocks.density", "blocks.grid")}
    for width in ("(1.37 * eps)", "(2.9 * eps)"):
        wider = {
            name: text.replace("/ eps)", f"/ {width})").replace("    eps * 2.0", f"    {width} * 2.0")
            for name, text in texts.items()
        }
        assert all(wider[name] != text for name, text in texts.items())
        give(bench, points, block_points=100)
        assert (clustered(bench, wider)[0] == known.cluster).all()


def test_the_order_of_rows_changes_no_cluster(bench):
    points = country(900, 4)
    known = find_clusters(*points, EPS, EPS_V, MIN_POINTS)
    give(bench, points, order=np.random.default_rng(0).permutation(len(points[0])), block_points=100)
    assert (clustered(bench)[0] == known.cluster).all()


def test_a_border_point_of_two_blocks_goes_to_the_first_cluster(bench):
    """Two crowds of five in different squares; the point between is near a core of each, and is none itself."""
    left, right = [-95.0, -155, -155, -155, -155], [95.0, 155, 155, 155, 155]
    for crowds, first in (((left, right), 0), ((right, left), 0)):
        x = np.array([*crowds[0], *crowds[1], 0.0]) + 4_600_000
        points = x, np.full(11, 1_740_050.0), np.full(11, -5.0)
        give(bench, points, block_points=1)
        cluster, is_core = clustered(bench)
        assert cluster.tolist() == [first] * 5 + [5] * 5 + [first] and not is_core[10]


@pytest.mark.parametrize("n", [0, 1])
def test_of_nothing_and_of_one_point_there_is_no_cluster(bench, n):
    give(bench, (np.full(n, 4.6e6), np.full(n, 1.7e6), np.full(n, -5.0)))
    assert clustered(bench)[0].tolist() == [-1] * n


def test_blocks_and_their_margins_stay_below_the_limit_unless_a_square_alone_exceeds_it(bench):
    points = country(1500, 5)
    give(bench, points, block_points=40)
    clustered(bench)
    rows = bench.connection.execute(
        "select distinct partition, n_own, n_read, block_easting_max - block_easting_min from blocks.grid"
    ).fetchall()
    assert rows and all(n_read <= 40 or side == EPS / 4 for *_, n_read, side in rows)
    assert {side for *_, side in rows} >= {25, 100, 200}
    whole = (
        sum(n for _, n, _, side in rows if side > 25) + sum(n for _, n, _, side in rows if side == 25) / 16
    )
    assert whole == len(points[0])


def crammed(n, side=400.0, seed=6):
    """Return points of one part of a town, more than any satellite sees there."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, side, (2, n)).round(2)
    v = rng.choice([-4.0, -12.0, -20.0, -28.0], n) + rng.normal(0, 0.3, n)
    return x + 4_600_010, y + 1_740_010, v


def test_an_overfull_square_is_divided_and_keeps_its_clusters(bench):
    points = crammed(3000)
    known = find_clusters(*points, EPS, EPS_V, MIN_POINTS)
    give(bench, points, block_points=300)
    cluster, is_core = clustered(bench)
    assert (cluster == known.cluster).all() and (is_core == known.is_core).all()
    assert len(set(known.cluster)) == 4 and n_blocks(bench) >= 16 * 16


def labels_of_fullest_block(bench, folder, memory):
    """Run `blocks.labels` as the runner does, for the block that reads the most; return its points."""
    for name in MODELS[:3]:
        bench.connection.execute(bench.project.models[name].text)
    read = ("blocks.eligible", "blocks.cells", "blocks.grid", "blocks.parameters")
    for name in read:
        bench.connection.execute(f"copy {name} to '{folder}/{name}.parquet'")
    (fullest,) = bench.connection.execute(
        "select partition from blocks.grid order by abs(block_easting_min - 4600210) + abs(block_northing_min - 1740210)"
    ).fetchone()
    with Workspace(bench.project, egmsql.Settings(threads=1, memory=memory), folder / "spill") as workspace:
        model = bench.project.models["blocks.labels"]
        workspace.prepare_functions([model])
        for name in read:
            workspace.bind_files(
                name, [folder / f"{name}.parquet"], fullest if name == "blocks.grid" else None
            )
        workspace.prepare_views([model])
        return workspace.connection.execute(f"copy ({model.query}) to '{folder}/labels.parquet'").fetchone()[
            0
        ]


def test_what_does_not_fit_into_memory_does_when_divided(bench, tmp_path):
    points = crammed(200_000)
    give(bench, points, block_points=10**6)
    with pytest.raises(duckdb.OutOfMemoryException):
        labels_of_fullest_block(bench, tmp_path, 48 * 2**20)
    give(bench, points, block_points=50_000)
    assert 10_000 < labels_of_fullest_block(bench, tmp_path, 48 * 2**20) < 80_000


def test_cells_cluster_by_east_and_up_and_apart_from_points(bench):
    """Two neighbouring slopes of equal upward motion part by their eastward one."""
    rng = np.random.default_rng(7)
    n = 600
    x, y = rng.integers(0, 40, (2, n)) * 100.0 + 50
    east, up = np.where(x < 2000, -6.0, 6.0) + rng.normal(0, 0.8, n), rng.normal(-4, 0.8, n)
    sigma = rng.exponential(0.5, (2, n))
    for block_points, settings, options in (
        (10**6, {}, {}),
        (20, {}, {}),
        (60, {"with_uncertainty": True, "eps": 250}, {"sigma": sigma[0], "sigma_up": sigma[1]}),
    ):
        give(bench, country(200, 8), block_points=block_points, **{"eps": 150, **settings})
        bench.table(
            "blocks.cells",
            pid=[f"{i:010d}" for i in range(n)],
            product=["E46N17_2020_2024"] * n,
            stack=["cells_2020_2024"] * n,
            release=["2020_2024"] * n,
            easting=x + 4_600_000,
            northing=y + 1_740_000,
            velocity_east_mm_yr=east,
            velocity_up_mm_yr=up,
            velocity_east_sigma_mm_yr=sigma[0],
            velocity_up_sigma_mm_yr=sigma[1],
        )
        clustered(bench)
        known = find_clusters(
            x + 4_600_000,
            y + 1_740_000,
            east,
            settings.get("eps", 150.0),
            EPS_V,
            MIN_POINTS,
            up=up,
            **options,
        )
        rows = bench.connection.execute("select cluster, is_core from clusters.cell_members order by pid")
        assert rows.fetchall() == [
            (f"cells_2020_2024_{c:010d}" if c >= 0 else None, bool(core))
            for c, core in zip(known.cluster, known.is_core, strict=True)
        ]
        assert known.is_core.any() and len(set(known.cluster)) > 2
