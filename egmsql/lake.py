"""A lake: where things lie, who may write, and what is no longer needed."""

import concurrent.futures
import contextlib
import json
import os
import re
import shutil
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import duckdb
import filelock

from egmsql.errors import LakeError
from egmsql.objects import local_copy
from egmsql.state import LAKE_FORMAT, State, load_state

CATALOGUE = "egmsql.duckdb"
SERVING = "serving.duckdb"  # what the web reads
_HEADERS = 3 * 4096  # bytes of a DuckDB file before its first block
SCRATCH = ".tmp"
_LOCK = ".lock"
_OURS = re.compile(r"[a-z_]+/\w+/([a-z_]+=[^/]+/)?[0-9a-f]{20}\.parquet")  # what `file_for` names
_ALIAS = ".reading-"  # a second name of the catalogue while it is being opened


@dataclass(frozen=True)
class Lake:
    """The folder of one lake; see `egmsql.buckets` for one on object storage.

    Parquet files are immutable: each is written under `.tmp` and moved to a name made of its fingerprint.
    The catalogue alone says which of them count.
    """

    root: Path

    @property
    def catalogue(self):
        """The path of the catalogue, which every reader opens."""
        return self.root / CATALOGUE

    @property
    def home(self):
        """The folder of this machine for locks and unfinished files."""
        return self.root

    @property
    def scratch(self):
        """The folder of unfinished files and of DuckDB's spill; nothing in it outlives a command."""
        return self.home / SCRATCH

    def file_for(self, model, partition_kind, partition, fingerprint):
        """Return the path, relative to the lake, of a model's rows for one partition."""
        folder = Path(*model.split("."))
        if partition_kind:
            folder /= f"{partition_kind}={partition}"
        return (folder / f"{fingerprint}.parquet").as_posix()

    def new_scratch(self, suffix=""):
        """Return a fresh path under the scratch folder."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        return self.scratch / f"{uuid.uuid4().hex}{suffix}"

    def exists(self):
        """Return whether there is a catalogue."""
        return self.catalogue.exists()

    def load(self):
        """Return the State in the catalogue; an empty one for a lake that does not exist yet."""
        if not self.exists():
            return State()
        with contextlib.closing(open_catalogue(self.catalogue)) as connection:
            self.check_format(connection)
            return load_state(connection)

    def check_format(self, connection):
        """Raise LakeError unless an open catalogue is one of egmsql's, of the format this version reads."""
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        if "_lake" not in tables:
            raise LakeError(self.catalogue, "is no catalogue of egmsql", "give the folder of a lake")
        (found,) = connection.execute("select format from _lake").fetchone()
        if found != LAKE_FORMAT:
            advice = "use the egmsql that wrote it, or ingest its files into a new lake"
            raise LakeError(self.catalogue, f"has format {found}, this egmsql reads {LAKE_FORMAT}", advice)

    @contextlib.contextmanager
    def writing(self, wait=0.0):
        """Hold the lake's only writer's place; LakeError after `wait` seconds if another process has it."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.home / _LOCK, timeout=wait)
            holder = self.home / f"{_LOCK}.json"
            with self._acquired(lock, holder):
                holder.write_text(json.dumps({"pid": os.getpid()}))
                self._empty_scratch()
                try:
                    yield
                finally:
                    self._empty_scratch()
                    holder.unlink(missing_ok=True)
        except PermissionError as error:
            advice = "choose a lake in a folder that you may write to"
            raise LakeError(self.root, f"cannot be written ({error.strerror})", advice) from None

    @contextlib.contextmanager
    def _acquired(self, lock, holder):
        try:
            lock.acquire()
        except filelock.Timeout:
            with contextlib.suppress(OSError, ValueError):
                pid = json.loads(holder.read_text())["pid"]
                advice = "wait for it to end, or give --wait SECONDS"
                raise LakeError(self.root, f"process {pid} is writing to it", advice) from None
            raise LakeError(self.root, "another process is writing to it", "wait for it to end") from None
        try:
            yield
        finally:
            lock.release()

    def _empty_scratch(self):
        shutil.rmtree(self.scratch, ignore_errors=True)
        for left in self.home.glob(f"{_ALIAS}*"):
            left.unlink(missing_ok=True)

    def place(self, unfinished, name):
        """Let a finished file take the place of `name` (the catalogue, the web's file) in one step."""
        unfinished.chmod(0o444)
        synchronise(unfinished)
        unfinished.replace(self.root / name)
        synchronise(self.root)

    def settle(self, names):
        """Let new files be on the disk before a catalogue that names them is."""
        found = [self.root / name for name in sorted(names) if (self.root / name).exists()]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:  # the disk writes many as fast as one
            list(pool.map(synchronise, {*found, *(path.parent for path in found)}))

    def unreferenced(self, state, keep_seconds):
        """Return name -> bytes of Parquet files that the last two catalogues do not name and are old enough.

        Names are paths relative to the lake. A file from the future, written before a clock was set back, is
        of age 0.
        """
        named = {r.path for r in state.files.values()} | state.previous_paths
        return {
            name: n_bytes
            for name, n_bytes, age in self._parquet_files()
            if _OURS.fullmatch(name) and name not in named and max(0.0, age) >= keep_seconds
        }

    def _parquet_files(self):
        """Yield (path relative to the lake, bytes, seconds since it was written)."""
        now = time.time()
        for path in sorted(self.root.rglob("*.parquet")):
            found = path.stat()
            yield path.relative_to(self.root).as_posix(), found.st_size, now - found.st_mtime

    def delete(self, names):
        """Delete files by their paths relative to the lake, and folders that are empty then."""
        for name in names:
            (self.root / name).unlink()
        for folder in sorted({parent for name in names for parent in Path(name).parents}, reverse=True):
            if folder != Path() and not any((self.root / folder).iterdir()):
                (self.root / folder).rmdir()


def open_catalogue(path):
    """Return a read-only connection to a catalogue; LakeError if another process has it open for writing.

    DuckDB hands one instance to all connections of a process that name the same path, also after the file
    was replaced. A name of its own gives each connection the file as it is now, and UDFs of its own.
    """
    path = local_copy(path)
    spill = Path(tempfile.gettempdir()) / f"egmsql-{uuid.uuid4().hex}"
    try:
        with _own_name(path) as alias:
            connection = duckdb.connect(str(alias), read_only=True, config={"temp_directory": str(spill)})
            _refuse_shortened(connection, alias)
            return connection
    except (duckdb.IOException, duckdb.SerializationException) as error:
        if "Conflicting lock is held" in str(error):
            raise LakeError(path, f"is open for writing in {_holder(error)}", "close it there") from None
        advice = "ingest its files again into a new lake, or restore a copy of the catalogue"
        raise LakeError(path, "cannot be opened as a DuckDB file", advice) from None


def _refuse_shortened(connection, path):
    """Raise IOException if a file ends before its last block: DuckDB would notice only where it reads it."""
    _, _, block_size, n_blocks, *_ = connection.execute("pragma database_size").fetchone()
    if path.stat().st_size < _HEADERS + block_size * n_blocks:
        connection.close()
        raise duckdb.IOException("the file is shorter than it says")


@contextlib.contextmanager
def _own_name(path):
    """Yield another name of a catalogue for as long as opening it takes; a copy where no link can be made."""
    alias = path.with_name(f"{_ALIAS}{uuid.uuid4().hex}.duckdb")
    with tempfile.TemporaryDirectory(prefix="egmsql-") as folder:
        try:
            alias.hardlink_to(path)
        except OSError:
            alias = Path(folder) / path.name
            shutil.copyfile(path, alias)
        try:
            yield alias
        finally:
            with contextlib.suppress(OSError):
                alias.unlink()


def _holder(error):
    """Return who holds a DuckDB file, as DuckDB's message names it: `... held in PROGRAM (PID n) ...`."""
    text = str(error)
    start, end = text.find("(PID "), text.find(")", text.find("(PID "))
    return f"process {text[start + 5 : end]}" if start >= 0 else "another process"


def synchronise(path):
    """Ask the disk to keep what was written; os.replace alone orders nothing across a power loss."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lake_at(root):
    """Return the Lake at a folder or an address `s3://bucket/prefix`, whether or not there is one."""
    scheme = re.match(r"([a-z0-9]+):/", str(root))
    if scheme is None:
        return Lake(Path(root))
    if scheme[1] != "s3" or isinstance(root, Path):  # pathlib takes one of the two slashes away
        raise LakeError(root, "is no address of a lake", "give a folder or, as text, s3://bucket/prefix")
    from egmsql.buckets import bucket_lake  # which is a Lake itself

    return bucket_lake(str(root))


def existing_lake(root):
    """Return the Lake at a folder or an address; LakeError when there is none."""
    lake = lake_at(root)
    if not lake.exists():
        raise LakeError(root, "is no lake", "make one with `egmsql ingest LAKE FILE...`")
    return lake
