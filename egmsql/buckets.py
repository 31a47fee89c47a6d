"""A lake on object storage: the same files under the same names, written by one of several machines.

Each Parquet file is one immutable object. The catalogue is replaced by a put on the condition that it is
still the one that the command began with, so of two commands that both believe to be alone one fails.
"""

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field

from egmsql.errors import EgmsqlError, LakeError
from egmsql.lake import CATALOGUE, SCRATCH, Lake
from egmsql.object_store import ConflictError
from egmsql.objects import ObjectPath, home, object_path

_SILENCE = 120.0  # seconds after which a writer that gives no sign has lost its place
_SIGN_EVERY = 20.0


@dataclass(frozen=True)
class BucketLake(Lake):
    """The lake at `s3://bucket/prefix`; unfinished files and copies lie in a folder of this machine."""

    root: ObjectPath
    _held: dict = field(default_factory=dict, compare=False, repr=False)  # while writing: lease, ETag

    @property
    def home(self):
        """The folder of this machine for locks, unfinished files and copies of the catalogue."""
        return home(self.root)

    def exists(self):
        """Return whether there is a catalogue; LakeError if there is no bucket."""
        if self.catalogue.exists():
            return True
        self.root.store.require()
        return False

    def load(self):
        """Return the State in the catalogue, and learn which files are there."""
        self.root.store.known = {key for key, *_ in self.root.store.listed(self._prefix)}
        return super().load()

    @contextlib.contextmanager
    def writing(self, wait=0.0):
        """Hold the lake's only writer's place, on this machine and among all."""
        with super().writing(wait), Lease(self.root, _machine(self.home), wait) as lease:
            self._held.update(lease=lease, etag=self.catalogue.etag())
            try:
                yield
            finally:
                self._held.clear()
                left = [key for key, *_ in self.root.store.listed(f"{self._prefix}{SCRATCH}/")]
                self.root.store.delete(left)

    def place(self, unfinished, name):
        """Let a finished file take the place of `name`, whole; LakeError if another writer was faster."""
        self._held["lease"].renew()
        target = self.root / name
        if name == CATALOGUE:
            etag = self._held["etag"]
            condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
            self._held["etag"] = _put(target, unfinished.read_bytes(), **condition)
        else:
            target.upload(unfinished)
        unfinished.replace(target.copy_for(target.etag()))

    def settle(self, names):
        """Do nothing: an object that was put is kept."""

    def delete(self, names):
        """Delete files by their paths relative to the lake."""
        self.root.store.delete([(self.root / name).key for name in names])

    def _parquet_files(self):
        for key, n_bytes, age in self.root.store.listed(self._prefix):
            yield key.removeprefix(self._prefix), n_bytes, age

    @property
    def _prefix(self):
        return f"{self.root.key}/" if self.root.key else ""


def bucket_lake(address):
    """Return the lake at an `s3://bucket/prefix`, whether or not there is one."""
    return BucketLake(object_path(address))


class Lease:
    """The only writer's place among several machines: the object `.lock`, put again and again while held.

    A place is free when its holder gave it back, gave no sign for two minutes by the storage's clock, or
    was a process of this machine: whoever holds the machine's own lock knows that it ended.
    """

    def __init__(self, root, machine, wait):
        self._path, self._root, self._wait = root / ".lock", root, wait
        owner = {"machine": machine, "host": socket.gethostname(), "pid": os.getpid()}
        self._content = json.dumps(owner | {"command": uuid.uuid4().hex}).encode()
        self._machine, self._etag = machine, None
        self._ended, self._putting = threading.Event(), threading.Lock()

    def __enter__(self):
        until = time.monotonic() + self._wait
        while True:
            holder = self._try()
            if holder is None:
                break
            if time.monotonic() >= until:
                raise LakeError(self._root, holder, "wait for it to end, or give --wait SECONDS")
            time.sleep(min(1.0, max(0.05, until - time.monotonic())))
        self._prove()
        self._thread = threading.Thread(target=self._sign, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        # Not deleted: only a put can be made on the condition that the place is still ours.
        with contextlib.suppress(ConflictError, FileNotFoundError, EgmsqlError):
            self._path.put(b"{}", IfMatch=self._etag)

    def _prove(self):
        """Raise unless the storage honours conditions: where it does not, two commands could both publish."""
        try:
            self._path.put(self._content, IfNoneMatch="*")
        except ConflictError:
            return
        advice = "use storage that honours If-Match and If-None-Match on a put"
        raise LakeError(self._root, "its storage ignores the conditions of a put", advice)

    def renew(self):
        """Give a sign; LakeError if another command took the place meanwhile."""
        with self._putting:
            self._etag = _put(self._path, self._content, IfMatch=self._etag)

    def _sign(self):
        while not self._ended.wait(_SIGN_EVERY):
            with contextlib.suppress(EgmsqlError):  # `place` asks again, and says so
                self.renew()

    def _try(self):
        """Take the place if it is free; return a sentence about its holder if not."""
        try:
            text, etag, silent = self._path.read()
        except FileNotFoundError:
            return self._take(IfNoneMatch="*")
        holder = _read(text)
        if not holder or holder.get("machine") == self._machine or silent > _SILENCE:
            return self._take(IfMatch=etag)
        return (
            f"process {holder.get('pid')} on {holder.get('host')} is writing to it"
            f" (its last sign was {max(0, silent):.0f} s ago; after {_SILENCE:.0f} s its place is free)"
        )

    def _take(self, **condition):
        try:
            self._etag = self._path.put(self._content, **condition)
        except (ConflictError, FileNotFoundError):
            return "another process is beginning to write to it"
        return None


def _read(text):
    try:
        return json.loads(text)
    except ValueError:
        return {}


def _machine(folder):
    """Return what names this machine, as far as it has this folder: made once."""
    path = folder / "machine"
    if not path.exists():
        path.write_text(uuid.uuid4().hex)
    return path.read_text()


def _put(path, content, **condition):
    """Put on a condition and return the ETag; LakeError if somebody else put something there meanwhile."""
    try:
        return path.put(content, **condition)
    except (ConflictError, FileNotFoundError):
        pass
    with contextlib.suppress(FileNotFoundError):
        found, etag, _ = path.read()
        if found == content:  # our own, whose answer was lost before boto tried again
            return etag
    wrong = "another command wrote to it meanwhile, nothing was published"
    raise LakeError(path.parent, wrong, "run again: what was finished is kept")
