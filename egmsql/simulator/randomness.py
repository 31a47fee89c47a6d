"""Random numbers that depend on what they are for, never on the order in which they are drawn."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What random numbers are for; each purpose has its own independent stream. Numbers are never reused."""

    GROUND = 1
    PLACES = 2
    EPOCHS = 3
    SCATTERERS = 4
    NOISE = 5
    MISSING = 6
    METADATA = 7


def generator(seed, stream, *key):
    """Return the generator of one purpose, such as the noise of batch 3 of product 0.

    Parameters
    ----------
    seed : int
        The seed of the whole simulation, not negative.
    stream : Stream
    key : int
        Which part of the simulation; not negative.
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, stream, *key])))
