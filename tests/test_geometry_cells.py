"""East and up of cells: truth first, then laws, coverage of the covariance, EGMS's own L3, hot spots."""

import math

import numpy as np
import pytest
from countryside import ASCENDING, DESCENDING, EPOCHS, YEARS, Burst, Countryside, seen, shared_noise
from egmsql.udfs.kernels.fits import fit_matrix
from egmsql.udfs.series_statistics import series_statistics
from egmsql.udfs.stack_series import stack_series

import egmsql

L3 = "EGMS_L3_E45N17_100km_E_2020_2024_1"
CORNER = np.array([4_510_000.0, 1_710_000.0])
STEEP = np.array([-0.50, -0.08, 0.862])  # another ascending track


def cells_of(n_cells, points, seed=1):
    """Return places, `points` in each of `n_cells` cells of a square, and their cells."""
    rng = np.random.default_rng(seed)
    side = math.ceil(math.sqrt(n_cells))
    cell = np.repeat(np.arange(n_cells), points)
    corners = CORNER + 100.0 * np.stack([cell % side, cell // side], 1)
    return corners + rng.uniform(1, 99, (len(cell), 2)), cell


def burst(motion, look, track, points=3, n_cells=None, noise=0.0, seed=1, **options):
    """Return a burst that sees (cells, 3) velocities east, north, up in mm/yr."""
    motion = np.atleast_2d(motion)
    places, cell = cells_of(n_cells or len(motion), points, seed)
    velocity = seen(motion[cell if len(motion) > 1 else np.zeros_like(cell)], look)
    return Burst(places, velocity[:, None] * YEARS + noise, track=track, look=look, **options)


def motions(n, seed=2):
    rng = np.random.default_rng(seed)
    return np.stack([rng.normal(0, 8, n), np.zeros(n), rng.normal(0, 8, n)], 1)


def by_place(rows):
    """Return rows in the order of `cells_of`."""
    order = np.lexsort([rows["easting"], rows["northing"]])
    return {name: values[order] for name, values in rows.items()}


def noisy(seed, n=25, points=3):
    _, cell = cells_of(n, points, seed)
    return shared_noise(cell, 2.0, 0.3, len(EPOCHS), seed + 100)


@pytest.mark.parametrize("tracks", [2, 3])
def test_east_and_up_are_found_as_they_were_made(tracks):
    truth = motions(25)
    looks = [(DESCENDING, 22), (ASCENDING, 117), (STEEP, 44)][:tracks]
    with Countryside(*(burst(truth, look, track, seed=track) for look, track in looks)) as ground:
        found = by_place(ground.run("geometry.cells"))
        series = ground.run("geometry.displacement")
    assert found["velocity_east_mm_yr"] == pytest.approx(truth[:, 0], abs=0.03)
    assert found["velocity_up_mm_yr"] == pytest.approx(truth[:, 2], abs=0.03)
    assert (found["n_tracks"] == tracks).all() and (found["n_descending"] == 3).all()
    assert (found["condition_number"] < 2).all()
    for component, axis in (("E", 0), ("U", 2)):
        for method in ("weighted", "ortho"):
            chosen = (series["component"] == component) & (series["method"] == method)
            rows = by_place({name: values[chosen] for name, values in series.items()})
            assert rows["velocity_mm_yr"] == pytest.approx(truth[:, axis], abs=0.05)
            last = np.array([row[-1] for row in rows["displacements"]]) / 10
            years = 6 * (len(rows["displacements"][0]) - 1) / 365
            assert last == pytest.approx(truth[:, axis] * years, abs=0.5)


def test_the_solution_is_an_explicit_weighted_least_squares_fit():
    truth = motions(16)
    bursts = [
        burst(truth, look, track, noise=noisy(track, 16), seed=track)
        for look, track in ((DESCENDING, 22), (ASCENDING, 117), (STEEP, 44))
    ]
    with Countryside(*bursts) as ground:
        found = by_place(ground.run("geometry.cells"))
        looks = ground.query("from geometry.looks order by northing, easting, track")
    for i in range(16):
        here = slice(3 * i, 3 * i + 3)
        for unit, name in (("mm_yr", "velocity"), ("mm_yr2", "acceleration")):
            matrix = np.stack([looks["los_east"][here], looks["los_up"][here]], 1)
            weights = np.diag(looks[f"{name}_sigma_{unit}"][here] ** -2.0)
            covariance = np.linalg.inv(matrix.T @ weights @ matrix)
            east, up = covariance @ matrix.T @ weights @ looks[f"{name}_{unit}"][here]
            assert found[f"{name}_east_{unit}"][i] == pytest.approx(east, rel=1e-9, abs=1e-9)
            assert found[f"{name}_up_{unit}"][i] == pytest.approx(up, rel=1e-9, abs=1e-9)
            assert found[f"{name}_east_sigma_{unit}"][i] == pytest.approx(covariance[0, 0] ** 0.5, rel=1e-9)
            assert found[f"{name}_up_sigma_{unit}"][i] == pytest.approx(covariance[1, 1] ** 0.5, rel=1e-9)
        covariance = np.linalg.inv(matrix.T @ np.diag(looks["velocity_sigma_mm_yr"][here] ** -2.0) @ matrix)
        assert found["velocity_covariance_mm2_yr2"][i] == pytest.approx(covariance[0, 1], rel=1e-9)
        assert found["condition_number"][i] == pytest.approx(np.linalg.cond(matrix), rel=1e-9)


def test_the_covariance_covers_errors_that_points_share():
    """Cells of known motion: as many inside the ellipse and the intervals as their probability says."""
    n, points = 1500, 3
    truth = motions(n)
    bursts = [
        burst(truth, look, track, points, noise=noisy(track, n, points), seed=track)
        for look, track in ((DESCENDING, 22), (ASCENDING, 117))
    ]
    with Countryside(*bursts) as ground:
        found = by_place(ground.run("geometry.cells"))
    east = found["velocity_east_mm_yr"] - truth[:, 0]
    up = found["velocity_up_mm_yr"] - truth[:, 2]
    var_east, var_up = found["velocity_east_sigma_mm_yr"] ** 2, found["velocity_up_sigma_mm_yr"] ** 2
    covariance = found["velocity_covariance_mm2_yr2"]
    squares = (var_up * east**2 - 2 * covariance * east * up + var_east * up**2) / (
        var_east * var_up - covariance**2
    )
    for z in (east / np.sqrt(var_east), up / np.sqrt(var_up)):
        assert 0.64 < np.mean(np.abs(z) < 1) < 0.74
        assert 0.925 < np.mean(np.abs(z) < 1.96) < 0.975
    assert 0.915 < np.mean(squares < 5.99) < 0.975  # 95 % of chi-square with two degrees of freedom
    # As if points were independent looks: the test must be able to tell the difference.
    assert np.mean(np.abs(east) / np.sqrt(var_east / points) < 1.96) < 0.85


def test_motion_inside_a_cell_widens_the_error():
    truth = motions(9)
    apart = np.tile([-6.0, 6.0, -6.0, 6.0], 9)[:, None] * YEARS
    quiet = burst(truth, DESCENDING, 22, points=4, noise=noisy(3, 9, 4))
    restless = burst(truth, DESCENDING, 22, points=4, noise=noisy(3, 9, 4) + apart)
    sigmas = []
    for one in (quiet, restless):
        with Countryside(one) as ground:
            sigmas.append(ground.run("geometry.looks")["velocity_sigma_mm_yr"])
    assert (sigmas[1] > sigmas[0] + 2).all()


def test_north_is_not_seen_and_a_known_north_can_be_taken_out():
    truth = np.array([[2.0, 10.0, -3.0]])
    with Countryside(
        burst(truth, DESCENDING, 22, n_cells=4), burst(truth, ASCENDING, 117, n_cells=4)
    ) as ground:
        found = ground.run("geometry.cells")
    assert np.abs(found["velocity_up_mm_yr"] + 3).min() > 1  # left in, it looks like up
    for axis, name in ((0, "east"), (2, "up")):
        corrected = found[f"velocity_{name}_mm_yr"] - 10.0 * found[f"velocity_{name}_per_north"]
        assert corrected == pytest.approx(truth[0, axis], abs=0.03)


def test_one_direction_alone_is_never_decomposed():
    truth = motions(4)
    with Countryside(burst(truth, ASCENDING, 117), burst(truth, STEEP, 44)) as ground:
        assert len(ground.run("geometry.cells")["easting"]) == 0
        assert len(ground.run("geometry.displacement")["easting"]) == 0


def test_looks_too_alike_are_never_decomposed():
    truth = motions(4)
    nearly_up = (np.array([-0.02, -0.1, 0.995]), np.array([0.15, -0.1, 0.984]))
    with Countryside(burst(truth, nearly_up[0], 117), burst(truth, nearly_up[1], 22)) as ground:
        assert len(ground.run("geometry.cells")["easting"]) == 0


def test_releases_and_levels_never_mix():
    old, new = np.array([[5.0, 0.0, -5.0]]), np.array([[-1.0, 0.0, 2.0]])
    looks = ((DESCENDING, 22), (ASCENDING, 117))
    bursts = [burst(new, look, track, n_cells=4) for look, track in looks]
    bursts += [burst(old, look, track, n_cells=4, release="2019_2023") for look, track in looks]
    bursts += [burst(9 * old, look, track, n_cells=4, level="L2a", number=900) for look, track in looks]
    bursts += [burst(9 * old, ASCENDING, 60, n_cells=4, level="L2a", number=901)]
    with Countryside(*bursts) as ground:
        found = ground.run("geometry.cells")
        tiles = ground.query("select distinct product from ground.tiles")["product"]
        ortho = ground.run("geometry.displacement")
    assert not [product for product in tiles if "L2a" in product]
    for release, truth in (("2020_2024", new), ("2019_2023", old)):
        rows = found["release"] == release
        assert rows.sum() == 4
        assert found["velocity_up_mm_yr"][rows] == pytest.approx(truth[0, 2], abs=0.03)
        rows = (ortho["release"] == release) & (ortho["component"] == "U")
        assert ortho["velocity_mm_yr"][rows] == pytest.approx(truth[0, 2], abs=0.05)


def test_a_scatterer_of_two_bursts_counts_once():
    truth = motions(4)
    first = burst(truth, DESCENDING, 22, points=1)
    again = Burst(first.places + 1.0, first.series, 846, track=22, look=DESCENDING, coherence=np.full(4, 0.5))
    with Countryside(first, again, burst(truth, ASCENDING, 117)) as ground:
        found = ground.run("geometry.cells")
    assert found["n_descending"].tolist() == [1] * 4


def test_no_gap_over_ninety_days_is_bridged():
    truth = np.array([[5.0, 0.0, 5.0]])
    gap = np.r_[np.arange(40), np.arange(50, 150)]  # 132 days without an acquisition
    down = burst(truth, DESCENDING, 22, n_cells=1)
    down.series, down.epochs = down.series[:, gap], EPOCHS[gap]
    with Countryside(down, burst(truth, ASCENDING, 117, n_cells=1)) as ground:
        rows = ground.run("geometry.displacement")
        (dates,) = ground.query("select epochs from geometry.epochs")["epochs"]
    days = np.array(dates, dtype="datetime64[D]")
    away = np.min(np.abs((days[:, None] - EPOCHS[gap]).astype(int)), axis=1)
    for series, n_epochs in zip(rows["displacements"], rows["n_epochs"], strict=True):
        assert np.array_equal(
            np.ma.getmaskarray(np.ma.masked_invalid(np.ma.array(series, dtype=float))), away > 45
        )
        assert n_epochs == (away <= 45).sum() < len(dates)


def test_stacks_are_weighted_sums_of_nearest_acquisitions():
    rng = np.random.default_rng(4)
    days = np.sort(rng.choice(np.arange(0, 400, 6), 40, replace=False))
    wanted = np.arange(days[0], days[-1] + 1, 6)
    values = np.ma.array(rng.integers(-300, 300, (5, 3 * 40)), mask=rng.random((5, 120)) < 0.1)
    weights = np.ma.array(rng.normal(0, 1, (5, 6)))
    start = np.datetime64("2020-01-03")
    found = stack_series(values, weights, start + days, start + wanted, np.full(5, 30))
    for row in range(5):
        expected = np.zeros((2, len(wanted)))
        for point in range(3):
            series = values[row, 40 * point : 40 * point + 40]
            present = days[~np.ma.getmaskarray(series)]
            known = series.compressed() / 10
            away = np.abs(wanted[:, None] - present)
            near = away == away.min(1, keepdims=True)
            own = np.where(away.min(1) <= 30, (near * known).sum(1) / near.sum(1), np.nan)
            expected += weights[row, 2 * point : 2 * point + 2][:, None] * own
        assert found[row] == pytest.approx(expected.ravel(), abs=1e-9, nan_ok=True)


def test_statistics_of_series_are_explicit_least_squares_fits():
    rng = np.random.default_rng(5)
    series = np.ma.array(rng.normal(0, 3, (6, len(EPOCHS))) + 4 * YEARS, mask=False)
    series[3:, 5:20] = np.ma.masked
    found = series_statistics(series, EPOCHS)
    for row in range(6):
        present = ~np.ma.getmaskarray(series[row])
        years, y = YEARS[present], series[row].compressed()
        fits = {}
        for name, terms in (("v", "t 1 cos sin"), ("a", "t²/2 t 1 cos sin"), ("s", "t³ t² t 1 cos sin")):
            matrix = fit_matrix(years, terms)
            coefficients = np.linalg.lstsq(matrix, y, rcond=None)[0]
            fits[name] = matrix, coefficients, y - matrix @ coefficients, np.linalg.inv(matrix.T @ matrix)
        for name, field in (("v", "velocity{}_mm_yr"), ("a", "acceleration{}_mm_yr2")):
            _, coefficients, left, inverse = fits[name]
            assert found[field.format("")][row] == pytest.approx(coefficients[0], abs=1e-9)
            expected = np.sqrt(inverse[0, 0]) * np.std(left, ddof=1)
            assert found[field.format("_std")][row] == pytest.approx(expected, rel=1e-9)
        matrix, coefficients, left, inverse = fits["s"]
        assert found["seasonality_mm"][row] == pytest.approx(np.hypot(*coefficients[4:]), abs=1e-9)
        assert found["rmse_mm"][row] == pytest.approx(np.sqrt(np.mean(left**2)), rel=1e-9)
        expected = np.sqrt((4 - np.pi) / 2 * (inverse[4, 4] + inverse[5, 5]) / 2) * np.sqrt(np.mean(left**2))
        assert found["seasonality_std_mm"][row] == pytest.approx(expected, rel=1e-9)
        assert found["start_mm"][row] == pytest.approx(matrix[0] @ coefficients, abs=1e-9)
    assert found["n_epochs"].tolist() == [150] * 3 + [135] * 3


def test_a_landslide_moves_down_its_slope():
    """A slope that falls west by 25 degrees and creeps 40 mm/yr along itself, on quiet ground."""
    slope, speed = 25.0, 40.0
    slides = (np.arange(100) % 10 > 5)[:, None]
    downslope = np.array([-math.cos(math.radians(slope)), 0.0, -math.sin(math.radians(slope))])
    truth = slides * speed * downslope
    with Countryside(
        burst(truth, DESCENDING, 22, noise=noisy(5, 100)), burst(truth, ASCENDING, 117, noise=noisy(6, 100))
    ) as ground:
        found = by_place(ground.run("geometry.cells"))
        ground.bench.run("geometry.points")
        along = ground.query(
            "select slope_velocity(velocity_mm_yr, los_east, los_north, los_up, 25, 270) as v,"
            " slope_velocity_sigma(velocity_sigma_mm_yr, los_east, los_north, los_up, 25, 270) as sigma,"
            " slope_sensitivity(los_east, los_north, los_up, 25, 270) as seen, direction,"
            " abs(velocity_mm_yr) > 2 as slides from geometry.points"
        )
    moving = slides[:, 0]
    dip = np.degrees(np.arctan2(-found["velocity_up_mm_yr"], -found["velocity_east_mm_yr"]))[moving]
    assert np.abs(dip - slope).max() < 3
    assert np.hypot(found["velocity_east_mm_yr"], found["velocity_up_mm_yr"])[moving] == pytest.approx(
        speed, rel=0.1
    )
    assert np.abs(found["velocity_up_mm_yr"][~moving]).max() < 2
    known = along["slides"] & ~np.ma.getmaskarray(along["v"])
    assert known.sum() > 100 and (along["v"][known] > 0).all()  # + is downslope whichever way it is seen
    z = (along["v"][known] - speed) / along["sigma"][known]
    assert np.abs(z).mean() < 1.5
    assert np.ma.getmaskarray(along["v"])[np.abs(along["seen"]) < 0.3].all()


def gi_star(velocity, places, reach):
    """Plain Gi* of Ord and Getis (1995), binary weights, self included; places in cells."""
    n, scores = len(velocity), []
    mean = velocity.mean()
    spread = math.sqrt((velocity**2).mean() - mean**2)
    for place in places:
        near = (np.abs(places - place) <= reach).all(1)
        w = near.sum()
        scores.append((velocity[near].sum() - mean * w) / (spread * math.sqrt((n * w - w**2) / (n - 1))))
    return np.array(scores)


def adjusted(p):
    """Benjamini and Hochberg's q-values by their definition."""
    return np.array([min(min(q * len(p) / np.sum(p <= q) for q in p[p >= one]), 1) for one in p])


def hotspots(velocity, places, corner=CORNER):
    with Countryside(burst(motions(1), DESCENDING, 22)) as ground:
        rows = [
            (corner[0] + 50 + 100 * e, corner[1] + 50 + 100 * n, "2020_2024", v, -v)
            for (e, n), v in zip(places.tolist(), velocity, strict=True)
        ]
        ground.given(
            "geometry.cells",
            ("easting", "northing", "release", "velocity_east_mm_yr", "velocity_up_mm_yr"),
            rows,
        )
        return ground.run("geometry.hotspots", "component, easting, northing")


def scattered(n, seed):
    rng = np.random.default_rng(seed)
    return np.stack(np.unravel_index(np.sort(rng.choice(40 * 40, n, replace=False)), (40, 40)), 1), rng


def test_hot_spots_are_those_of_a_plain_reference():
    places, rng = scattered(500, 1)
    velocity = rng.normal(0, 1, 500) - 4.0 * (np.abs(places - 20) < 4).all(1)
    found = hotspots(velocity, places)
    for component, sign in (("E", 1), ("U", -1)):
        rows = found["component"] == component
        expected = gi_star(sign * velocity, places, 2)
        assert found["gi_star"][rows] == pytest.approx(expected, abs=1e-9)
        p = np.array([math.erfc(abs(z) / math.sqrt(2)) for z in expected])
        assert found["p_value"][rows] == pytest.approx(p, rel=2e-7)
        assert found["false_discovery_rate"][rows] == pytest.approx(adjusted(p), rel=1e-5)
        hot = found["is_hotspot"][rows]
        assert np.array_equal(hot, adjusted(p) <= 0.05)
        assert hot[(np.abs(places - 20) < 3).all(1)].all() and hot.sum() < 120


def test_edges_of_tiles_and_blocks_cut_no_hot_spot():
    """The same ground inside one tile and over the corner of four: the same scores and rates to the last bit."""
    places, rng = scattered(400, 7)
    velocity = np.round(rng.normal(0, 1, 400) - 4.0 * (np.abs(places - 20) < 4).all(1), 3)
    within = hotspots(velocity, places)
    across = hotspots(velocity, places, np.array([4_600_000.0, 1_700_000.0]) - 2000)
    assert (
        len(
            {(e // 100_000, n // 100_000) for e, n in zip(across["easting"], across["northing"], strict=True)}
        )
        == 4
    )
    for name in ("n_cells", "gi_star", "p_value", "false_discovery_rate", "is_hotspot"):
        assert np.array_equal(within[name], across[name]), name
    assert within["is_hotspot"].any()
    cut = gi_star(velocity[places[:, 0] < 20], places[places[:, 0] < 20], 2)
    assert np.abs(cut - across["gi_star"][across["component"] == "E"][places[:, 0] < 20]).max() > 1


def test_real_hot_spots_are_those_of_the_whole_island(real_lake):
    """Ustica lies across two tiles: scores and rates of all its cells by the plain reference."""
    with egmsql.connect(real_lake) as connection:
        cells = connection.execute("from geometry.cells order by easting, northing").fetchnumpy()
        found = connection.execute(
            "from geometry.hotspots order by component, easting, northing"
        ).fetchnumpy()
    places = np.stack([cells["easting"], cells["northing"]], 1) / 100
    assert len(set(places[:, 0] // 1000)) == 2
    for component, name in (("E", "east"), ("U", "up")):
        rows = found["component"] == component
        expected = gi_star(cells[f"velocity_{name}_mm_yr"], places, 2)
        assert found["gi_star"][rows] == pytest.approx(expected, abs=1e-9)
        p = np.array([math.erfc(abs(z) / math.sqrt(2)) for z in expected])
        assert found["false_discovery_rate"][rows] == pytest.approx(adjusted(p), rel=1e-5)


def test_ground_without_a_hot_spot_has_hardly_any():
    """Under the null hypothesis any discovery is false: at most one map in twenty has one, give or take."""
    with_any = 0
    for seed in range(12):
        places, rng = scattered(400, seed + 50)
        found = hotspots(rng.normal(0, 1, 400), places)
        with_any += bool(found["is_hotspot"][found["component"] == "E"].any())
    assert with_any <= 3


def test_cells_that_all_move_alike_have_no_hot_spot():
    places, _ = scattered(100, 3)
    found = hotspots(np.full(100, 2.0), places)
    assert not np.ma.filled(found["is_hotspot"], False).any()


@pytest.mark.parametrize(
    ("field", "least_share"),
    [("mean_velocity", 0.995), ("displacements", 0.97), ("acceleration", 0.995), ("seasonality", 0.995)],
)
def test_the_real_east_product_follows_from_its_two_bursts(real_lake, field, least_share):
    with egmsql.connect(real_lake) as connection:
        found = connection.execute(
            "select n_cells, n_only_delivered, n_only_made, share_equal from report.ortho_agreement"
            " where product = ? and field = ?",
            [L3, field],
        ).fetchone()
    assert found[:3] == (522, 0, 0)
    assert found[3] >= least_share


def test_the_real_vertical_agrees_with_the_velocities_of_both_directions(real_lake):
    """No L3 up product is at hand: its velocity from those of the two directions; dates put on a lattice differ a little."""
    with egmsql.connect(real_lake) as connection:
        rows = connection.execute(
            """
            select ortho.velocity_mm_yr,
                avg(los_east) filter (direction = 'ascending'), avg(los_up) filter (direction = 'ascending'),
                avg(los_east) filter (direction = 'descending'), avg(los_up) filter (direction = 'descending'),
                avg(points.velocity_mm_yr) filter (direction = 'ascending'),
                avg(points.velocity_mm_yr) filter (direction = 'descending')
            from geometry.points as points
            inner join geometry.ortho as ortho
                on cell_of(points.easting) = ortho.easting and cell_of(points.northing) = ortho.northing
            where level = 'L2b' and component = 'U'
            group by ortho.easting, ortho.northing, ortho.velocity_mm_yr
            """
        ).fetchall()
    assert len(rows) == 640
    found, e_a, u_a, e_d, u_d, v_a, v_d = np.array(rows).T
    up = (e_a * v_d - e_d * v_a) / (e_a * u_d - e_d * u_a)
    assert np.sqrt(np.mean((found - up) ** 2)) < 0.07


@pytest.mark.parametrize("model", ["geometry.parts", "geometry.displacement"])
def test_product_by_product_and_block_by_block_give_the_rows_of_one_run(real_lake, model):
    with egmsql.connect(real_lake) as connection:
        query = egmsql.load_project().models[model].query
        (files,) = connection.execute(
            "select count(*) from _files where model = ? and n_rows > 0", [model]
        ).fetchone()
        stored = connection.execute(f"select t::varchar from {model} t order by 1").fetchall()
        assert connection.execute(f"select t::varchar from ({query}) t order by 1").fetchall() == stored
    assert files >= 2 and stored


@pytest.mark.parametrize(
    "model",
    ["geometry.epochs", "geometry.looks", "geometry.cells", "geometry.shares"],
)
def test_tile_by_tile_gives_the_rows_of_one_run_over_everything(real_lake, model):
    """Ustica lies across two tiles."""
    with egmsql.connect(real_lake) as connection:
        query = egmsql.load_project().models[model].query
        (tiles,) = connection.execute("select count(*) from _files where model = ?", [model]).fetchone()
        stored = connection.execute(f"select t::varchar from {model} t order by 1").fetchall()
        assert connection.execute(f"select t::varchar from ({query}) t order by 1").fetchall() == stored
    assert tiles >= 2 and stored
