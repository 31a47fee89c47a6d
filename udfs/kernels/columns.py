"""Arrow columns that DuckDB passes, as arrays for kernels."""

import numpy as np
import pyarrow as pa


class Rows:
    """A column of which groups of rows are taken as arrays; its elements are read once for all groups."""

    def __init__(self, name, column):
        self._starts, self._lengths = None, None
        elements, self._missing = column, None
        if is_list(column):
            offsets = column.offsets.to_numpy()
            self._starts, self._lengths = offsets[:-1] - offsets[0], np.diff(offsets)
            elements = column.flatten()
            if elements.null_count:
                self._missing = ~np.asarray(elements.is_valid())
                elements = elements.fill_null(0)
        self._values = elements.to_numpy(zero_copy_only=False)
        refuse_nan(name, self._values)

    def array(self, rows):
        """Return rows as an array; of lists, which are of one length, as a masked array (rows, length)."""
        if self._starts is None:
            return self._values[rows]
        mask = np.ma.nomask if self._missing is None else self._lists(self._missing, rows)
        return np.ma.MaskedArray(self._lists(self._values, rows), mask=mask if np.any(mask) else np.ma.nomask)

    def _lists(self, elements, rows):
        length = self._lengths[rows[0]]
        if len(rows) == len(self._starts):
            return elements.reshape(len(rows), length)
        if not length:
            return elements[:0].reshape(len(rows), 0)
        return np.lib.stride_tricks.sliding_window_view(elements, length)[self._starts[rows]]


def is_list(value):
    """Whether an Arrow column or scalar is of lists."""
    kind = value.type
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def refuse_nan(name, value):
    """Raise ValueError where an argument has NaN."""
    values = np.asarray(value)
    if values.dtype.kind == "f" and bool(np.isnan(values).any()):
        raise ValueError(f"{name}: is NaN; pass NULL where there is no value")
