"""How close simulated bursts are to real ones: a table of their statistics and a picture, `make likeness`.

The table goes to standard output as Markdown; the pictures into docs/pictures.
"""

import argparse
import copy
import io
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
from scipy.spatial import cKDTree

LAGS = (1, 2, 3, 6, 24)
DISTANCES = ((0, 5), (5, 10), (10, 20), (20, 60), (60, 300), (300, 1_000))  # m
POINTS = 90_000  # about as many in a burst as on Ustica


class Product:
    """One delivered file: columns by name, series and their residuals of cubic and wave (mm)."""

    def __init__(self, path):
        self.name = path.stem
        with zipfile.ZipFile(path) as archive:
            table = pyarrow.csv.read_csv(io.BytesIO(archive.read(f"{path.stem}.csv")))
        names = [name for name in table.column_names if not name.isdigit()]
        dates = [name for name in table.column_names if name.isdigit()]
        self.columns = {name: table[name].to_numpy() for name in names}
        self.series = np.stack([table[name].to_numpy() for name in dates], axis=1).astype(np.float32)
        self.dates = np.array([f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in dates], dtype="datetime64[D]")
        t = (self.dates - self.dates[0]).astype(int) / 365
        wave = 2 * np.pi * t
        design = np.stack([np.ones_like(t), t, t**2, t**3, np.cos(wave), np.sin(wave)], axis=1)
        basis = np.linalg.qr(design)[0].astype(np.float32)
        self.residuals = self.series - self.series @ basis @ basis.T

    def take(self, chosen):
        """Return some of the points."""
        part = copy.copy(self)
        part.columns = {name: values[chosen] for name, values in self.columns.items()}
        part.series, part.residuals = self.series[chosen], self.residuals[chosen]
        return part

    def __getitem__(self, name):
        renamed = {"rmse_ts": "rmse", "height_ortho": "height"}.get(name)
        return self.columns[name] if name in self.columns else self.columns[renamed]


def shares(values):
    """Return the 5th, 50th and 95th percentile as text."""
    return " / ".join(f"{value:.2f}" for value in np.percentile(values, (5, 50, 95)))


def correlations(residuals, lag):
    """Return the correlation of each series with itself some epochs later."""
    return (residuals[:, lag:] * residuals[:, :-lag]).sum(axis=1) / (residuals**2).sum(axis=1)


def neighbours(product, low, high):
    """Return the mean correlation of the residuals of points some metres apart."""
    rng = np.random.default_rng(1)
    order = np.lexsort((product["northing"], product["easting"] // max(high, 50)))
    unit = product.residuals[order] / np.linalg.norm(product.residuals[order], axis=1, keepdims=True)
    x, y = product["easting"][order], product["northing"][order]
    found = []
    for shift in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144):
        at = rng.permutation(len(x) - shift)[:6_000]
        apart = np.hypot(x[at] - x[at + shift], y[at] - y[at + shift])
        near = at[(apart >= low) & (apart < high)]
        found.append((unit[near] * unit[near + shift]).sum(axis=1))
    return float(np.mean(np.concatenate(found)))


def local_velocity(product):
    """Return velocities without the median of the twelve nearest points (mm/yr)."""
    places = np.stack([product["easting"], product["northing"]], axis=1)
    nearest = cKDTree(places).query(places, k=12)[1]
    return product["mean_velocity"] - np.median(product["mean_velocity"][nearest], axis=1)


def statistics(product):
    """Yield (name, text) of every statistic of a product."""
    yield "points, epochs", f"{product.series.shape[0]:,}, {product.series.shape[1]}"
    for name, unit in (
        ("rmse_ts", "mm"),
        ("temporal_coherence", ""),
        ("amplitude_dispersion", ""),
        ("mean_velocity", "mm/yr"),
        ("acceleration", "mm/yr²"),
        ("seasonality", "mm"),
    ):
        yield f"`{name}` {unit}".rstrip(), shares(product[name])
    for name, velocity in (
        ("", product["mean_velocity"]),
        (" beside 12 neighbours", local_velocity(product)),
    ):
        low, high = np.percentile(velocity, (25, 75))
        yield f"`mean_velocity`{name}, robust spread (mm/yr)", f"{(high - low) / 1.349:.2f}"
    for lag in LAGS:
        yield (
            f"correlation at {lag} epoch{'s' if lag > 1 else ''}",
            shares(correlations(product.residuals, lag)),
        )
    scaled = product.residuals / product.residuals.std(axis=1, keepdims=True)
    yield "kurtosis of residuals, median", f"{np.median((scaled**4).mean(axis=1)):.1f}"
    yield "residuals beyond 4σ", f"{(np.abs(scaled) > 4).mean():.2%}"
    for low, high in DISTANCES:
        yield f"correlation of neighbours {low} to {high} m apart", f"{neighbours(product, low, high):.2f}"
    month = product.dates.astype("datetime64[M]").astype(int) % 12
    for name, months in (("May to July", (4, 5, 6)), ("November, December", (10, 11))):
        yield (
            f"noise {name} (mm)",
            f"{np.sqrt((product.residuals[:, np.isin(month, months)] ** 2).mean()):.2f}",
        )
    is_late = product.dates >= np.datetime64("2022-01-01")
    parts = [np.sqrt((product.residuals[:, some] ** 2).mean()) for some in (~is_late, is_late)]
    yield "noise before, after 2022 (mm)", f"{parts[0]:.2f}, {parts[1]:.2f}"
    cells = len(set(zip(product["easting"] // 100, product["northing"] // 100, strict=True)))
    yield "points a 100 m cell that has any", f"{len(product.series) / cells:.1f}"


def print_table(products):
    """Print the statistics of labelled products as a Markdown table."""
    print(f"| statistic (5 / 50 / 95 %) | {' | '.join(products)} |")
    print(f"|---{'|---' * len(products)}|")
    for row in zip(*(statistics(product) for product in products.values()), strict=True):
        print(f"| {row[0][0]} | {' | '.join(text for _, text in row)} |")


def draw(pairs, path):
    """Draw velocity maps and a few series of real and simulated products side by side."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 2, figsize=(9, 11), layout="constrained", height_ratios=(3, 3, 2))
    for column, (place, products) in enumerate(pairs.items()):
        for row, (label, bursts) in enumerate(products.items()):
            axis = axes[row, column]
            shown, x, y = (
                np.concatenate([product[name] for product in bursts])
                for name in ("mean_velocity", "easting", "northing")
            )
            shown, x, y = shown - np.median(shown), (x - x.mean()) / 1e3, (y - y.mean()) / 1e3
            dots = axis.scatter(
                x, y, c=shown, s=0.6, cmap="turbo_r", vmin=-8, vmax=8, linewidths=0, rasterized=True
            )
            axis.set(title=f"{place}, {label}", aspect="equal", xlabel="km east", ylabel="km north")
        figure.colorbar(dots, ax=axes[:2, column], label="mm/yr beside the median", shrink=0.6)
        draw_series(axes[2, column], next(iter(products.values()))[0], place)
    figure.savefig(path, dpi=72)
    pyplot.close(figure)


def draw_series(axis, product, place):
    """Draw the series at the 1st, 10th, 50th and 99th percentile of velocity, one above the other."""
    order = np.argsort(product["mean_velocity"], kind="stable")
    for rank, share in enumerate((0.002, 0.1, 0.5, 0.998)):
        at = order[int(share * (len(order) - 1))]
        label = f"{product['mean_velocity'][at]:.1f} mm/yr, coherence {product['temporal_coherence'][at]:.2f}"
        axis.plot(product.dates, product.series[at] + 60 * rank, ".", markersize=2.5, label=label)
    axis.set(title=f"{place}: four series", ylabel="mm, 60 apart")
    axis.set_ylim(top=330)
    axis.legend(fontsize=6, loc="upper left")


def main():
    """Simulate two bursts, compare them with the real ones."""
    from egmsql.simulator import simulate

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("EGMSQL_DATA", "../shared/data"))
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", type=Path, default=Path("docs/pictures"))
    options = parser.parse_args()
    real = {path.name[9:12]: Product(path) for path in sorted(Path(options.data).rglob("EGMS_L2b_*.zip"))}
    with tempfile.TemporaryDirectory() as folder:
        paths = simulate(folder, options.points, options.seed, levels="L2b", releases="2020_2024", tracks=2)
        truth = pyarrow.parquet.read_table(Path(folder) / "truth.parquet").to_pandas()
        bursts = {}
        for path in paths:
            bursts.setdefault(path.name[9:12], []).append(Product(path))
    largest = {track: max(some, key=lambda product: len(product.series)) for track, some in bursts.items()}
    # Ustica hardly moves, so the noise is compared where the simulated ground does not move at all.
    is_still = (truth["motion_mm_yr"] == 0) & (truth["step_mm"].abs() < 0.1)
    rows = {name: is_still[truth["product"] == name].to_numpy() for name in truth["product"].unique()}
    still = {track: one.take(rows[one.name]) for track, one in largest.items()}
    table = {}
    for track, look in (("022", "descending"), ("117", "ascending")):
        table |= {f"Ustica, {look}": real[track], f"simulated, {look}": still[track]}
    print_table(table)
    options.pictures.mkdir(parents=True, exist_ok=True)
    labelled = {
        place: {look: some[track] for track, look in (("022", "descending"), ("117", "ascending"))}
        for place, some in (("Ustica", {track: [one] for track, one in real.items()}), ("simulated", bursts))
    }
    draw(labelled, options.pictures / "simulated-beside-ustica.png")


if __name__ == "__main__":
    main()
