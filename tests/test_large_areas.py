"""A cluster of very many points is outlined in bounded memory, as if point by point."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

import egmsql
from egmsql.workspace import load_spatial

N_POINTS = 70_000  # more than are outlined one by one
BY_POINT = """
select st_buffer(st_convexhull(places), outline_margin) as hull,
    st_makevalid(st_buffer(st_concavehull(places, outline_concavity, false), outline_margin)) as outline
from (select st_collect(list(st_point(easting, northing))) as places from clusters.moving), blocks.parameters
"""


@pytest.fixture(scope="module")
def connection():
    """Yield a connection where `clusters.outlines` was made of one ring that is open to the east."""
    rng = np.random.default_rng(9)
    angle, radius = rng.uniform(0.5, 2 * np.pi - 0.5, N_POINTS), rng.uniform(1500, 2500, N_POINTS)
    moving = {"easting": 4e6 + radius * np.cos(angle), "northing": 2e6 + radius * np.sin(angle)}
    constants = {"cluster": "ring", "product": "p", "velocity_mm_yr": -8.0}
    moving |= {name: [value] * N_POINTS for name, value in constants.items()}
    with duckdb.connect() as connection:
        load_spatial(connection)
        connection.register("made", pa.table(moving))
        connection.execute("create schema clusters; create schema blocks")
        connection.execute("create table clusters.moving as from made")
        connection.execute("create table clusters.batches as select distinct cluster, product from made")
        project = egmsql.load_project()
        connection.execute(project.models["blocks.parameters"].text)
        connection.execute(project.models["clusters.outlines"].text)
        yield connection


def test_all_points_are_inside(connection):
    text = "select count(*) from clusters.moving, clusters.outlines where st_contains(outline, st_point(easting, northing))"
    assert connection.execute(text).fetchone() == (N_POINTS,)


@pytest.mark.parametrize("shape, most", [("hull", 1e-9), ("outline", 0.01)])
def test_the_ground_is_that_of_all_points_taken_one_by_one(connection, shape, most):
    difference, area = connection.execute(
        f"select st_area(st_difference(a.{shape}, b.{shape})) + st_area(st_difference(b.{shape}, a.{shape})),"
        f" st_area(b.{shape}) from clusters.outlines as a, ({BY_POINT}) as b"
    ).fetchone()
    assert difference < most * area


def test_the_ring_stays_open(connection):
    text = "select st_contains(outline, st_point(4001800, 2000000)), st_contains(outline, st_point(3998000, 2000000))"
    assert connection.execute(f"{text} from clusters.outlines").fetchone() == (False, True)
