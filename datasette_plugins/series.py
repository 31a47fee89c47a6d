"""Series by pid, straight from the lake's Parquet files, which the served file names.

A file is sorted by pid in groups of 2,048 rows, so one series is one group of one file. Files never change,
so what their footers say is kept.
"""

import bisect
import collections
import threading
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from egmsql.objects import opened

_FOOTERS = 256  # kept at once; one of a burst takes about 100 KiB
_MM = 0.1  # mm in one unit


class SeriesLostError(Exception):
    """A series whose file is no longer on disk."""


@dataclass
class _Footer:
    metadata: object
    firsts: list
    lasts: list = field(default_factory=list)


class SeriesReader:
    """Reads series of the products of one state.

    Parameters
    ----------
    root : Path or ObjectPath
        The lake's folder.
    paths : dict
        Product -> path of its series, relative to the lake.
    """

    def __init__(self, root, paths):
        self._root, self.paths = root, paths
        self._footers, self._lock = collections.OrderedDict(), threading.Lock()

    def read(self, product, pids):
        """Return (pids found, float array of displacements in mm, NaN where missing) in order of pid."""
        if product not in self.paths:
            return [], np.empty((0, 0))
        path = self._root / self.paths[product]
        wanted = sorted(set(pids))
        try:
            footer = self._footer(path)
            groups = self._groups(footer, wanted)
            with pq.ParquetFile(opened(path), metadata=footer.metadata, memory_map=False) as file:
                parts = [self._pick(file, group, some) for group, some in groups.items()]
        except FileNotFoundError:
            raise SeriesLostError(product) from None
        parts = [part for part in parts if part.num_rows]
        if not parts:
            return [], np.empty((0, 0))
        table = pa.concat_tables(parts)
        lists = table["displacements"].combine_chunks()
        flat = pc.cast(pc.list_flatten(lists), pa.float64()).to_numpy(zero_copy_only=False)
        return table["pid"].to_pylist(), np.round(flat.reshape(len(table), -1) * _MM, 1)

    def rows(self, product, pids, columns=None):
        """Return pid -> row (of some columns, or whole), as a dict, of a file that is sorted by pid."""
        if product not in self.paths:
            return {}
        path = self._root / self.paths[product]
        try:
            footer = self._footer(path)
            with pq.ParquetFile(opened(path), metadata=footer.metadata, memory_map=False) as file:
                parts = [
                    self._pick(file, group, some, columns)
                    for group, some in self._groups(footer, sorted(set(pids))).items()
                ]
        except FileNotFoundError:
            raise SeriesLostError(product) from None
        return {row["pid"]: row for part in parts for row in part.to_pylist()}

    def count_groups(self, product, pids):
        """Return how many row groups a reading of these pids would touch: what it costs."""
        if product not in self.paths:
            return 0
        try:
            return len(self._groups(self._footer(self._root / self.paths[product]), sorted(set(pids))))
        except FileNotFoundError:
            raise SeriesLostError(product) from None

    @staticmethod
    def _pick(file, group, pids, columns=("pid", "displacements")):
        table = file.read_row_group(group, columns=columns and list(columns), use_threads=False)
        return table.filter(pc.is_in(table["pid"], pa.array(pids, table["pid"].type)))

    @staticmethod
    def _groups(footer, pids):
        found = {}
        for pid in pids:
            group = bisect.bisect_right(footer.firsts, pid) - 1
            if group >= 0 and pid <= footer.lasts[group]:
                found.setdefault(group, []).append(pid)
        return found

    def _footer(self, path):
        with self._lock:
            if path in self._footers:
                self._footers.move_to_end(path)
                return self._footers[path]
        metadata = pq.read_metadata(opened(path))
        column = next(i for i in range(metadata.num_columns) if metadata.schema.column(i).path == "pid")
        statistics = [metadata.row_group(g).column(column).statistics for g in range(metadata.num_row_groups)]
        footer = _Footer(metadata, [s.min for s in statistics], [s.max for s in statistics])
        with self._lock:
            self._footers[path] = footer
            while len(self._footers) > _FOOTERS:
                self._footers.popitem(last=False)
        return footer
