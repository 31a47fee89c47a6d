"""Draw the pictures of docs/geometry.md: `python docs/pictures/geometry.py LAKE` with one of Ustica."""

import math
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, TiffImagePlugin

import egmsql

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests"))

from countryside import ASCENDING, DESCENDING, YEARS, Burst, Countryside, seen, shared_noise  # noqa: E402

_STYLE = {
    **{"font.size": 9, "axes.titlesize": 10, "axes.titlelocation": "left", "axes.grid": False},
    **{"savefig.dpi": 130, "figure.dpi": 130, "axes.spines.top": False, "axes.spines.right": False},
}
_NO_CELL = "0.93"  # so that a cell that stands still differs from one without points
_SIDE, _SLOPE, _SPEED = 24, 22.0, 40.0  # cells, degrees, mm/yr
_CORNER = np.array([4_510_000.0, 1_710_000.0])


def draw_cells(axis, places, values, limit):
    """Draw cells of 100 m as an image, so that neighbours touch; `places` (cells, 2) are centres in km."""
    low = places.min(0)
    columns, rows = np.rint((places - low) * 10).astype(int).T
    image = np.full((rows.max() + 1, columns.max() + 1), np.nan)
    image[rows, columns] = values
    high = places.max(0) + 0.05
    extent = (low[0] - 0.05, high[0], low[1] - 0.05, high[1])
    axis.set_facecolor(_NO_CELL)
    axis.set_aspect("equal")
    return axis.imshow(image, origin="lower", extent=extent, cmap="RdBu", vmin=-limit, vmax=limit)


def reproduced_east(lake):
    """Draw the east velocity made from two L2b bursts, the L3 product, and what they differ by."""
    with egmsql.connect(lake) as connection:
        rows = connection.execute(
            "select easting / 1000, northing / 1000, velocity_mm_yr, mean_velocity from geometry.ortho"
            " inner join observed.points using (easting, northing)"
            " inner join observed.products using (product, release, component) where component = 'E'"
        ).fetchnumpy()
    east, north, ours, theirs = rows.values()
    places = np.stack([east, north], 1)
    left = ours - theirs
    figure, axes = plt.subplots(1, 4, figsize=(12, 3.7), layout="constrained", width_ratios=(1, 1, 1, 0.75))
    maps = [
        draw_cells(axes[0], places, ours, 3),
        draw_cells(axes[1], places, theirs, 3),
        draw_cells(axes[2], places, left, 0.1),
    ]
    for axis, title in zip(axes, ("made from two L2b bursts", "EGMS's L3", "difference"), strict=False):
        axis.set(title=title, xlabel="easting (km)", xticks=(4597, 4598, 4599, 4600))
        axis.ticklabel_format(useOffset=False)
    for axis in axes[1:3]:
        axis.set_yticklabels([])
    axes[0].set_ylabel("northing (km, EPSG:3035)")
    figure.colorbar(maps[1], ax=axes[:2], label="east velocity (mm/yr)", shrink=0.85, extend="both")
    figure.colorbar(maps[2], ax=axes[2], label="mm/yr", shrink=0.85)
    draw_rounding(axes[3], left)
    figure.savefig(HERE / "ustica-east.png")


def draw_rounding(axis, left):
    """Draw how the differences spread, beside what rounding to 0.1 mm/yr alone would leave."""
    edges = np.linspace(-0.1, 0.1, 21)
    axis.hist(left, edges, color="tab:blue", alpha=0.75)
    axis.step([-0.1, -0.05, 0.05, 0.1], [0, left.size / 10, 0, 0], where="post", color="black", lw=1.2)
    share = np.mean(np.round(np.abs(left), 6) <= 0.05)
    axis.set(title="what rounding leaves", xlabel="difference (mm/yr)", ylabel="cells", xlim=(-0.1, 0.1))
    axis.text(0, left.size / 10 * 1.3, f"{share:.1%} within ±0.05", ha="center")
    axis.set_ylim(0, left.size / 10 * 1.45)
    axis.set_box_aspect(1.0)


def landslide():
    """Draw east and up of a simulated slope that creeps, and the motion in a section through it."""
    cell = np.repeat(np.arange(_SIDE**2), 3)
    rng = np.random.default_rng(1)
    places = _CORNER + 100.0 * np.stack([cell % _SIDE, cell // _SIDE], 1) + rng.uniform(1, 99, (cell.size, 2))
    middle = (places - _CORNER) / 100 - _SIDE / 2
    slides = np.exp(-(((middle[:, 0] / 5) ** 2 + (middle[:, 1] / 6) ** 2) ** 2))
    steep = math.radians(_SLOPE)
    motion = _SPEED * slides[:, None] * np.array([-math.cos(steep), 0.0, -math.sin(steep)])
    bursts = []
    for track, look in ((22, DESCENDING), (117, ASCENDING)):
        noise = shared_noise(cell, 2.0, 0.3, len(YEARS), track)
        series = seen(motion, look)[:, None] * YEARS + noise
        bursts.append(Burst(places, series, track=track, look=look))
    with Countryside(*bursts) as ground:
        found = ground.run("geometry.cells")
    draw_landslide(found, steep)


def draw_landslide(found, steep):
    """Draw maps of east and up on one scale, and the section with its vectors."""
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained", width_ratios=(1, 1, 1.45))
    places = np.stack([found["easting"] - _CORNER[0], found["northing"] - _CORNER[1]], 1) / 1000
    row = np.abs(places[:, 1] - (_SIDE / 20 + 0.05)) < 0.01
    middle = _SIDE / 20 + 0.05
    for axis, name, title in ((axes[0], "east", "east velocity"), (axes[1], "up", "up velocity")):
        drawn = draw_cells(axis, places, found[f"velocity_{name}_mm_yr"], _SPEED)
        axis.contour(*hillside(steep), colors="0.45", linewidths=0.6, levels=np.arange(0.1, 1, 0.1))
        axis.plot([0, _SIDE / 10], [middle, middle], color="black", lw=0.9, ls=(0, (5, 3)))
        axis.text(0.04, middle + 0.04, "section", fontsize=8)
        axis.set(title=title, xlabel="east (km)", xlim=(0, _SIDE / 10), ylim=(0, _SIDE / 10))
    axes[0].set_ylabel("north (km)")
    axes[0].text(1.26, 0.06, "contours every 100 m, falling west", fontsize=7, color="0.35", ha="center")
    axes[1].set_yticklabels([])
    figure.colorbar(drawn, ax=axes[:2], shrink=0.9, label="mm/yr; blue: east, up; red: west, down")
    draw_section(axes[2], places[row, 0], *(found[f"velocity_{n}_mm_yr"][row] for n in ("east", "up")), steep)
    figure.savefig(HERE / "landslide.png")


def hillside(steep):
    """Return eastings, northings and heights (km) of the slope, for contour lines."""
    east, north = np.meshgrid(np.linspace(0, _SIDE / 10, 50), np.linspace(0, _SIDE / 10, 50))
    return east, north, east * math.tan(steep)


def draw_section(axis, east, velocity_east, velocity_up, steep):
    """Draw the motion found along a section, above the ground it belongs to."""
    ends = np.array([0, _SIDE / 10])
    axis.fill_between(ends, ends * math.tan(steep), -0.1, color="0.88", lw=0)
    axis.plot(ends, ends * math.tan(steep), color="0.4", lw=1.2)
    foot = east * math.tan(steep) + 0.02
    moves = np.hypot(velocity_east, velocity_up) > 4
    arrows = {"angles": "xy", "scale_units": "xy", "scale": 160, "width": 0.004, "headwidth": 4}
    axis.quiver(east[moves], foot[moves], velocity_east[moves], velocity_up[moves], color="tab:red", **arrows)
    axis.plot(east[~moves], foot[~moves], "o", color="tab:red", ms=2)
    axis.quiver(0.25, 0.85, 40, 0, color="black", **arrows)
    axis.text(0.25, 0.89, "40 mm/yr", fontsize=8)
    dip = np.degrees(np.arctan2(-velocity_up[moves], -velocity_east[moves]))
    text = f"slope {_SLOPE:.0f}°\nmotion found {np.mean(dip):.1f}° ± {np.std(dip):.1f}°"
    axis.text(1.25, 0.02, text, fontsize=9)
    axis.set(title="section, looking north: motion found", aspect="equal", xlabel="east (km)")
    axis.set(ylabel="height (km)", xlim=(0, _SIDE / 10), ylim=(-0.1, 1.05))


def hill():
    """Write a GeoTIFF of a made-up hill over Ustica, for the documentation: cells of 100 m, EPSG:3035."""
    north, east = np.mgrid[0:45, 0:45] * 0.1 - 2.2
    heights = np.round(250 * np.exp(-(east**2 + north**2) / 2)).astype(np.float32)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype |= {33550: 12, 33922: 12, 34735: 3}
    tags[33550] = (100.0, 100.0, 0.0)
    tags[33922] = (0.0, 0.0, 0.0, 4_596_300.0, 1_743_600.0, 0.0)
    tags[34735] = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 3035)
    image = Image.fromarray(heights)
    image.save(HERE / "hill.tif", tiffinfo=tags, compression="tiff_adobe_deflate")


if __name__ == "__main__":
    plt.rcParams.update(_STYLE)
    plt.switch_backend("agg")
    hill()
    landslide()
    reproduced_east(sys.argv[1])
