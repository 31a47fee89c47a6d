"""Deliveries that look like EGMS's and whose truth is known: `simulate(out, points=200_000, seed=1)`.

`arguments` says what was asked, `region` which products that makes, `ground` how the ground moves, `places`
where the points of a product lie, `epochs` when they were seen; `series`, `statistics` and `columns` make the
numbers of a batch of rows, `text` and `delivery` the files; `simulation` runs it all.
"""

from egmsql.simulator.simulation import simulate

__all__ = ["simulate"]
