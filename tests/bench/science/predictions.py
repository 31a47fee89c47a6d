"""What every method returns, so that all are scored alike."""

from dataclasses import dataclass

import numpy as np
from bench.science.truths import CLASSES

FASTEST_STILL = 1.0  # mm/yr; a sign change of less on either side is no reversal


@dataclass
class Prediction:
    """Classes of a dataset's series.

    Attributes
    ----------
    label : array of str, shape (series,)
    probability : array of float, shape (series, classes)
        In the order of `CLASSES`.
    sense : array of str
        `accelerating` or `decelerating` where a velocity change is of |v|, else empty.
    break_epoch : array of datetime64[D]
        Of the step or bend that was found, else NaT.
    """

    label: np.ndarray
    probability: np.ndarray
    sense: np.ndarray
    break_epoch: np.ndarray

    def take(self, rows):
        """Return the predictions of some series."""
        return Prediction(self.label[rows], self.probability[rows], self.sense[rows], self.break_epoch[rows])


def joined(predictions):
    """Return one prediction for several datasets in a row."""
    fields = ("label", "probability", "sense", "break_epoch")
    return Prediction(*(np.concatenate([getattr(p, name) for p in predictions]) for name in fields))


def sense_of(first, last):
    """Return the sense of changes between two velocities (mm/yr); empty where the direction turns round."""
    turns = (first * last < 0) & (np.minimum(np.abs(first), np.abs(last)) >= FASTEST_STILL)
    faster = np.abs(last) > np.abs(first)
    return np.where(turns, "", np.where(faster, "accelerating", "decelerating")).astype(object)


def one_hot(label):
    """Return the probabilities of one who is always sure."""
    return (np.asarray(label)[:, None] == np.array(CLASSES, dtype=object)).astype(float)


def no_epochs(n):
    """Return n times no date."""
    return np.full(n, np.datetime64("NaT"), dtype="datetime64[D]")


def patterns(series):
    """Yield (rows, present) for each pattern of missing epochs."""
    kinds, inverse = np.unique(~np.isnan(series), axis=0, return_inverse=True)
    for k, present in enumerate(kinds):
        yield np.flatnonzero(inverse.ravel() == k), present
