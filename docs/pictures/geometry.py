"""Draw the pictures of docs/geometry.md: `python docs/pictures/geometry.py LAKE` with one of Ustica."""

import math
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import egmsql

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))

from countryside import ASCENDING, DESCENDING, YEARS, Burst, Countryside, seen, shared_noise  # noqa: E402

_STYLE = {"font.size": 8, "axes.titlesize": 9, "axes.grid": False, "savefig.dpi": 110, "figure.dpi": 110}


def reproduced_east(lake):
    """Draw the east velocity made from two L2b bursts, the L3 product, and what they differ by."""
    with egmsql.connect(lake) as connection:
        rows = connection.execute(
            "select easting / 1000, northing / 1000, velocity_mm_yr, mean_velocity from geometry.ortho"
            " inner join observed.points using (easting, northing)"
            " inner join observed.products using (product, release, component) where component = 'E'"
        ).fetchnumpy()
    east, north, ours, theirs = rows.values()
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.6), sharey=True, layout="constrained")
    panels = (
        ("from the two L2b bursts", ours, 4, "mm/yr"),
        ("EGMS L3 east", theirs, 4, "mm/yr"),
        ("difference (published in steps of 0.1)", ours - theirs, 0.1, "mm/yr"),
    )
    for axis, (title, values, limit, unit) in zip(axes, panels, strict=True):
        drawn = axis.scatter(
            east, north, c=values, s=13, marker="s", cmap="RdBu_r", vmin=-limit, vmax=limit, linewidths=0
        )
        axis.set(title=title, aspect="equal", xlabel="easting (km)")
        figure.colorbar(drawn, ax=axis, label=unit, shrink=0.8)
    axes[0].set_ylabel("northing (km, EPSG:3035)")
    figure.savefig(HERE / "ustica-east.png")


def landslide():
    """Draw east and up of a simulated slope that creeps, and the motion in a section through it."""
    side, slope, speed = 24, 22.0, 40.0
    cell = np.repeat(np.arange(side * side), 3)
    rng = np.random.default_rng(1)
    corner = np.array([4_510_000.0, 1_710_000.0])
    places = corner + 100.0 * np.stack([cell % side, cell // side], 1) + rng.uniform(1, 99, (cell.size, 2))
    middle = (places - corner) / 100 - side / 2
    slides = np.exp(-(((middle[:, 0] / 5) ** 2 + (middle[:, 1] / 6) ** 2) ** 2))
    steep = math.radians(slope)
    motion = speed * slides[:, None] * np.array([-math.cos(steep), 0.0, -math.sin(steep)])
    bursts = []
    for track, look in ((22, DESCENDING), (117, ASCENDING)):
        noise = shared_noise(cell, 2.0, 0.3, len(YEARS), track)
        series = seen(motion, look)[:, None] * YEARS + noise
        bursts.append(Burst(places, series, track=track, look=look))
    with Countryside(*bursts) as ground:
        found = ground.run("geometry.cells")
    draw_landslide(found, corner, side, steep)


def draw_landslide(found, corner, side, steep):
    """Draw maps of east and up, and the section with its vectors."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), layout="constrained")
    east, north = (found["easting"] - corner[0]) / 1000, (found["northing"] - corner[1]) / 1000
    for axis, name, title in ((axes[0], "east", "east, + eastward"), (axes[1], "up", "up, + upward")):
        values = found[f"velocity_{name}_mm_yr"]
        drawn = axis.scatter(
            east, north, c=values, s=34, marker="s", cmap="RdBu_r", vmin=-40, vmax=40, linewidths=0
        )
        axis.set(
            title=f"{title} (mm/yr)", aspect="equal", xlabel="km", xlim=(0, side / 10), ylim=(0, side / 10)
        )
        figure.colorbar(drawn, ax=axis, shrink=0.8)
    row = (np.abs(north - (side / 20 + 0.05)) < 0.01) & (np.round(east * 10 - 0.5) % 3 == 1)
    height = east * math.tan(steep)
    axes[2].plot(np.array([0, side / 10]), np.array([0, side / 10]) * math.tan(steep), color="0.6", lw=1)
    axes[2].quiver(
        east[row],
        height[row] + 0.12,
        found["velocity_east_mm_yr"][row],
        found["velocity_up_mm_yr"][row],
        angles="xy",
        scale=200,
        width=0.006,
        color="tab:red",
    )
    axes[2].set(title="section, looking north: motion as found", aspect="equal", xlabel="km", ylabel="km")
    axes[2].set(xlim=(0, 2.4), ylim=(-0.4, 1.6))
    figure.savefig(HERE / "landslide.png")


if __name__ == "__main__":
    plt.rcParams.update(_STYLE)
    plt.switch_backend("agg")
    reproduced_east(sys.argv[1])
    landslide()
