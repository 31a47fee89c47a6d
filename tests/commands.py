"""Commands as processes that can be killed, starved or given another clock; and what a lake must then still be."""

import ctypes
import datetime
import io
import itertools
import multiprocessing
import os
import re
import resource
import signal
import struct
import sys
import threading
import time
import uuid
from dataclasses import dataclass

import pytest

import egmsql
from egmsql.lake import Lake

DEADLINE = 120.0  # seconds until a process that should have done something counts as hanging
LINE = re.compile(r"[^;]+: .+; .+")

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(
    ["egmsql.cli", "egmsql.sources.kernel", "pyarrow.parquet", "pytest", "commands"]
)


@dataclass
class Ended:
    """How a command ended; `steps` counts what Python did to files of the lake, if it ended by itself."""

    code: int
    out: str
    err: str
    steps: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Fault:
    """What befalls a command.

    Parameters
    ----------
    kill_at : int, optional
        The process kills itself, as `kill -9` would, before the thing of this number that Python does to
        files of the lake (opens, renames, removes ...).
    kill_after : float, optional
        It is killed these seconds after it began, or after it began to publish.
    publishing : bool
        Whether both of them count from the moment at which it begins to publish.
    file_limit : int, optional
        The disk's, in bytes a file.
    data_limit : int, optional
        Bytes that the process may hold (RLIMIT_DATA).
    clock : float
        Seconds by which its clock is wrong.
    unprivileged : bool
        Whether the modes of files bind it, also where root runs the tests.
    """

    kill_at: int | None = None
    kill_after: float | None = None
    publishing: bool = False
    file_limit: int | None = None
    data_limit: int | None = None
    clock: float = 0.0
    unprivileged: bool = False


class Command:
    """`egmsql ARGUMENTS` in a process of its own, forked from one that has everything imported."""

    def __init__(self, folder, *arguments, **fault):
        self._log = folder / f"command-{uuid.uuid4().hex}"
        given = ([str(a) for a in arguments], self._log, Fault(**fault))
        self.process = _FORKED.Process(target=_run_command, args=given)
        self.process.start()

    @property
    def pid(self):
        return self.process.pid

    def ended(self):
        """Return how it ended; a process that hangs is killed and the test fails."""
        self.process.join(DEADLINE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
            pytest.fail(f"the command hangs; it said {self._text('out')} {self._text('err')}")
        steps, seconds = (self._text("ran") or "0 0").split()
        return Ended(self.process.exitcode, self._text("out"), self._text("err"), int(steps), float(seconds))

    def kill(self):
        self.process.kill()
        self.process.join()

    def reach(self, condition):
        """Wait until the process has done something; fail when it ends or hangs before."""
        until = time.monotonic() + DEADLINE
        while not condition():
            self.process.join(0.005)
            alive = self.process.is_alive()
            assert alive and time.monotonic() < until, f"{self._text('out')} {self._text('err')}"

    def has_asked_for_the_lock(self):
        return self._log.with_suffix(".lock").exists()

    def _text(self, suffix):
        path = self._log.with_suffix(f".{suffix}")
        return path.read_text() if path.exists() else ""


def _run_command(arguments, log, fault):
    """Run in the child: what `egmsql` does, with its output in files."""
    from egmsql.cli import main

    for number, suffix in ((1, "out"), (2, "err")):
        os.dup2(os.open(log.with_suffix(f".{suffix}"), os.O_WRONLY | os.O_CREAT), number)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), write_through=True)
    sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), write_through=True)
    sys.argv = ["egmsql", *arguments]
    for kind, limit in ((resource.RLIMIT_FSIZE, fault.file_limit), (resource.RLIMIT_DATA, fault.data_limit)):
        if limit is not None:
            resource.setrlimit(kind, (limit, limit))
    _set_clock(fault.clock)
    if fault.unprivileged:
        _drop_privileges()
    watch = _Watch(arguments[1:2], log.with_suffix(".lock"), fault)
    started = time.perf_counter()
    try:
        main(arguments)
    finally:
        watch.ended = True
        log.with_suffix(".ran").write_text(f"{watch.steps} {time.perf_counter() - started}")


class _Watch:
    """Counts what is done to a lake's files, says when its lock is asked for, and ends the process in time."""

    def __init__(self, lake, mark, fault):
        self.steps, self.ended = 0, False
        self._lake, self._mark, self._fault = lake, mark, fault
        self._counting = not fault.publishing
        sys.addaudithook(self._see)
        if fault.publishing:
            self._wait_for_publishing()
        elif fault.kill_after is not None:
            self._kill_later()

    def _see(self, _, details):
        if not (self._lake and details and isinstance(details[0], str | os.PathLike)) or self.ended:
            return
        path = str(details[0])
        if path.startswith(self._lake[0]):
            if self._counting and self.steps == self._fault.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            self.steps += self._counting
        if path == f"{self._lake[0]}/.lock":
            self._mark.touch()

    def _kill_later(self):
        timer = threading.Timer(self._fault.kill_after, os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()

    def _wait_for_publishing(self):
        from egmsql import builder, ingestion, serving

        first = itertools.count()

        def noticed(function):
            def publish(*given, **named):
                self._counting = True
                if next(first) == 0 and self._fault.kill_after is not None:
                    self._kill_later()
                return function(*given, **named)

            return publish

        builder.publish, ingestion.publish = noticed(builder.publish), noticed(ingestion.publish)
        serving.publish_serving = noticed(serving.publish_serving)


def _drop_privileges():
    """Give up every capability (capset): root may write anywhere only while it has them."""
    header, none = struct.pack("Ii", 0x20080522, 0), bytes(24)
    assert ctypes.CDLL(None).capset(header, none) == 0


def _set_clock(offset):
    """Let every clock of Python that egmsql looks at be wrong by some seconds."""
    if not offset:
        return
    from egmsql import builder, ingestion, state, tasks

    true_time, true_now = time.time, state.now
    time.time = lambda: true_time() + offset
    for module in (state, builder, ingestion, tasks):
        module.now = lambda: true_now() + datetime.timedelta(seconds=offset)


def run(folder, *arguments, **fault):
    """Return how `egmsql ARGUMENTS` ended."""
    return Command(folder, *arguments, **fault).ended()


def rows(lake):
    """Return every row of every model of a lake: each view and table is readable."""
    with egmsql.connect(lake, spatial=False, udfs=False) as connection:
        names = "select model from _models where kind <> 'macro' and model not like 'staging.%' order by 1"
        return {
            name: connection.execute(f"select t::varchar from {name} t order by 1").fetchall()
            for (name,) in connection.execute(names).fetchall()
        }


def named_files(lake):
    """Return the paths that the last two catalogues name."""
    state = Lake(lake).load()
    return {record.path for record in state.files.values()} | state.previous_paths


def assert_tidy(lake):
    """A finished command leaves no scratch; `clean` leaves what the last two catalogues name, `check` is clean."""
    assert not list(lake.glob(".tmp/**/*"))
    egmsql.clean(lake, "0s")
    assert {p.relative_to(lake).as_posix() for p in lake.rglob("*.parquet")} == named_files(lake)
    assert {p.name for p in lake.iterdir() if p.is_file()} <= {"egmsql.duckdb", "serving.duckdb", ".lock"}
    assert egmsql.check(lake).is_clean


def assert_one_line(ended, code=1):
    """The command ended with one line `<where>: <wrong>; <advice>` of its own, no traceback."""
    lines = ended.err.splitlines()
    assert ended.code == code and "Traceback" not in ended.out + ended.err, ended
    assert len(lines) == 1 and LINE.fullmatch(lines[0]), ended
    assert "report it" not in lines[0], f"nobody foresaw this error: {lines[0]}"
