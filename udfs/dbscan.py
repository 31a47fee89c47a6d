"""Exact DBSCAN of the points of one block by place and velocity."""

import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.dbscan import find_clusters


@udf(
    "dbscan(eastings DOUBLE[], northings DOUBLE[], velocities DOUBLE[], up_velocities DOUBLE[],"
    " sigmas DOUBLE[], up_sigmas DOUBLE[], kinds INTEGER[], are_inner BOOLEAN[], eps DOUBLE,"
    " eps_velocity DOUBLE, min_points INTEGER, is_cylinder BOOLEAN)"
    " -> STRUCT(is_core BOOLEAN[], cluster INTEGER[], also_point INTEGER[], also_cluster INTEGER[])",
    version=1,
    example=(
        [0.0, 50.0, 100.0, 150.0, 240.0, 900.0],
        [0.0, 0.0, 10.0, 0.0, 0.0, 0.0],
        [-5.0, -5.2, -4.9, -5.0, -5.1, -5.0],
        [],
        [],
        [],
        [],
        [],
        100.0,
        3.0,
        3,
        False,
    ),
    returns=pa.struct(
        [
            ("is_core", pa.list_(pa.bool_())),
            ("cluster", pa.list_(pa.int32())),
            ("also_point", pa.list_(pa.int32())),
            ("also_cluster", pa.list_(pa.int32())),
        ]
    ),
)
def dbscan(
    eastings,
    northings,
    velocities,
    up_velocities,
    sigmas,
    up_sigmas,
    kinds,
    are_inner,
    eps,
    eps_velocity,
    min_points,
    is_cylinder,
):
    """Clusters of points that are near in place and alike in velocity, by exact DBSCAN.

    Two points are neighbours where √(Δx² + Δy² + (w·Δv)²) ≤ eps, w = eps / eps_velocity; in a cylinder where
    √(Δx² + Δy²) ≤ eps and |Δv| ≤ eps_velocity.

    Parameters
    ----------
    eastings, northings : DOUBLE[]
        m, in the order of the points' names: a cluster is known by its first core, and a border point goes to
        the first cluster among those it touches.
    velocities : DOUBLE[]
        mm/yr; eastward where there are `up_velocities`.
    up_velocities : DOUBLE[]
        mm/yr, a fourth axis; empty without.
    sigmas, up_sigmas : DOUBLE[]
        mm/yr. Two points then have eps_velocity = max(eps_velocity, 2·√(σ² + σ'²)). Empty without.
    kinds : INTEGER[]
        Bits: only points that share one are neighbours. Empty without.
    are_inner : BOOLEAN[]
        Whether all neighbours of a point are given; others are no cores. Empty where all are.
    eps, eps_velocity : DOUBLE
        m, mm/yr.
    min_points : INTEGER
        Neighbours, itself included, that make a point a core.
    is_cylinder : BOOLEAN

    Returns
    -------
    is_core : BOOLEAN[]
    cluster : INTEGER[]
        Position, from 1, of the first core of the point's cluster; 0 is noise.
    also_point, also_cluster : INTEGER[]
        Border points that touch further clusters, and these, by position.
    """
    found = find_clusters(
        eastings,
        northings,
        velocities,
        eps,
        eps_velocity,
        min_points,
        up=_or_none(up_velocities),
        sigma=_or_none(sigmas),
        sigma_up=_or_none(up_sigmas),
        kinds=_or_none(kinds),
        cylinder=is_cylinder,
        inner=_or_none(are_inner),
    )
    return {
        "is_core": found.is_core,
        "cluster": (found.cluster + 1).astype("int32"),
        "also_point": (found.also[:, 0] + 1).astype("int32"),
        "also_cluster": (found.also[:, 1] + 1).astype("int32"),
    }


def _or_none(values):
    return values if len(values) else None
