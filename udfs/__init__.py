"""Vectorised functions that DuckDB calls from SQL: one file, one function, one name.

`registry()` finds them all; `egmsql.connect` and the runner register them. The plain `duckdb` shell does
not know them, so no stored macro or view calls one.
"""

import importlib
import pkgutil

from egmsql.udfs.contract import Udf

__all__ = ["Udf", "names", "registry"]


def names():
    """Return the names of the functions in this package, without importing them."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "contract" and not m.ispkg)


def registry():
    """Return name -> Udf of every function in this package."""
    return {name: getattr(importlib.import_module(f"{__name__}.{name}"), name).udf for name in names()}
