"""Everything that a lake knows about one measurement point, for one product."""

from dataclasses import dataclass

import numpy as np

import egmsql
from egmsql.errors import LakeError

CLASSES = ("stable", "linear", "accelerating", "decelerating", "velocity_change", "step", "noisy", "complex")

_NEEDED = ("features.hypotheses", "features.kinematics", "classes.motion")
_POINT = """
select points.*, products.*, hypotheses.*, kinematics.*, motion.*
from observed.points as points
inner join observed.products as products using (product)
inner join features.hypotheses as hypotheses using (pid, product)
inner join features.kinematics as kinematics using (pid, product)
inner join classes.motion as motion using (pid, product)
where points.pid = ?
order by product desc
"""


@dataclass(frozen=True)
class Point:
    """One measurement point in one product.

    `facts` holds columns of the models by name; `epochs` are datetime64[D] and `displacements` mm, without
    the epochs that the series lacks.
    """

    pid: str
    product: str
    facts: dict
    epochs: np.ndarray
    displacements: np.ndarray

    @property
    def probabilities(self):
        """Class -> calibrated probability; empty where the point is unclassified."""
        if self.facts["class"] == "unclassified":
            return {}
        return {name: self.facts[f"{name}_probability"] for name in CLASSES}


def read_point(lake, pid, product=None):
    """Return the Point of a pid; of several products the last by name, unless one is named.

    Raises
    ------
    LakeError
        If the lake has no such point, or its classes are not built.
    """
    with egmsql.connect(lake, spatial=False, udfs=False) as connection:
        built = {row[0] for row in connection.execute("select distinct model from _files").fetchall()}
        missing = [name for name in _NEEDED if name not in built]
        if missing:
            raise LakeError(lake, f"holds no {missing[0]}", f"run `egmsql build {lake}`")
        found = connection.execute(_POINT, [pid]).to_arrow_table().to_pylist()
        if not found:
            raise LakeError(lake, f"holds no measurement point {pid}", "look pids up in observed.points")
        chosen = [row for row in found if product in (None, row["product"])]
        if not chosen:
            products = ", ".join(row["product"] for row in found)
            raise LakeError(lake, f"holds {pid} not in {product}", f"choose one of {products}")
        facts = chosen[0]
        query = "select displacements from series.displacement where pid = ? and product = ?"
        (values,) = connection.execute(query, [pid, facts["product"]]).fetchone()
    series = np.array([np.nan if d is None else d / 10 for d in values])
    epochs = np.array(facts["epochs"], dtype="datetime64[D]")
    present = ~np.isnan(series)
    return Point(pid, facts["product"], facts, epochs[present], series[present])
