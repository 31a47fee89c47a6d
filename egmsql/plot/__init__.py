"""One measurement point as a picture: `plot("lake", "166ax5Ofja", "point.png")`.

`point` reads everything the lake knows of it, `model` draws the curve of the shape that won, `picture` puts
both on a page.
"""

from egmsql.plot.picture import plot

__all__ = ["plot"]
