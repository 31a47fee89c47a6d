"""Measurement points as Arrow batches: pieces of csv text in, record batches out, memory bounded."""

import numpy as np
import pyarrow as pa

from egmsql.errors import SourceError
from egmsql.sources.delivery import PIECE
from egmsql.sources.kernel import FINE, MISSING, PAD, parse_lines
from egmsql.sources.layout import Block
from egmsql.sources.schema import ROWS_SCHEMA
from egmsql.sources.wrong import explain

# Rows in a batch. One less cache line per column than a power of two: columns of 2**14 doubles would all
# compete for the same lines of the cache.
_MOST_ROWS = 16_384 - 8
_BATCH_BYTES = 24 << 20  # of csv text, at five bytes a cell
_LONGEST_LINE = 1 << 20
_MOST_LONG_CELLS = 4096
_CUT = "download the file again, it may be cut off"


class RowReader:
    """Turns pieces of csv text into record batches of `ROWS_SCHEMA`.

    Parameters
    ----------
    where : str
        The file, for errors.
    header : Header
    layout : Layout
    """

    def __init__(self, where, header, layout):
        self._where, self._header, self._layout = where, header, layout
        self._buffer = bytearray(_LONGEST_LINE + PIECE + PAD)
        self._text = np.frombuffer(self._buffer, dtype=np.uint8)
        self._n_bytes = 0  # of text in the buffer
        self._is_past_header = False
        self._n_rows = 0  # in the batches handed on
        self._capacity = min(_MOST_ROWS, max(256, _BATCH_BYTES // (5 * len(header.columns))))
        self._start_block()

    def read(self, pieces):
        """Yield the batches of all pieces; SourceError names the first wrong row."""
        for piece in pieces:
            self._append(piece)
            yield from self._parse(self._end_of_whole_lines())
        self._end_last_line()
        yield from self._parse(self._n_bytes)
        if self._row:
            yield self._finish_block()

    def _append(self, piece):
        stop = self._n_bytes + len(piece)
        if stop > len(self._buffer) - PAD:
            raise SourceError(self._where, f"a line is longer than {_LONGEST_LINE} bytes", _CUT)
        self._buffer[self._n_bytes : stop] = piece
        self._n_bytes = stop

    def _end_of_whole_lines(self):
        """Return where the last line begins; blank lines after it belong to it, as they may end the file."""
        stop = self._n_bytes
        while stop and self._buffer[stop - 1] in b"\r\n":
            stop -= 1
        return self._buffer.rfind(b"\n", 0, stop) + 1

    def _end_last_line(self):
        line = self._buffer[: self._n_bytes].rstrip(b"\r\n")
        if line and not self._buffer[: self._n_bytes].endswith(b"\n"):
            self._refuse_cut(line)
        self._n_bytes = 0
        if line:
            self._append(line + b"\n")

    def _refuse_cut(self, line):
        # A file may lack its last line end. It is whole if its last displacement has its decimal.
        cell = line.rpartition(self._header.delimiter.encode())[2]
        ends_in_epoch = self._header.columns[-1] in self._header.epoch_columns
        if not cell or (ends_in_epoch and self._header.point.encode() not in cell[:-1]):
            row = self._n_rows + self._row + 1
            raise SourceError(f"{self._where}, row {row}", "the last line is cut", "download the file again")

    def _parse(self, stop):
        """Yield the batches that the lines up to `stop` fill; move the text behind them to the front."""
        at = 0
        if not self._is_past_header and stop:
            at, self._is_past_header = self._buffer.index(b"\n") + 1, True
        while at < stop:
            row, at, n_long_cells, problem = parse_lines(
                self._text, at, stop, self._layout, self._block, self._row
            )
            self._row = row
            self._round_long_cells(n_long_cells)
            if problem != FINE:
                raise self._explain(problem, at)
            if row == self._capacity:
                yield self._finish_block()
        self._buffer[: self._n_bytes - stop] = self._buffer[stop : self._n_bytes]
        self._n_bytes -= stop

    def _round_long_cells(self, n_long_cells):
        for slot, row, start, stop in self._block.long_cells[:n_long_cells]:
            cell = self._buffer[start:stop].decode().replace(self._header.point, ".")
            self._block.numbers[slot, row] = float(cell) + 0.0

    def _explain(self, problem, at):
        begin = self._buffer.rfind(b"\n", 0, at) + 1
        line = self._buffer[begin : self._buffer.index(b"\n", at)].rstrip(b"\r").decode("latin-1")
        where = f"{self._where}, row {self._n_rows + self._row + 1}"
        return explain(where, self._header, problem, line, at - begin)

    def _start_block(self):
        n_slots, n_epochs = len(self._header.numbers), len(self._header.epochs)
        self._row = 0
        self._block = Block(
            pids=np.empty((self._capacity, 10), dtype=np.uint8),
            numbers=np.empty((n_slots, self._capacity)),
            displacements=np.empty((self._capacity, n_epochs), dtype=np.int16),
            n_missing=np.zeros(1, dtype=np.int64),
            long_cells=np.empty((_MOST_LONG_CELLS, 4), dtype=np.int64),
        )

    def _finish_block(self):
        batch = block_to_batch(self._block, self._header.numbers, self._row, self._n_rows + 1)
        self._n_rows += self._row
        self._start_block()
        return batch


def block_to_batch(block, numbers, n_rows, first_row):
    """Return the first rows of a block as a record batch that shares its memory.

    Parameters
    ----------
    block : Block
    numbers : list of str
        The columns of `block.numbers`.
    n_rows, first_row : int
        How many rows are filled, and the `source_row` of the first.
    """
    columns = {
        "source_row": pa.array(np.arange(first_row, first_row + n_rows, dtype=np.int32)),
        "pid": pa.StringArray.from_buffers(n_rows, _offsets(n_rows, 10), pa.py_buffer(block.pids[:n_rows])),
        "displacements": _lists(block.displacements[:n_rows], block.n_missing[0]),
    }
    for slot, name in enumerate(numbers):
        columns[name] = _numbers(block.numbers[slot, :n_rows], ROWS_SCHEMA.field(name).type)
    for field in ROWS_SCHEMA:
        if field.name not in columns:
            columns[field.name] = pa.nulls(n_rows, field.type)
    return pa.RecordBatch.from_pydict(columns, ROWS_SCHEMA)


def _numbers(values, arrow_type):
    is_missing = np.isnan(values)
    validity = _validity(is_missing) if is_missing.any() else None
    if arrow_type == pa.int32():
        values = np.where(is_missing, 0, values).astype(np.int32)
    return pa.Array.from_buffers(arrow_type, values.size, [validity, pa.py_buffer(values)])


def _lists(displacements, n_missing):
    n_rows, n_epochs = displacements.shape
    flat = displacements.reshape(-1)
    validity = _validity(flat == MISSING) if n_missing else None
    elements = pa.Array.from_buffers(pa.int16(), flat.size, [validity, pa.py_buffer(flat)])
    return pa.ListArray.from_buffers(
        ROWS_SCHEMA.field("displacements").type,
        n_rows,
        [None, _offsets(n_rows, n_epochs)],
        children=[elements],
    )


def _validity(is_missing):
    return pa.py_buffer(np.packbits(~is_missing, bitorder="little"))


def _offsets(n_rows, width):
    return pa.py_buffer(np.arange(0, (n_rows + 1) * width, width, dtype=np.int32))
