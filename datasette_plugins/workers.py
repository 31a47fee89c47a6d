"""The parent's side of the worker processes: a pool that hands out, waits, and ends what does not answer."""

import concurrent.futures
import contextlib
import json
import os
import queue
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from egmsql.web.worker import LENGTH

_WORKER = Path(__file__).with_name("worker.py")
_START_SECONDS = 30  # that a new process may take on a busy machine until it can answer
_GRACE_SECONDS = 1.0


class QueryError(Exception):
    """A query that was refused or failed; the message is one line without paths."""


class DeadlineError(QueryError):
    """A query that took too long and was stopped."""


class BusyError(QueryError):
    """A query that waited too long for its turn."""


@dataclass(frozen=True)
class WorkerLimits:
    """What the worker processes may use.

    Parameters
    ----------
    processes : int
        How many queries run at once.
    threads, memory, address_space
        Of one process: DuckDB's threads, its memory limit, and the kernel's limit in bytes, which binds
        where DuckDB's own does not.
    wait_seconds : float
        How long a query may wait for its turn.
    """

    processes: int = 2
    threads: int = 1
    memory: str = "512MB"
    address_space: int = 4 * 2**30
    wait_seconds: float = 15.0


class _Worker:
    def __init__(self, descriptor, limits):
        command = [sys.executable, "-I", str(_WORKER), str(descriptor), str(limits.threads)]
        self._process = subprocess.Popen(
            [*command, limits.memory, str(limits.address_space)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(descriptor,),
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},  # nothing of the server's environment
            cwd="/",
        )
        self._is_ready = False

    def ask(self, request):
        """Return the answer to a request; QueryError if the process died or had to be ended."""
        data = json.dumps(request).encode()
        try:
            if not self._is_ready:
                self._message(time.monotonic() + _START_SECONDS)
                self._is_ready = True
            deadline = time.monotonic() + request["ms"] / 1000 + _GRACE_SECONDS
            self._process.stdin.write(LENGTH.pack(len(data)) + data)
            self._process.stdin.flush()
            return json.loads(self._message(deadline))
        except (OSError, EOFError):
            self.end()
            raise QueryError("the query needed more than is allowed and was stopped") from None
        except TimeoutError:
            self.end()
            raise DeadlineError("interrupted") from None

    def _message(self, deadline):
        (size,) = LENGTH.unpack(self._read(LENGTH.size, deadline))
        return self._read(size, deadline)

    def _read(self, size, deadline):
        stream, parts = self._process.stdout, []
        while size:
            ready, _, _ = select.select([stream], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            part = os.read(stream.fileno(), min(size, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def end(self):
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()


class WorkerPool:
    """Worker processes on one open served file; a process is started when it is needed first."""

    def __init__(self, descriptor, limits):
        self._descriptor, self.limits = descriptor, limits
        self._idle = queue.LifoQueue()
        self._workers, self._lock, self._closed = set(), threading.Lock(), False
        self.executor = concurrent.futures.ThreadPoolExecutor(limits.processes, "egms-sql")

    def submit(self, sql, params, ms, limit=None):
        """Return a future of {"columns", "rows", "truncated"}; it may raise QueryError."""
        request = {"sql": sql, "params": params, "ms": ms, "limit": limit}
        return self.executor.submit(self._run, request, time.monotonic())

    def warm(self):
        """Start a process before it is needed."""
        self.submit("select 1", None, 1000)

    def _run(self, request, since):
        if time.monotonic() - since > self.limits.wait_seconds:
            raise BusyError("too many queries at once; try again in a moment")
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = _Worker(self._descriptor, self.limits)
            with self._lock:
                self._workers.add(worker)
        try:
            answer = worker.ask(request)
        except BaseException:
            with self._lock:
                self._workers.discard(worker)
            worker.end()
            raise
        self._idle.put(worker)
        if "error" not in answer:
            return answer
        if answer.get("interrupted"):
            raise DeadlineError("interrupted")
        raise QueryError(answer["error"])

    def close(self):
        """End all processes; queries that wait are answered with an error."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            workers, self._workers = self._workers, set()
        for worker in workers:
            worker.end()
