"""Which class each shape belongs to, and how large its effect must be to deserve the name.

The limits of the classes are 2.5 mm/yr of velocity, 2 mm/yr of change of |v| between the first and the last
fifth of the epochs, 5 mm of step, 4 mm of noise. Series near a limit have no true class, so none is drawn:

- stable is slower than 1.5 mm/yr, linear faster than 3.5, and both are four standard errors from 2.5;
- noise is 0.7 to 3.2 mm, of noisy points 5.5 to 10 mm;
- |v| changes by 3 mm/yr or more, and by as much more as leaves two standard errors to the limit of 2
  (from z = 4 on; what stands out less is counted, but nobody could read it);
- what jumps, jumps by 6 mm or more, and by as much more as leaves one standard error to the limit of 5;
- where motion slows down it does not stop: at its end it is faster than 1 mm/yr and one standard error;
- a reversal has more than 2 mm/yr, and a standard error, on each side.
"""

from dataclasses import dataclass

import numpy as np

CLASSES = (
    *("stable", "linear", "accelerating", "decelerating", "velocity_change", "step", "noisy", "complex"),
    "unclassified",
)
NONLINEAR = ("accelerating", "decelerating", "velocity_change", "step", "complex")
NULLS = ("stable", "linear", "noisy")
VELOCITY_LIMIT = 2.5  # mm/yr
CHANGE_LIMIT, LEAST_CHANGE, LARGEST_CHANGE = 2.0, 3.0, 60.0  # mm/yr
STEP_LIMIT, LEAST_STEP, LARGEST_STEP = 5.0, 6.0, 80.0  # mm
NOISE, NOISY = (0.7, 3.2), (5.5, 10.0)  # mm
READABLE = 4.0  # z from which the margins count


@dataclass(frozen=True)
class Shape:
    """How a shape is drawn and scored.

    `truth` is the class by the definitions; where the shape is outside the bank several classes make sense,
    `accepted`. `effect` says what is limited: a bend's change of |v|, a jump's size, nothing of a wave's.
    """

    regressor: str | None
    truth: str
    effect: str
    sense: str = ""  # of a velocity change; empty at a reversal
    accepted: tuple = ()


SHAPES = {
    "stable": Shape(None, "stable", "none"),
    "linear": Shape(None, "linear", "none"),
    "noisy": Shape(None, "noisy", "none"),
    "quadratic_faster": Shape("quadratic", "accelerating", "bend", "accelerating"),
    "growth": Shape("growth", "accelerating", "bend", "accelerating"),
    "quadratic_slower": Shape("quadratic", "decelerating", "bend", "decelerating"),
    "decay": Shape("decay", "decelerating", "bend", "decelerating"),
    "hinge_faster": Shape("hinge_faster", "velocity_change", "bend", "accelerating"),
    "hinge_slower": Shape("hinge_slower", "velocity_change", "bend", "decelerating"),
    "hinge_reversal": Shape("hinge_reversal", "velocity_change", "bend"),
    "step": Shape("step", "step", "jump"),
    # Outside the bank.
    "slow_onset": Shape("slow_onset", "accelerating", "bend", "accelerating", ("velocity_change",)),
    "failure": Shape("failure", "accelerating", "bend", "accelerating", ("velocity_change",)),
    "step_hinge": Shape("step_hinge", "complex", "jump", accepted=("step", "velocity_change")),
    "logistic": Shape("logistic", "complex", "jump", accepted=("step", "velocity_change")),
    "steps": Shape("steps", "complex", "jump", accepted=("step",)),
    "pulse": Shape("pulse", "complex", "jump", accepted=("step",)),
    "decay_step": Shape(
        "decay_step", "complex", "jump", accepted=("step", "decelerating", "velocity_change")
    ),
    "three_segments": Shape("three_segments", "complex", "bend", accepted=("velocity_change",)),
    "growing_wave_stable": Shape("growing_wave", "stable", "wave"),
    "growing_wave_linear": Shape("growing_wave", "linear", "wave"),
    "changing_wave_stable": Shape("changing_wave", "stable", "wave"),
    "changing_wave_linear": Shape("changing_wave", "linear", "wave"),
}
INSIDE = tuple(SHAPES)[:11]
OUTSIDE = tuple(SHAPES)[11:]


def least_and_largest(effect, z, reversal=False):
    """Return the least and the largest effect drawn at z: mm/yr of a bend, mm of a jump."""
    readable = np.maximum(z, READABLE)
    if effect == "bend":
        least = np.maximum(LEAST_CHANGE, CHANGE_LIMIT / (1 - 2 / readable))
        return (np.maximum(least, 4.0 / (1 - 2 / readable)) if reversal else least), LARGEST_CHANGE
    if effect == "jump":
        return np.maximum(LEAST_STEP, STEP_LIMIT / (1 - 1 / readable)), LARGEST_STEP
    return np.zeros_like(z), 30.0  # mm of changing wave


def draw_velocity(truth, sigma, rng):
    """Return mm/yr of points that stand still or creep; sigma is the standard error of each velocity."""
    sign = rng.choice([-1, 1], len(sigma))
    if truth == "linear":
        least = np.maximum(3.5, VELOCITY_LIMIT + 4 * sigma)
        return sign * least * (40 / least) ** rng.random(len(sigma))
    return sign * np.clip(VELOCITY_LIMIT - 4 * sigma, 0, 1.5) * rng.random(len(sigma))


def draw_ends(shape, change, z, rng):
    """Return velocities (mm/yr) at the first and last fifth of bent movements whose velocity changes by `change`."""
    n, error = len(change), change / np.maximum(z, 1)
    sign = rng.choice([-1, 1], n)
    if shape.sense == "accelerating" or shape.truth == "complex":
        first = rng.uniform(0, 8, n)
        return sign * first, sign * (first + change)
    if shape.sense == "decelerating":
        last = rng.uniform(1, 6, n) + error
        return sign * (last + change), sign * last
    margin = np.minimum((2 + error) / change, 0.5)
    first = (margin + (1 - 2 * margin) * rng.random(n)) * change
    return sign * first, sign * (first - change)
