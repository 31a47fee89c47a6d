"""To which class a measurement point belongs by a Gaussian mixture."""

import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.mixture import CLASSES, responsibilities

_FIELDS = [f"{name}_probability" for name in CLASSES]


@udf(
    "score_mixture(effects DOUBLE[], parameters DOUBLE[], classes VARCHAR[]) -> "
    f"STRUCT({', '.join(f'{name} DOUBLE' for name in _FIELDS)})",
    version=1,
    example=(
        [0.5, -1.0],
        [0.4, 0.6, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 2.0, 1.0, *([1.0, 0.2, 0.2, 1.0] * 2)],
        ["stable", "step"],
    ),
    returns=pa.struct([(name, pa.float64()) for name in _FIELDS]),
    shared=("parameters", "classes"),
)
def score_mixture(effects, parameters, classes):
    """The probability of each class: the sum over the components that show it.

    Parameters
    ----------
    effects : DOUBLE[]
        As mixtures.features lists them.
    parameters : DOUBLE[]
        Weights of the k components; centre and scale of the d effects; k means of d; k covariances of d·d.
    classes : VARCHAR[]
        Of the components.

    Returns
    -------
    STRUCT of DOUBLE
        Add up to 1. Equal to the sums of scikit-learn's `predict_proba`.
    """
    k, d = len(classes), effects.shape[1]
    parts = np.split(np.asarray(parameters, dtype=float), np.cumsum([k, d, d, k * d]))
    weights, centre, scale = parts[:3]
    means, covariances = parts[3].reshape(k, d), parts[4].reshape(k, d, d)
    shares = responsibilities((effects.data - centre) / scale, weights, means, covariances)
    return {
        field: sum((shares[:, i] for i in range(k) if classes[i] == name), np.zeros(len(shares)))
        for name, field in zip(CLASSES, _FIELDS, strict=True)
    }
