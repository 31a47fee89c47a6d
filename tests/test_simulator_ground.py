"""The simulated ground: an island on which things move as terrain and physics say, and looks at it."""

import importlib.resources
import json

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from simulated import NEW, File

from egmsql.simulator import scatterers, simulate
from egmsql.simulator.arguments import Arguments
from egmsql.simulator.ground import Ground, progress_of
from egmsql.simulator.projection import to_degrees
from egmsql.simulator.region import plan_region
from egmsql.simulator.sites import COLUMNS, KINDS
from egmsql.simulator.terrain import CENTRE, downslopes, groundwater, inland
from egmsql.simulator.tracks import N_LINES, N_PIXELS, TRACKS

RADIUS = 6_000.0  # m


@pytest.fixture(scope="module")
def ground():
    return Ground(5, RADIUS)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """All L2b bursts of a small region."""
    folder = tmp_path_factory.mktemp("region")
    return [File(path) for path in simulate(folder, points=20_000, seed=3, levels="L2b", releases=NEW)]


def somewhere(n, seed=1):
    rng = np.random.default_rng(seed)
    return CENTRE[0] + rng.uniform(-RADIUS, RADIUS, n), CENTRE[1] + rng.uniform(-RADIUS, RADIUS, n)


def is_on_water(ground, eastings, northings):
    in_sea = [inland(x, y, ground.terrain.coast) <= 0 for x, y in zip(eastings, northings, strict=True)]
    return np.array(in_sea) | (ground.motion(eastings, northings).kind == KINDS.index("reservoir"))


def of_kind(ground, kind):
    return ground.table[ground.table[:, 0] == KINDS.index(kind)]


# The ground


def test_the_ground_does_not_depend_on_who_asks_together(ground):
    x, y = somewhere(2_000)
    together = ground.motion(x, y)
    again, order = Ground(5, RADIUS), np.random.default_rng(4).permutation(2_000)
    for part in np.array_split(order, 7):
        apart = again.motion(x[part], y[part])
        for name, values in vars(apart).items():
            assert np.array_equal(values, getattr(together, name)[part]), name
    assert len(np.unique(together.kind)) > 4


def test_a_landslide_moves_down_the_slope_it_lies_on(ground):
    slides = of_kind(ground, "landslide")
    assert len(slides) > 3
    for x, y, length in slides[:, 1:4]:
        places = x + np.linspace(-0.3, 0.3, 5) * length, y + np.linspace(-0.3, 0.3, 5) * length
        motion = ground.motion(*places)
        inside = motion.kind == KINDS.index("landslide")
        step = 20 * motion.direction / np.linalg.norm(motion.direction, axis=1, keepdims=True)
        below = ground.heights(places[0] + step[:, 0], places[1] + step[:, 1])
        assert inside.any()
        assert (below < ground.heights(*places))[inside].all()
        down, tangent = downslopes(*places, ground.terrain.waves, ground.terrain.coast)
        assert np.allclose(
            motion.direction[inside][:, 2], (down[:, 2] * np.linalg.norm(motion.direction, axis=1))[inside]
        )
        assert tangent[inside].mean() > 0.05


def test_a_bowl_sinks_most_in_its_middle_and_pulls_its_rim_inwards(ground):
    for bowl in of_kind(ground, "bowl"):
        x, y, radius = bowl[1:4]
        motion = ground.motion(x + np.linspace(0, 0.9, 10) * radius, np.full(10, y))
        assert (np.diff(motion.direction[:, 2]) < 0).all() and motion.direction[0, 2] == pytest.approx(1)
        assert motion.direction[5, 0] > 0  # times a negative progress: to the west, where the middle is
        assert ground.motion(np.array([x + 1.01 * radius]), np.array([y])).direction[0, 2] == 0


def test_consolidation_ends_as_an_exponential_does(ground):
    bowls = of_kind(ground, "bowl")
    settling = bowls[bowls[:, COLUMNS["total"]] != 0]
    tau, start, total = (settling[:, COLUMNS[name]] for name in ("tau", "start", "total"))
    assert len(settling)
    for years in (0.0, 1.5, 4.0):
        expected = total * (1 - np.exp(-(years - start) / tau))
        assert np.allclose(progress_of(settling, np.array([years]))[:, 0], expected)
    assert np.all(progress_of(settling, np.array([-8.0])) == 0)


def test_a_changing_velocity_changes_on_its_date(ground):
    turning = ground.table[ground.table[:, COLUMNS["change"]] != 0]
    assert len(turning)
    for row in turning:
        turn = row[COLUMNS["turn"]]
        before, at, after = progress_of(row[None], turn + np.array([-1.0, 0.0, 1.0]))[0]
        assert at - before == pytest.approx(row[COLUMNS["rate"]])
        assert after - at == pytest.approx(row[COLUMNS["rate"]] + row[COLUMNS["change"]])


def test_groundwater_is_smooth_over_kilometres_and_highest_in_spring():
    x, y = somewhere(3_000)
    for reach, most in ((200, 0.25), (20, 0.03)):
        apart = [
            there - here for here, there in zip(groundwater(x, y), groundwater(x + reach, y), strict=True)
        ]
        assert np.abs(apart[0]).max() < most and np.abs(apart[1]).max() < 10 * most
    amplitude, day = groundwater(x, y)
    assert np.ptp(amplitude) > 1 and day.min() > 31 and day.max() < 31 + 28 + 31 + 30  # February to April


def test_buildings_grow_in_summer_each_by_its_own_height(ground):
    (town,) = of_kind(ground, "town")[:1]
    x, y = town[1] + 60 + np.arange(40) * 2.0, np.full(40, town[2] + town[3] * 0.5)
    motion = ground.motion(x, y)
    amplitude, day = groundwater(x, y)
    thermal = motion.wave[:, 2] - amplitude * np.exp(2j * np.pi * day / 365)
    assert len(np.unique(np.round(np.abs(thermal), 6))) in range(2, 6)  # 80 m: a building every 25 m
    late = np.angle(thermal[np.abs(thermal) > 0.01]) / (2 * np.pi) * 365 % 365
    assert np.abs(late - 208).max() < 0.01


def test_an_earthquake_is_smooth_and_moves_the_ground_in_three_dimensions(ground):
    x, y, length = ground.quake[:3]
    along = np.linspace(-3, 3, 601) * length
    steps = ground.motion(x + along, np.full(601, y)).step
    assert np.abs(np.diff(steps, axis=0)).max() < 0.05 * np.abs(steps).max()
    assert (np.abs(steps).max(axis=0) > 0).all() and np.abs(steps[[0, -1]]).max() == 0


def test_nothing_scatters_on_water(ground, files):
    x, y = somewhere(20_000)
    density, wet = ground.density(x, y), is_on_water(ground, x, y)
    assert wet.any() and (density[wet] == 0).all()
    island = plan_region(Arguments(20_000, 3, "L2b", NEW)).ground
    for file in files:
        assert not is_on_water(island, file.numbers("easting"), file.numbers("northing")).any()


def test_points_crowd_where_the_ground_is_built_on(ground):
    x, y = somewhere(40_000)
    density, kind = ground.density(x, y), ground.motion(x, y).kind
    means = {name: density[(kind == at) & (density > 0)].mean() for at, name in enumerate(KINDS[:6])}
    assert means["town"] > 4 * means["countryside"] and means["village"] > 2 * means["countryside"]


# Points


@pytest.mark.parametrize("track", TRACKS[:2])
def test_cells_of_a_block_are_distinct_and_stay_when_counts_change(track):
    lines, pixels = np.array([0, 10, 0], dtype=np.int32), np.array([0, 0, 40], dtype=np.int32)
    blocks = scatterers.Blocks(lines, pixels, np.array([300, 5, 90]))
    keys = scatterers.block_keys(1, track, blocks)
    line, pixel, number = scatterers._draw_cells(lines, pixels, blocks.counts, keys)
    assert len(set(zip(line.tolist(), pixel.tolist(), strict=True))) == 395
    assert (line // 10 * 10 == lines[number]).all() and (pixel // 40 * 40 == pixels[number]).all()
    fewer = scatterers._draw_cells(lines, pixels, np.array([200, 5, 90]), keys)[0]
    assert np.array_equal(fewer[:200], line[:200])


@pytest.mark.parametrize("points", [1, 2, 101, 4_000])
def test_points_are_shared_out_exactly_and_by_weight(points):
    rng = np.random.default_rng(2)
    weights, seen = rng.uniform(0.1, 3, 500), rng.integers(1, 3, 500)
    counts = scatterers.share_out(points, weights, seen, rng.integers(0, 2**63, 500).astype(np.uint64))
    assert (counts * seen).sum() == points and counts.min() >= 0
    assert points < 4_000 or np.corrcoef(counts, weights)[0, 1] > 0.9


def test_points_lie_in_their_radar_cell(files):
    for file in files:
        burst = next(
            product.burst
            for product in plan_region(Arguments(20_000, 3, "L2b", NEW)).bursts
            if product.name.product == file.path.stem
        )
        lines, pixels = file.numbers("line"), file.numbers("pixel")
        assert lines.min() >= 0 and lines.max() < N_LINES and pixels.min() >= 0 and pixels.max() < N_PIXELS
        middle = burst.track.on_ground(lines + burst.first_line + 0.5, pixels + burst.first_pixel + 0.5)
        apart = np.hypot(file.numbers("easting") - middle[0], file.numbers("northing") - middle[1])
        assert apart.max() < 8 + 1  # half the diagonal of a cell, and the misplacement in overlaps


def test_coordinates_agree_with_duckdb_spatial(files):
    file = files[0]
    eastings = np.append(file.numbers("easting"), [4_321_000, 2_700_000, 5_900_000])
    northings = np.append(file.numbers("northing"), [3_210_000, 1_500_000, 5_200_000])
    extension = importlib.resources.files("duckdb_extension_spatial") / "extensions"
    path = extension / f"v{duckdb.__version__}" / "spatial.duckdb_extension"
    with duckdb.connect() as connection:
        connection.execute(f"load '{path}'")
        connection.register("points", {"x": eastings, "y": northings})
        expected = connection.execute(
            """
            with reprojected as (
                select st_transform(st_point(x, y), 'EPSG:3035', 'EPSG:4326', always_xy := true) as point
                from points
            )
            select st_y(point) as latitude, st_x(point) as longitude from reprojected
            """
        ).fetchnumpy()
        outlines = connection.execute(
            "select kind, st_area(outline) as area, st_x(st_centroid(outline)) - easting as off from "
            f"read_parquet('{file.path.parent / 'areas.parquet'}')"
        ).fetchall()
    latitudes, longitudes = to_degrees(eastings, northings)
    assert np.abs(latitudes - expected["latitude"]).max() < 1e-7
    assert np.abs(longitudes - expected["longitude"]).max() < 1e-7
    written = len(file.rows)
    assert np.abs(file.numbers("latitude") - expected["latitude"][:written]).max() < 6e-7
    assert np.abs(file.numbers("longitude") - expected["longitude"][:written]).max() < 6e-7
    assert all(area > 10_000 and abs(off) < 1 for _, area, off in outlines)


# Looks


def test_lines_of_sight_have_unit_length_and_follow_the_angles(files):
    for file in files:
        east, north, up = file.los.T
        incidence, track = (np.radians(file.numbers(f"{which}_angle")) for which in ("incidence", "track"))
        assert np.abs(east**2 + north**2 + up**2 - 1).max() < 0.0018  # three times the rounding of 3 decimals
        assert np.abs(east + np.cos(track) * np.sin(incidence)).max() < 0.0008
        assert np.abs(north - np.sin(track) * np.sin(incidence)).max() < 0.0008
        assert np.abs(up - np.cos(incidence)).max() < 0.0008


def test_tracks_look_at_one_island_from_both_sides_and_under_several_angles(files):
    looks = {file.name.track: (file.los[0, 0] > 0, file.numbers("incidence_angle").mean()) for file in files}
    assert looks[22][0] and not looks[117][0] and not looks[44][0]
    assert abs(looks[117][1] - looks[44][1]) > 3
    middles = {track: [] for track in looks}
    for file in files:
        middles[file.name.track] += file.numbers("easting").tolist()
    assert np.ptp([np.mean(some) for some in middles.values()]) < 500


def test_ascending_and_descending_see_a_landslide_differently_and_agree_in_three_dimensions(files):
    """Solving both looks for the downslope motion gives one speed."""
    areas = pq.read_table(files[0].path.parent / "areas.parquet").to_pandas().set_index("area_id")
    truths = [(file, file.truth) for file in files]
    checked = 0
    for number, area in areas[areas["kind"] == "landslide"].iterrows():
        seen, speeds = {}, []
        for file, truth in truths:
            inside = np.flatnonzero(truth["area_id"] == number)
            if not len(inside):
                continue
            motion = np.stack([truth[f"{axis}_mm_yr"][inside] for axis in ("east", "north", "up")], axis=1)
            fast = np.linalg.norm(motion, axis=1).argmax()
            seen.setdefault(file.los[0, 0] > 0, []).append(truth["motion_mm_yr"][inside][fast])
            assert truth["motion_mm_yr"][inside][fast] == pytest.approx(
                motion[fast] @ file.los[inside[fast]], abs=0.03
            )
            speeds.append(np.linalg.norm(motion[fast]))
            assert motion[fast, 2] < 0 or speeds[-1] < 0.5
        if len(seen) == 2 and abs(area["east_mm_yr"]) > 5:
            checked += 1
            assert abs(np.mean(seen[True]) - np.mean(seen[False])) > 3
            assert np.ptp(speeds) < 0.35 * np.max(speeds)
    assert checked > 0


def test_l2a_is_relative_and_l2b_carries_the_plate(tmp_path):
    truths = {}
    for level in ("L2a", "L2b"):
        (path,) = simulate(tmp_path / level, points=900, levels=level, products=1)
        truths[level] = File(path).truth
    assert np.array_equal(truths["L2a"]["pid"], truths["L2b"]["pid"])
    plate = truths["L2b"]["velocity_mm_yr"] - truths["L2a"]["velocity_mm_yr"]
    assert np.abs(plate).min() > 0.3 and np.ptp(plate) < 0.5
    quiet = (truths["L2a"]["class"] == "stable") & (truths["L2a"]["step_mm"] == 0)
    assert quiet.any() and np.abs(truths["L2a"]["velocity_mm_yr"][quiet]).max() < 1.3


# Areas


def test_areas_hold_their_points_and_their_crs(files):
    table = pq.read_table(files[0].path.parent / "areas.parquet")
    described = json.loads(table.schema.metadata[b"geo"])["columns"]["outline"]
    assert described["encoding"] == "WKB" and described["crs"]["id"]["code"] == 3035
    areas = table.to_pandas().set_index("area_id")
    assert set(areas["kind"]) == set(KINDS) - {"countryside"}
    for file in files:
        truth = file.truth
        inside = ~np.isnan(truth["area_id"])
        found = areas.loc[truth["area_id"][inside].astype(int)]
        assert (found["kind"].to_numpy() == truth["kind"][inside]).all()
        apart = np.hypot(
            found["easting"].to_numpy() - truth["easting"][inside],
            found["northing"].to_numpy() - truth["northing"][inside],
        )
        assert apart.max() < 700
    assert areas["east_mm_yr"].notna().all() and (areas["kind"] == "earthquake").sum() == 1
