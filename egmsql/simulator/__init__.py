"""Deliveries that look like EGMS's and whose truth is known: `simulate(out, points=200_000, seed=1)`.

`arguments` says what was asked, `region` which products that makes, `ground` how the ground moves,
`places` where the points of a product lie (`projection`: in degrees), `epochs` when they were seen.
`batches` makes some rows of a product from `series`, `statistics`, `columns` and `text`; `metadata` writes
the XML, `truth` what is known, `delivery` the files. `simulation` runs it all, and `randomness` keeps it
the same each time.
"""

from egmsql.simulator.simulation import simulate

__all__ = ["simulate"]
