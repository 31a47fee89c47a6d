"""Random numbers that depend on what they are for, never on the order in which they are drawn.

`generator` serves what is drawn once, in Python; `mix` and its kin serve points and epochs in compiled
code: a number is a function of the key (seed, scatterer, pass ...), so any part can be made at any time.
"""

import math
from enum import IntEnum
from statistics import NormalDist

import numba
import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_TAIL = 0.86  # residuals of real series have a kurtosis of 4.9; this tail survives their filter


class Stream(IntEnum):
    """What random numbers are for; each purpose has its own independent stream. Numbers are never reused."""

    GROUND = 1
    EPOCHS = 3
    METADATA = 7
    QUAKE = 8
    TERRAIN = 9


def generator(seed, stream, *key):
    """Return the generator of one purpose, such as the outages of one burst.

    Parameters
    ----------
    seed : int
        The seed of the whole simulation, not negative.
    stream : Stream
    key : int
        Which part of the simulation; not negative.
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, stream, *key])))


def seed_key(seed):
    """Return a seed of any size as the uint64 that keys start from."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]


def _quantiles(bend):
    # sinh of a normal number has longer tails, the more it is bent; unit variance.
    normals = np.array([NormalDist().inv_cdf((k + 0.5) / 4096) for k in range(4096)])
    found = np.sinh(bend * normals) / bend if bend else normals
    return (found / math.sqrt((found**2).mean())).astype(np.float32)


NORMALS = _quantiles(0.0)  # 4096 quantiles, so that a normal number is one look-up
# Compiled code keeps a copy: after a change here, delete the *.nbi files in __pycache__.
SHOCKS = _quantiles(_TAIL)


@numba.njit(nogil=True, cache=True, inline="always")
def mix(number):
    """Return uint64 bits that look random but belong to a uint64 (splitmix64)."""
    x = number + GOLDEN
    x = (x ^ (x >> np.uint64(30))) * _FIRST
    x = (x ^ (x >> np.uint64(27))) * _SECOND
    return x ^ (x >> np.uint64(31))


@numba.njit(nogil=True, cache=True, inline="always")
def join(key, number):
    """Return the key of a part of something: `number` of what `key` names."""
    return mix(key ^ (np.uint64(number) * _SECOND))


@numba.njit(nogil=True, cache=True, inline="always")
def share(key):
    """Return a number in [0, 1) that belongs to a key."""
    return np.float64(key >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@numba.njit(nogil=True, cache=True)
def shares(keys, purpose):
    """Return numbers in [0, 1), one a key; another purpose (small int) gives others."""
    found = np.empty(len(keys))
    for i in range(len(keys)):
        found[i] = share(join(keys[i], purpose))
    return found


@numba.njit(nogil=True, cache=True)
def normals(keys, purpose):
    """Return standard normal numbers, one a key; another purpose (small int) gives others."""
    found = np.empty(len(keys))
    for i in range(len(keys)):
        found[i] = NORMALS[join(keys[i], purpose) >> np.uint64(52)]
    return found
