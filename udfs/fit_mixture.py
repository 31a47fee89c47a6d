"""A Gaussian mixture fitted to effect sizes of many measurement points."""

import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.mixture import fit, name_of
from threadpoolctl import threadpool_limits

_COMPONENT = pa.struct(
    [
        ("component", pa.int32()),
        ("class", pa.string()),
        ("weight", pa.float64()),
        ("mean", pa.list_(pa.float64())),
        ("covariance", pa.list_(pa.float64())),
        ("centre", pa.list_(pa.float64())),
        ("scale", pa.list_(pa.float64())),
        ("n_points", pa.int64()),
        ("log_likelihood", pa.float64()),
    ]
)


@udf(
    "fit_mixture(effects DOUBLE[], labels VARCHAR[], seed INTEGER) -> STRUCT(component INTEGER,"
    " class VARCHAR,"
    " weight DOUBLE, mean DOUBLE[], covariance DOUBLE[], centre DOUBLE[], scale DOUBLE[], n_points BIGINT,"
    " log_likelihood DOUBLE)[]",
    version=1,
    example=([((7 * i) % 11) / 5 + (i % 3) for i in range(9 * 60)], ["stable", ""] * 30, 1),
    returns=pa.list_(_COMPONENT),
)
def fit_mixture(effects, labels, seed):
    """The components of a Gaussian mixture, in order of their means, named by them.

    Parameters
    ----------
    effects : DOUBLE[]
        Of all points one after the other, as mixtures.features lists them.
    labels : VARCHAR[]
        A class for each point that the rules are sure of, else empty: the fit starts from their means.
    seed : INTEGER

    Returns
    -------
    STRUCT[]
        `mean` and `covariance` (row by row) are of the effects less `centre`, over `scale`. `class` follows
        from the mean by the limits of the classes, never from the component's number or from a vote. None
        where there are too few points.

    Notes
    -----
    scikit-learn's GaussianMixture: full covariances, the number of components by the BIC. One thread, so that
    the sums come in one order.
    """
    if not len(labels):
        return []
    points = np.asarray(effects, dtype=float).reshape(len(labels), -1)
    with threadpool_limits(1):
        mixture, centre, scale = fit(points, labels, seed)
    if mixture is None:
        return []
    order = np.lexsort(mixture.means_.T[::-1])
    likelihood = float(mixture.lower_bound_)
    return [
        {
            "component": number,
            "class": name_of(mixture.means_[k] * scale + centre),
            "weight": float(mixture.weights_[k]),
            "mean": mixture.means_[k],
            "covariance": mixture.covariances_[k].ravel(),
            "centre": centre,
            "scale": scale,
            "n_points": len(points),
            "log_likelihood": likelihood,
        }
        for number, k in enumerate(order)
    ]
