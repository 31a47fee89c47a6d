"""Forged products whose points move as a test says: places in m, velocities in mm/yr, series to match.

path = towns.write_zip(folder, x, y, v, burst=845)
"""

import datetime

import forge
import numpy as np

EPOCHS = forge.epochs(datetime.date(2020, 1, 3), n_epochs=40, step=36)
EAST, NORTH = 4_600_000.0, 1_740_000.0


ASCENDING = {"track_angle": "349.00", "los_east": "-0.620", "los_north": "-0.100", "los_up": "0.778"}
DESCENDING = {"track_angle": "191.00", "los_east": "0.590", "los_north": "-0.120", "los_up": "0.798"}


def product(x, y, v, noise=0.3, seed=0, look=DESCENDING, **options):
    """Return a Forged product of points at (EAST + x, NORTH + y) m that move at v mm/yr along the line of sight."""
    rng = np.random.default_rng(seed)
    made = forge.product(n_points=len(x), dates=options.pop("dates", EPOCHS), **options)
    days = np.array([(e - EPOCHS[0]).days for e in options.get("dates", EPOCHS)])
    first = made.columns.index(made.epochs[0])
    for row in range(len(x)):
        series = v[row] * days[: len(made.epochs)] / 365 + rng.normal(0, noise, len(made.epochs))
        made.rows[row][first:] = [f"{d:.1f}" for d in series]
        made["easting", row + 1] = f"{EAST + x[row]:.2f}"
        made["northing", row + 1] = f"{NORTH + y[row]:.2f}"
        made["temporal_coherence", row + 1] = "0.9"
        made["mean_velocity", row + 1] = f"{v[row]:.1f}"
        for name, value in look.items():
            made[name, row + 1] = value
    return made


def write_zip(folder, x, y, v, **options):
    """Write such a product and return its path."""
    return product(x, y, v, **options).write_zip(folder)


def spots(n, seed, span=3000.0, n_spots=5):
    """Return x, y, v of crowded moving spots, thin moving country and points at rest."""
    rng = np.random.default_rng(seed)
    spot = rng.integers(0, n_spots, n)
    centre = rng.uniform(0.1 * span, 0.9 * span, (2, n_spots))
    x, y = centre[:, spot] + rng.normal(0, 100, (2, n))
    v = rng.choice([-9.0, -5.0, 6.0], n_spots)[spot] + rng.normal(0, 0.7, n)
    away = rng.random(n) < 0.4
    x[away], y[away] = rng.uniform(0, span, (2, away.sum()))
    v[away] = rng.normal(0, 4, away.sum())
    return x.round(2), y.round(2), v.round(1)
