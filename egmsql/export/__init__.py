"""Taking rows of a lake to a GIS: layers, filters, formats, styles, and statistics by zone."""

from egmsql.export.layers import LAYERS, Filters
from egmsql.export.writing import export
from egmsql.export.zones import zones

__all__ = ["LAYERS", "Filters", "export", "zones"]
