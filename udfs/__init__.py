"""Vectorised functions that DuckDB calls from SQL: one file, one function, one name.

`registry()` finds them all; `egmsql.connect` and the runner register them. The plain `duckdb` shell does
not know them, so no stored macro or view calls one.
"""

import importlib
import pkgutil

from egmsql.udfs.contract import Udf

__all__ = ["Udf", "registry"]


def registry():
    """Return name -> Udf of every function in this package."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name != "contract":
            function = getattr(importlib.import_module(f"{__name__}.{module.name}"), module.name)
            found[module.name] = function.udf
    return found
