"""What a satellite measures: the motion of the ground along its look, plus noise, pass by pass."""

from dataclasses import dataclass

import numba
import numpy as np

from egmsql.simulator.noise import FADING, HALF_WAVE
from egmsql.simulator.randomness import GOLDEN, NORMALS, SHOCKS, mix, share

_WARM_UP = 32  # passes until the noise forgets that it began: 0.65 ** 32 is nothing
_SHARED_NOISE = 0.62  # share of a scatterer's variance that its closest neighbours have too
_OWN_NOISE = 0.06  # share of the variance that is the burst's alone, where two bursts see a scatterer
_OUTLIER = 3.0  # mm, with a size of 3 to 8 times it


@dataclass
class Paths:
    """The ground's motion along the look of some points, without noise; arrays of one length."""

    velocity: np.ndarray  # mm/yr, of the plate
    structure: np.ndarray  # row of the table of progress
    factor: np.ndarray  # share of the structure's progress that is seen
    step: np.ndarray  # mm, of the earthquake
    wave: np.ndarray  # mm, complex: amplitude times exp(i·2π·day of the maximum/365)


@dataclass(frozen=True)
class Clock:
    """The epochs of one burst and all that depends on them alone; arrays of one length."""

    passes: np.ndarray  # int64, number of the track's pass
    years: np.ndarray  # of 365 days since 1 January 2020
    level: np.ndarray  # of the noise
    autumn: np.ndarray  # -1 to 1
    is_after_quake: np.ndarray  # 0 or 1


def compose(paths, traits, clock, progress, air, blocks, keys):
    """Return displacement series (mm), float32, shape (points, epochs), and the number of outliers in each.

    Parameters
    ----------
    paths : Paths
    traits : Traits
    clock : Clock
    progress : float array, shape (structures, epochs)
        mm; how far each structure has moved, its first row zero.
    air : float32 array, shape (blocks, epochs)
        mm
    blocks : int array
        Row of `air` for each point.
    keys : uint64 arrays, (scatterer, neighbourhood, burst's own or 0)
    """
    moving, innovation = filter_of(traits.correlation)
    numbers = [
        *(paths.velocity, paths.factor, paths.step, paths.wave.real, paths.wave.imag),
        *(traits.sigma, moving, innovation, traits.wander, 1 / traits.wander_years, traits.wander_phase),
        *(traits.vegetation, traits.outlier_share, traits.multiple * HALF_WAVE),
    ]
    whole = np.stack([paths.structure, blocks, traits.error_pass], axis=1)
    epochs = np.stack([clock.years, clock.level, clock.autumn, clock.is_after_quake], axis=1)
    turns = np.exp(2j * np.pi * clock.years)
    waves = np.stack([turns.real, turns.imag], axis=1)
    return _compose(np.stack(numbers, axis=1), whole, epochs, waves, clock.passes, progress, air, *keys)


def filter_of(correlation, fading=FADING):
    """Return the moving-average weight and the innovation's standard deviation of unit noise.

    Autoregressive noise of variance s under white noise of variance 1 - s is an ARMA(1, 1) process; s is
    such that neighbours correlate as wanted. One random number an epoch then does for both.
    """
    s = correlation / fading
    zero, one = s * (1 - fading**2) + (1 - s) * (1 + fading**2), -fading * (1 - s)
    ratio = one / zero
    # The invertible root of moving/(1 + moving²) = ratio.
    moving = 2 * ratio / (1 + np.sqrt(1 - 4 * ratio**2))
    return moving, np.sqrt(zero / (1 + moving**2))


_TURN = np.cos(2 * np.pi * np.arange(4096) / 4096).astype(np.float32)


@numba.njit(nogil=True, cache=True)
def _compose(numbers, whole, epochs, waves, passes, progress, air, keys, neighbours, owns):
    n_points, n_epochs = len(numbers), len(passes)
    series = np.empty((n_points, n_epochs), dtype=np.float32)
    n_outliers = np.zeros(n_points, dtype=np.int64)
    noise = np.empty(n_epochs)
    for i in range(n_points):
        (velocity, factor, step, cosine, sine, sigma, moving, innovation, wander, frequency, phase) = numbers[
            i, :11
        ]
        vegetation, outlier_share, error = numbers[i, 11:]
        structure, block, error_pass = whole[i]
        _draw_noise(noise, passes, keys[i], neighbours[i], moving, innovation)
        if owns[i]:
            _add_own(noise, passes, owns[i])
        for e in range(n_epochs):
            years = epochs[e, 0]
            value = velocity * years + factor * progress[structure, e] + step * epochs[e, 3]
            value += cosine * waves[e, 0] + sine * waves[e, 1] + air[block, e]
            value += wander * _TURN[int((years * frequency + phase + 8) * 4096) & 4095]
            value += sigma * epochs[e, 1] * (1 + vegetation * epochs[e, 2]) * noise[e]
            if passes[e] >= error_pass:
                value += error
            series[i, e] = value
        if outlier_share > 0:
            n_outliers[i] = _add_outliers(series[i], passes, keys[i], outlier_share)
    return series, n_outliers


@numba.njit(nogil=True, cache=True)
def _draw_noise(noise, passes, key, neighbour, moving, innovation):
    """Fill in the unit noise of one scatterer at the passes; in between, it goes on unseen."""
    alone, common = np.sqrt(1 - _SHARED_NOISE), np.sqrt(_SHARED_NOISE)
    expected, e = 0.0, 0
    one, two = np.uint64(0), np.uint64(0)
    for k in range(passes[0] - _WARM_UP & ~3, passes[-1] + 1):
        if k & 3 == 0:  # one word holds four numbers
            one, two = mix(key + np.uint64(k) * GOLDEN), mix(neighbour + np.uint64(k) * GOLDEN)
        shift = np.uint64((k & 3) * 16 + 4)
        shock = (
            alone * SHOCKS[one >> shift & np.uint64(4095)] + common * SHOCKS[two >> shift & np.uint64(4095)]
        )
        shock *= innovation
        value = expected + shock
        expected = FADING * value + moving * shock
        if k == passes[e]:
            noise[e] = value
            e += 1


@numba.njit(nogil=True, cache=True)
def _add_own(noise, passes, key):
    own, rest = np.sqrt(_OWN_NOISE), np.sqrt(1 - _OWN_NOISE)
    for e in range(len(passes)):
        word = mix(key + np.uint64(passes[e]) * GOLDEN)
        noise[e] = rest * noise[e] + own * NORMALS[word >> np.uint64(52)]


@numba.njit(nogil=True, cache=True)
def _add_outliers(values, passes, key, outlier_share):
    """Move single epochs by 9 to 24 mm; return how many."""
    n_outliers = 0
    for e in range(len(passes)):
        word = mix(key ^ (np.uint64(passes[e] + 77) * GOLDEN))
        if share(word) < outlier_share:
            size = _OUTLIER * (3 + 5 * share(mix(word)))
            values[e] += size if word & np.uint64(1) else -size
            n_outliers += 1
    return n_outliers
