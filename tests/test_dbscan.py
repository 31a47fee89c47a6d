"""The clustering kernel: the same clusters as brute force and scikit-learn, whatever the metric and the order."""

import numpy as np
import pytest
from egmsql.udfs.kernels.dbscan import find_clusters
from sklearn.cluster import DBSCAN

EPS, EPS_V = 100.0, 3.0


def brute_force(
    x, y, v, eps, eps_v, min_points, up=None, sigma=None, sigma_up=None, kinds=None, cylinder=False
):
    """Return (is_core, cluster) from the table of all pairs."""
    weight, height = (1.0, eps_v) if cylinder else (eps / eps_v, eps)

    def squared(a, s=None):
        d = (a[:, None] - a[None, :]) ** 2
        if s is None:
            return d
        r = (2 * s / eps_v) ** 2
        return d / np.maximum(1, r[:, None] + r[None, :])

    ground, high = squared(x) + squared(y), squared(v * weight, sigma)
    if up is not None:
        high = high + squared(up * weight, sigma_up)
    near = (ground <= eps**2) & (high <= height**2) if cylinder else ground + high <= eps**2
    if kinds is not None:
        near &= (kinds[:, None] & kinds[None, :]) != 0
    is_core = near.sum(axis=1) >= min_points
    cluster = np.full(len(x), -1)
    for first in np.flatnonzero(is_core):
        if cluster[first] >= 0:
            continue
        pending = [first]
        cluster[first] = first
        while pending:
            found = np.flatnonzero(near[pending.pop()] & is_core & (cluster < 0))
            cluster[found] = first
            pending += found.tolist()
    for point in np.flatnonzero(~is_core):
        touched = cluster[near[point] & is_core]
        if len(touched):
            cluster[point] = touched.min()
    return is_core, cluster


def ground(n, seed, grid=False):
    """Return places and velocities with crowded spots, empty country and, on a grid, pairs at exactly eps."""
    rng = np.random.default_rng(seed)
    spot = rng.integers(0, 6, n)
    centre = rng.uniform(0, 2000, (2, 6))
    x, y = centre[:, spot] + rng.normal(0, 120, (2, n))
    away = rng.random(n) < 0.4
    x[away], y[away] = rng.uniform(-200, 2200, (2, away.sum()))
    v = rng.choice([-6.0, -3.0, 4.0], 6)[spot] + rng.normal(0, 1.5, n).round(1)
    if grid:
        x, y = (x / 25).round() * 25, (y / 25).round() * 25
    return x + 4.6e6, y + 1.7e6, v


OPTIONS = {
    "ellipsoid": {},
    "cylinder": {"cylinder": True},
    "east and up": {"up": True},
    "east and up in a cylinder": {"up": True, "cylinder": True},
    "uncertainty": {"sigma": True},
    "uncertainty in a cylinder": {"sigma": True, "cylinder": True},
    "uncertainty of east and up": {"up": True, "sigma": True, "sigma_up": True},
    "classes": {"kinds": True},
    "everything": {"up": True, "sigma": True, "sigma_up": True, "kinds": True, "cylinder": True},
}


def filled(options, n, seed):
    rng = np.random.default_rng(seed + 1000)
    values = {
        "up": rng.normal(0, 3, n).round(1),
        "sigma": rng.exponential(1.0, n),
        "sigma_up": rng.exponential(1.0, n),
        "kinds": rng.choice([1, 2, 3, 4], n),
        "cylinder": True,
    }
    return {name: values[name] for name in options}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("seed", range(6))
def test_clusters_are_those_of_brute_force(options, seed):
    n = (0, 1, 40, 300, 600, 900)[seed]
    min_points = (5, 1, 2, 5, 8, 3)[seed]
    points, given = ground(n, seed, grid=seed % 2 == 0), filled(options, n, seed)
    found = find_clusters(*points, EPS, EPS_V, min_points, threads=1 + seed % 3, **given)
    is_core, cluster = brute_force(*points, EPS, EPS_V, min_points, **given)
    assert (found.is_core == is_core).all()
    assert (found.cluster == cluster).all()


@pytest.mark.parametrize(("eps", "min_points"), [(100, 5), (25, 10), (60, 2)])
def test_labels_are_those_of_scikit_learn(eps, min_points):
    x, y, v = ground(30000, 7)
    x, y = 4.6e6 + (x - 4.6e6) * 4, 1.7e6 + (y - 1.7e6) * 4
    found = find_clusters(x, y, v, eps, EPS_V, min_points, threads=2)
    known = DBSCAN(eps=eps, min_samples=min_points, algorithm="kd_tree").fit(
        np.column_stack([x, y, v * (eps / EPS_V)])
    )
    is_core = np.zeros(len(x), dtype=bool)
    is_core[known.core_sample_indices_] = True
    first = np.full(known.labels_.max() + 1, len(x))
    np.minimum.at(first, known.labels_[is_core], np.flatnonzero(is_core))
    assert is_core.any() and (~is_core).any()
    assert (found.is_core == is_core).all()
    assert (found.cluster == np.where(known.labels_ >= 0, first[known.labels_], -1)).all()


def test_points_at_exactly_eps_are_neighbours_and_farther_ones_are_not():
    zero = np.zeros(2)
    for distance, core in ((100.0, True), (np.nextafter(100.0, 101), False)):
        found = find_clusters(np.array([0.0, distance]), zero, zero, EPS, EPS_V, 2)
        assert found.is_core.tolist() == [core, core]


def test_points_of_equal_coordinates_count_each():
    same = np.full(5, 4.6e6)
    assert find_clusters(same, same, np.full(5, -3.0), EPS, EPS_V, 5).cluster.tolist() == [0] * 5
    assert find_clusters(same[:4], same[:4], np.full(4, -3.0), EPS, EPS_V, 5).cluster.tolist() == [-1] * 4


def test_shuffling_rows_keeps_the_clusters():
    x, y, v = ground(2000, 3)
    before = find_clusters(x, y, v, EPS, EPS_V, 5)
    order = np.random.default_rng(0).permutation(len(x))
    after = find_clusters(x[order], y[order], v[order], EPS, EPS_V, 5)
    assert (before.is_core[order] == after.is_core).all()
    assert ((before.cluster < 0)[order] == (after.cluster < 0)).all()
    pairs = {*zip(before.cluster[order][after.is_core], after.cluster[after.is_core], strict=True)}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def test_moving_everything_by_the_same_keeps_the_clusters():
    x, y, v = ground(2000, 4, grid=True)
    before = find_clusters(x, y, v, EPS, EPS_V, 5)
    after = find_clusters(x + 4096.0, y - 8192.0, v + 16.0, EPS, EPS_V, 5)
    assert (before.cluster == after.cluster).all()


def test_a_border_point_tells_all_clusters_that_it_touches():
    # Two crowds of five on either side; the point between touches one core of each, four in all with itself.
    left, right = [0.0, -60, -60, -60, -60], [190.0, 250, 250, 250, 250]
    x = np.array([*left, 95.0, *right])
    found = find_clusters(x, np.zeros(11), np.zeros(11), EPS, EPS_V, 5)
    assert found.cluster.tolist() == [0] * 6 + [6] * 5 and not found.is_core[5]
    assert found.also.tolist() == [[5, 6]]


def test_points_outside_the_inner_part_are_no_cores_but_count():
    x = np.array([0.0, 10, 20, 30, 40])
    inner = np.array([True, True, True, False, False])
    found = find_clusters(x, np.zeros(5), np.zeros(5), EPS, EPS_V, 5, inner=inner)
    assert found.is_core.tolist() == inner.tolist()


def test_a_plane_too_wide_for_its_cells_is_refused():
    with pytest.raises(ValueError, match="take smaller blocks"):
        find_clusters(np.array([0.0, 1e9]), np.zeros(2), np.zeros(2), 0.001, EPS_V, 2)


def test_cells_that_fit_no_integer_key_are_sorted_all_the_same():
    x, y, v = ground(300, 5)
    x[0], y[0], v[0] = 4.6e6 + 3e9, 1.7e6 + 3e9, 5e5
    found = find_clusters(x, y, v, 5.0, 0.1, 2)
    assert (found.cluster == brute_force(x, y, v, 5.0, 0.1, 2)[1]).all()
