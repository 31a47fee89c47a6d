"""A simulated region against its truth: the errors of east and up, scatterers seen twice, offsets of releases."""

import numpy as np
import pytest

import egmsql
from egmsql.simulator import simulate
from egmsql.simulator.terrain import gnss_velocity


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """Return a connection to a lake of two tracks and two releases, with the table truth."""
    folder = tmp_path_factory.mktemp("region")
    simulate(folder / "files", points=16000, seed=5, tracks=2, levels="L2b")
    lake = folder / "lake"
    assert not egmsql.ingest(lake, [folder / "files"]).errors
    egmsql.build(lake, ["geometry.cells", "geometry.joined", "geometry.release_matches"])
    with egmsql.connect(lake, spatial=False, udfs=False) as connection:
        connection.execute(f"create temp view truth as from read_parquet('{folder}/files/truth.parquet')")
        yield connection


@pytest.fixture(scope="module")
def errors(region):
    """Return the errors of east and up, their sigmas and covariance, and points per direction, as arrays by cell.

    Truth is the mean motion of the points of a cell, with the plate and what motion to the north looks like.
    Not where the earthquake made a step: a line is no truth there.
    """
    cells = region.execute(
        """
        select cells.*, east, north, up
        from geometry.cells as cells
        inner join (
            select cell_easting as easting, cell_northing as northing, members.release,
                avg(east_mm_yr) as east, avg(north_mm_yr) as north, avg(up_mm_yr) as up
            from geometry.members as members
            inner join truth using (pid, product)
            group by all
            having max(abs(step_mm)) = 0
        ) using (easting, northing, release)
        """
    ).fetchnumpy()
    _, plate_east, plate_up = gnss_velocity(cells["easting"], cells["northing"])
    east = cells["east"] + plate_east + cells["velocity_east_per_north"] * cells["north"]
    up = cells["up"] + plate_up + cells["velocity_up_per_north"] * cells["north"]
    return {
        "east": cells["velocity_east_mm_yr"] - east,
        "up": cells["velocity_up_mm_yr"] - up,
        "east_sigma": cells["velocity_east_sigma_mm_yr"],
        "up_sigma": cells["velocity_up_sigma_mm_yr"],
        "covariance": cells["velocity_covariance_mm2_yr2"],
        "n": np.minimum(cells["n_ascending"], cells["n_descending"]),
    }


def distances(errors):
    """Return the squares of the Mahalanobis distances of the truth from what was found."""
    east, up, covariance = errors["east"], errors["up"], errors["covariance"]
    var_east, var_up = errors["east_sigma"] ** 2, errors["up_sigma"] ** 2
    squares = var_up * east**2 - 2 * covariance * east * up + var_east * up**2
    return squares / (var_east * var_up - covariance**2)


def test_the_truth_of_cells_lies_within_their_errors(errors):
    """At least as often as said; cautious with many points."""
    assert len(errors["n"]) > 500
    for name in ("east", "up"):
        z = np.abs(errors[name]) / errors[f"{name}_sigma"]
        assert 0.67 < np.mean(z < 1) < 0.88
        assert 0.93 < np.mean(z < 1.96) < 0.99
    squares = distances(errors)
    assert 0.67 < np.mean(squares < 2.28) < 0.90  # 68 % of chi-square with two degrees of freedom
    assert 0.93 < np.mean(squares < 5.99) < 0.99
    # Half the errors, and the test would see it.
    assert np.mean(4 * squares < 5.99) < 0.9


def test_one_point_a_direction_is_no_surer_than_it_can_be(errors):
    """What noise slower than a series does cannot be seen in one; the usual cell of the tile says it."""
    alone = errors["n"] == 1
    assert alone.sum() > 200
    for name in ("east", "up"):
        z = np.abs(errors[name][alone]) / errors[f"{name}_sigma"][alone]
        assert 0.67 < np.mean(z < 1) < 0.88
        assert 0.91 < np.mean(z < 1.96) < 0.98


def test_duplicates_are_found_and_nothing_else(region):
    """By the scatterer: pairs in one release whose both points stay, and points taken out beside a stranger."""
    n_pairs, n_missed = region.execute(
        """
        select count(*), count(*) filter (here.pid is null and there.pid is null)
        from truth as one
        inner join observed.products using (product)
        inner join truth as other on one.duplicate_of = other.pid
        inner join observed.products as beside on other.product = beside.product
            and products.release = beside.release
        left join neighbourhood.duplicates as here on one.pid = here.pid and one.product = here.product
        left join neighbourhood.duplicates as there on other.pid = there.pid and other.product = there.product
        """
    ).fetchone()
    n_found, n_wrong = region.execute(
        """
        select count(*), count(*) filter (one.ground_id <> better.ground_id)
        from neighbourhood.duplicates as duplicates
        inner join truth as one on duplicates.pid = one.pid and duplicates.product = one.product
        inner join truth as better on better_pid = better.pid and better_product = better.product
        """
    ).fetchone()
    assert n_pairs > 500 and n_found > 500
    assert n_missed < 0.01 * n_pairs
    assert n_wrong < 0.01 * n_found


def test_offsets_between_releases_are_recovered(region):
    """Releases differ by a constant and by rounding: the plain mean difference says which, to a hundredth."""
    rows = region.execute(
        """
        with differences as (
            select newer.pid, newer.product, unnest(newer.epochs) as epoch, unnest(newer.displacements) / 10 as d
            from (from series.displacement inner join observed.products using (product)) as newer
        )
        select offset_mm, offset_sigma_mm, drift_mm_yr, drift_sigma_mm_yr, n_common, avg(newer.d - older.d) as truth
        from geometry.releases as releases
        inner join differences as newer using (pid, product)
        inner join differences as older
            on releases.pid = older.pid and older_product = older.product and newer.epoch = older.epoch
        where is_joined
        group by all
        """
    ).fetchnumpy()
    assert len(rows["truth"]) > 10_000 and np.abs(rows["truth"]).max() > 3
    left = rows["offset_mm"] - rows["truth"]
    assert np.abs(left).max() < 0.06
    assert np.mean(np.abs(left) < 1.96 * rows["offset_sigma_mm"]) > 0.95
    drift = np.abs(rows["drift_mm_yr"]) / rows["drift_sigma_mm_yr"]
    assert 0.90 < np.mean(drift < 1.96) < 0.99
    ((n_unmatched, n_moved),) = region.execute(
        "select sum(n_only_older + n_only_newer + n_too_short), sum(n_moved) from geometry.release_matches"
    ).fetchall()
    assert (n_unmatched, n_moved) == (0, 0)
