"""Our own models' texts, run over a dataset; the only place that knows the names of their columns."""

import tempfile

import numpy as np
from bench.science.predictions import Prediction, no_epochs, sense_of
from bench.science.truths import CLASSES
from workbench import Workbench

import egmsql

MODEL = "classes.motion"  # with the mixture
MODEL_WITHOUT_MIXTURE = "classes.rules"
CLASS = "class"
PROBABILITY = "probability_{}"  # of each class
FIRST_VELOCITY, LAST_VELOCITY = "velocity_start_mm_yr", "velocity_end_mm_yr"
BREAK_EPOCH = {"step": "step_epoch", "velocity_change": "hinge_epoch"}
POINTS = {}  # further columns of observed.points; what is not given is NULL, and NULL is eligible
TABLES = {}  # tables that a model reads and a test makes: {name: columns}


def is_there(model):
    """Whether a model exists."""
    return model in egmsql.load_project().models


def classify(dataset, model=MODEL):
    """Return the classes a model gives a dataset, taken as one product."""
    with (
        tempfile.TemporaryDirectory(prefix="egmsql-bench-") as folder,
        Workbench(dataset.epochs, dataset.series, points=POINTS, folder=folder) as bench,
    ):
        for name, columns in TABLES.items():
            bench.table(name, **columns)
        return as_prediction(bench.run(model))


def as_prediction(rows):
    """Return a model's rows (dict of arrays) as a prediction.

    Probabilities of classes without a column are 0; senses and epochs need columns to be known.
    """
    given = np.ma.filled(np.ma.asarray(rows[CLASS], dtype=object), "unclassified")
    label = np.where(np.isin(given, CLASSES), given, "unclassified").astype(object)
    n = len(label)
    names = [PROBABILITY.format(name) for name in CLASSES]
    probability = np.stack([_floats(rows[name]) if name in rows else np.zeros(n) for name in names], axis=1)
    sense = np.full(n, "", dtype=object)
    if FIRST_VELOCITY in rows and LAST_VELOCITY in rows:
        sense = sense_of(_floats(rows[FIRST_VELOCITY]), _floats(rows[LAST_VELOCITY]))
    epochs = no_epochs(n)
    for name, column in BREAK_EPOCH.items():
        if column in rows:
            epochs = np.where(label == name, _dates(rows[column]), epochs)
    return Prediction(label, np.nan_to_num(probability), sense, epochs)


def _floats(values):
    return np.ma.filled(np.ma.asarray(values).astype(float), np.nan)


def _dates(values):
    return np.ma.filled(np.ma.asarray(values).astype("datetime64[D]"), np.datetime64("NaT"))
