"""Our own models' texts, run over a dataset; the only place that knows the names of their columns."""

import tempfile
from dataclasses import replace

import numpy as np
from bench.science.predictions import Prediction, no_epochs, sense_of
from bench.science.truths import CLASSES
from workbench import Workbench

import egmsql

MODEL = "classes.probabilities"
MORE = "features.hypotheses"  # velocities at both ends, epochs of breaks
# The mixture is a setting of the model: the same text with it on.
MIXTURE_OFF, MIXTURE_ON = "0.0 as mixture_below", "0.6 as mixture_below"
CLASS = "class"
PROBABILITY = "{}_probability"  # of each class
FIRST_VELOCITY, LAST_VELOCITY = "start_velocity_mm_yr", "end_velocity_mm_yr"
BREAK_EPOCH = {"step": "step_date", "velocity_change": "hinge_date"}


def is_there():
    """Whether the model exists."""
    return MODEL in egmsql.load_project().models


def classify(dataset, with_mixture=False):
    """Return the classes that our models give a dataset, taken as one product."""
    with (
        tempfile.TemporaryDirectory(prefix="egmsql-bench-") as folder,
        Workbench(dataset.epochs, dataset.series, folder=folder) as bench,
    ):
        if with_mixture:
            model = bench.project.models[MODEL]
            assert MIXTURE_OFF in model.text
            bench.project.models[MODEL] = replace(model, text=model.text.replace(MIXTURE_OFF, MIXTURE_ON))
        return as_prediction({**bench.run(MORE), **bench.run(MODEL)})


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
