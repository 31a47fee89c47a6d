"""How kernels are compiled: without the GIL, kept on disk, sums in vector lanes.

A compiled loop adds in an order that depends on its length alone, so the sums of a row do not depend on the
rows beside it. NaN and infinity keep their meaning; a division by zero gives infinity.
"""

from pathlib import Path

import numba

_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "contract", "nsz"}}
# A kernel holds the code of the kernels it calls, in other files too; numba looks at its own file only.
_STAMP = tuple(
    (path.name, path.stat().st_mtime, path.stat().st_size)
    for path in sorted(Path(__file__).parent.glob("*.py"))
)


def compiled(function):
    """Compile a function that may make arrays."""
    return _kept(numba.njit(cache=True, **_OPTIONS)(function))


def borrowing(function):
    """Compile a function that makes no arrays, and so counts no references to them.

    A small function that is called for each series with a dozen arrays would spend most of its time so.
    """
    return _kept(numba.njit(cache=True, _nrt=False, **_OPTIONS)(function))


def _kept(dispatcher):
    dispatcher._cache._cache_file._source_stamp = _STAMP
    return dispatcher
