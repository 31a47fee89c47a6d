"""Whether the file that is served was replaced: asked at each request, answered without waiting."""

import concurrent.futures
import time

from egmsql.errors import EgmsqlError
from egmsql.objects import ObjectPath, local_copy

_LOOK_EVERY = 5.0  # seconds between two questions to object storage


class Watch:
    """Looks after one `serving.duckdb`.

    A file on disk is looked at each time. Of an object a thread fetches a copy when it changed, so that no
    request waits for the network; that copy is the file then.
    """

    def __init__(self, path):
        self._path, self._looked = path, time.monotonic()
        self._is_remote = isinstance(path, ObjectPath)
        self._copy, self._looking = path, None
        if self._is_remote:
            self._copy = local_copy(path)
            self._thread = concurrent.futures.ThreadPoolExecutor(1, "egms-watch")

    def is_other(self, snapshot):
        """Return whether the file is another than the one that a state was read from."""
        if self._is_remote:
            self._look()
        try:
            return signature(self._copy.stat()) != snapshot.signature
        except OSError:
            return False

    def _look(self):
        if self._looking is not None and self._looking.done():
            self._copy, self._looking = self._looking.result() or self._copy, None
        if self._looking is None and time.monotonic() - self._looked > _LOOK_EVERY:
            self._looked = time.monotonic()
            self._looking = self._thread.submit(self._fetched)

    def _fetched(self):
        try:
            return local_copy(self._path)
        except (EgmsqlError, OSError):
            return None  # the storage is away: go on with what is open


def signature(stat):
    """Return what tells one file from another that took its place."""
    return stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size
