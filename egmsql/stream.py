"""One reading of a delivered file, shared by the models that read it at the same time.

A file is inflated and parsed once; each model's query gets every batch. What DuckDB is given can be read
again, unlike a plain Arrow reader, which a second scan would find empty without a word: a second scan by
the same query reads the file anew.
"""

import contextlib
import queue
import threading

import pyarrow as pa

from egmsql.sources import ROWS_SCHEMA

_AHEAD = 2  # batches that a slow query may lag behind
_POLL = 0.1  # seconds between looks at whether a reader has left


class Cancelled(Exception):
    """The reading was stopped by whoever started it."""


class SharedRows:
    """The batches of one source for a fixed number of readers, produced by one thread.

    Parameters
    ----------
    source : egmsql.sources.Source
    readers : int
        How many queries will read; each takes `reader(i)` and leaves with `leave(i)`.
    progress : callable, optional
        Called with the number of csv bytes parsed since the last call.
    """

    def __init__(self, source, readers, progress=None):
        self._source = source
        self._progress = progress
        self._queues = [queue.Queue(maxsize=_AHEAD) for _ in range(readers)]
        self._present = [True] * readers
        self._stopped = False
        self.error = None  # what ended the reading early
        self._thread = threading.Thread(target=self._produce, name="egmsql-reader", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self._thread.join()

    def reader(self, index):
        """Return the rows for one query: an object that DuckDB scans, any number of times."""
        return _Rows(self, index)

    def leave(self, index):
        """Say that a query needs no more batches."""
        self._present[index] = False

    def stop(self):
        """End the reading; queries that still wait for batches fail."""
        self._stopped = True

    def _produce(self):
        try:
            for batch in self._source.batches(progress=self._progress):
                if not self._offer(batch):
                    raise Cancelled
            self._offer(None)
        except BaseException as error:  # noqa: BLE001 - handed to every reader, which raises it
            self.error = error
            self._hand_out(error)

    def _hand_out(self, error):
        """Give every reader the error in place of what it has not taken yet, without waiting for it."""
        for items in self._queues:
            with contextlib.suppress(queue.Empty):
                while True:
                    items.get_nowait()
            items.put_nowait(error)

    def _offer(self, item):
        """Put an item into the queue of each reader that is present; False when stopped."""
        for index, items in enumerate(self._queues):
            while self._present[index]:
                if self._stopped:
                    return False
                try:
                    items.put(item, timeout=_POLL)
                    break
                except queue.Full:
                    continue
        return any(self._present)

    def first_scan(self, index):
        """Yield the shared batches to one reader."""
        while True:
            item = self._queues[index].get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def another_scan(self):
        """Yield the batches of a reading of its own."""
        yield from self._source.batches()


class _Rows:
    """What DuckDB scans: each scan asks for a stream, and binding a query asks for one too.

    So a stream begins only with its first batch.
    """

    def __init__(self, shared, index):
        self._shared, self._index = shared, index
        self._scans = 0

    def _batches(self):
        self._scans += 1
        if self._scans == 1:
            yield from self._shared.first_scan(self._index)
        else:
            yield from self._shared.another_scan()

    def __arrow_c_stream__(self, requested_schema=None):
        reader = pa.RecordBatchReader.from_batches(ROWS_SCHEMA, self._batches())
        return reader.__arrow_c_stream__(requested_schema)
