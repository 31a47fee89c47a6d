"""Objects of a bucket as paths: what a lake asks of a `pathlib.Path`, and no more.

An object appears whole or not at all, and may be put on the condition that nobody put it meanwhile.
"""

import contextlib
import functools
import hashlib
import os
import shutil
import time
import uuid
from pathlib import Path

from egmsql.credentials import access_to
from egmsql.errors import LakeError
from egmsql.object_store import Store, moment

_KEEP_COPIES = 3600.0  # seconds, of a state that was replaced: somebody may be about to open it


class ObjectPath:
    """The object `s3://bucket/key`, or all below that key."""

    def __init__(self, store, key):
        self.store, self.key = store, key.strip("/")

    def __reduce__(self):
        return object_path, (str(self),)  # a worker has credentials of its own

    def __str__(self):
        return f"s3://{self.store.bucket}/{self.key}".rstrip("/")

    def __repr__(self):
        return f"ObjectPath({str(self)!r})"

    def __eq__(self, other):
        return isinstance(other, ObjectPath) and str(self) == str(other)

    def __hash__(self):
        return hash(str(self))

    def __truediv__(self, name):
        return ObjectPath(self.store, f"{self.key}/{name}")

    @property
    def name(self):
        """The last part of the key."""
        return self.key.rpartition("/")[2]

    @property
    def stem(self):
        """The name without its suffix."""
        return Path(self.name).stem

    @property
    def parent(self):
        """What the key lies in."""
        return ObjectPath(self.store, self.key.rpartition("/")[0])

    def with_name(self, name):
        """Return the path of another name beside this one."""
        return self.parent / name

    def absolute(self):
        """Return itself: an address says where it is."""
        return self

    def exists(self):
        """Return whether there is such an object."""
        if self.key in self.store.known:
            return True
        found = self.etag() is not None
        if found:
            self.store.known.add(self.key)
        return found

    def etag(self):
        """Return what changes with the object's content, or None if there is no such object."""
        try:
            with self.store.asking(self.key) as client:
                return client.head_object(Bucket=self.store.bucket, Key=self.key)["ETag"]
        except FileNotFoundError:
            return None

    def read(self):
        """Return (bytes, ETag, age in seconds by the storage's own clock)."""
        with self.store.asking(self.key) as client:
            found = client.get_object(Bucket=self.store.bucket, Key=self.key)
            age = moment(found) - found["LastModified"].timestamp()
            return found["Body"].read(), found["ETag"], age

    def read_bytes(self):
        """Return the object's content."""
        return self.read()[0]

    def write_bytes(self, content):
        """Put an object of these bytes."""
        self.put(content)

    def put(self, content, **condition):
        """Put bytes or an open file in one go, on boto's `IfMatch` or `IfNoneMatch`; return the new ETag.

        Raises
        ------
        ConflictError
            If the condition does not hold.
        """
        with self.store.asking(self.key) as client:
            done = client.put_object(Bucket=self.store.bucket, Key=self.key, Body=content, **condition)
        self.store.known.add(self.key)
        return done["ETag"]

    def upload(self, path):
        """Put a file of this machine, in parts if it is large; it appears whole."""
        with self.store.asking(self.key) as client:
            client.upload_file(str(path), self.store.bucket, self.key)
        self.store.known.add(self.key)

    def unlink(self, missing_ok=False):
        """Delete the object; one that is not there is as good as deleted."""
        self.store.delete([self.key])

    @contextlib.contextmanager
    def open(self, mode="rb"):
        """Yield a stream of the object's bytes."""
        with self.store.asking(self.key) as client:
            yield client.get_object(Bucket=self.store.bucket, Key=self.key)["Body"]

    def fetch(self, target):
        """Write the object's content to a file of this machine, which appears whole; return its ETag."""
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".reading-{uuid.uuid4().hex}")
        try:
            with self.store.asking(self.key) as client, unfinished.open("wb") as file:
                found = client.get_object(Bucket=self.store.bucket, Key=self.key)
                shutil.copyfileobj(found["Body"], file, 2**20)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
        return found["ETag"]

    def local(self):
        """Return a copy on this machine of an object that is replaced as a whole; fetched when it changed."""
        etag = self.etag()
        if etag is None:
            raise FileNotFoundError(str(self))
        copy = self.copy_for(etag)
        if not copy.exists():
            etag = self.fetch(copy)
            if self.copy_for(etag) != copy:  # replaced between the two questions
                copy = copy.replace(self.copy_for(etag))
        return copy

    def copy_for(self, etag):
        """Return where the copy of a state of this object lies; older copies are deleted."""
        folder = home(self.parent)
        copy = folder / f"{self.stem}-{hashlib.sha256(etag.encode()).hexdigest()[:20]}.duckdb"
        for other in folder.glob(f"{self.stem}-*.duckdb"):
            with contextlib.suppress(OSError):
                if other != copy and time.time() - other.stat().st_atime > _KEEP_COPIES:
                    other.unlink()
        return copy


def object_path(address):
    """Return the ObjectPath of an `s3://bucket/key`."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    if not bucket:
        raise LakeError(address, "names no bucket", "write it like s3://bucket/lake")
    return ObjectPath(Store(bucket), key)


def home(root):
    """Return this machine's folder for a lake on object storage: copies, unfinished files, a lock."""
    base = os.environ.get("EGMSQL_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "egmsql"
    folder = Path(base).expanduser() / hashlib.sha256(str(root).encode()).hexdigest()[:20]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def local_copy(path):
    """Return a file of this machine that holds what lies at a path: the path itself, or a copy."""
    return path.local() if isinstance(path, ObjectPath) else path


def brought(path, folder):
    """Return where this machine reads a file of the lake: there, or in a folder that it is fetched to."""
    if not isinstance(path, ObjectPath):
        return path
    path.fetch(folder / path.name)
    return folder / path.name


def moved(path, target):
    """Give a finished file its final name, in one step; return where this machine reads it."""
    if isinstance(target, ObjectPath):
        target.upload(path)
        return path
    target.parent.mkdir(parents=True, exist_ok=True)
    return path.replace(target)


def opened(path):
    """Return what pyarrow reads at a path: the path itself, or an object of which it fetches parts."""
    if not isinstance(path, ObjectPath):
        return path
    return _filesystem(access_to(str(path))).open_input_file(f"{path.store.bucket}/{path.key}")


@functools.lru_cache(maxsize=4)
def _filesystem(access):
    from pyarrow.fs import S3FileSystem

    return S3FileSystem(
        access_key=access.key_id,
        secret_key=access.secret,
        session_token=access.token,
        region=access.region,
        endpoint_override=access.url,
        force_virtual_addressing=False,
    )
