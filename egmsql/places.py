"""Where the tasks of a build run: threads of this process, or workers of a Dask cluster.

A place takes the tasks of one model at once and hands back each as it is done. The builder plans, records and
publishes; a task reads files of the lake, writes one beside its final name, and moves it there. So a lost
worker leaves nothing half done, and a task that is done twice writes the same file twice.
"""

import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import pickle
import time
from pathlib import Path

import duckdb

from egmsql import __version__
from egmsql.errors import LakeError, SettingError
from egmsql.lake import CATALOGUE, SCRATCH
from egmsql.settings import Settings
from egmsql.tasks import Reads, run_table_task, running
from egmsql.udfs import registry

_RETRIES = 3  # of a task whose worker was lost or whose machine failed
_PATIENCE = "30s"  # for the scheduler to answer
_OF_A_WORKER = 0.6  # what DuckDB may hold of a worker's memory; Python and Arrow come on top


@dataclasses.dataclass(frozen=True)
class Task:
    """The rows of one model for one partition: what is read, and where they go, all by absolute path."""

    lake: Path
    model: str
    partition: str
    reads: Reads
    target: Path
    scratch: Path
    settings: Settings


class Here:
    """Threads of this process, as many as the settings allow; their shares are equal."""

    def __init__(self, settings):
        self._settings = settings

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @contextlib.contextmanager
    def wave(self, project, n_tasks):
        """Yield (submit, completed, share) for the tasks of one model; all are stopped if the block fails."""
        workers = max(1, min(self._settings.threads, n_tasks))
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            try:
                yield (
                    functools.partial(pool.submit, done, project),
                    concurrent.futures.as_completed,
                    self._settings.divided(workers),
                )
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                running.interrupt()
                raise


class Cluster:
    """The workers of a Dask scheduler at an address such as `tcp://host:8786`.

    They see the lake under the same path. Progress, retries and lost workers are Dask's. A task has one
    thread and its share of its worker's memory, whatever the settings of the build.

    Raises
    ------
    SettingError
        If Dask is not installed, or nothing answers at the address.
    """

    def __init__(self, address, settings):
        try:
            from distributed import Client
        except ImportError:
            wrong = "needs Dask, which is not installed"
            raise SettingError("--scheduler", wrong, "pip install 'egmsql[cluster]'") from None
        try:
            self._client = Client(address, timeout=_PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            wrong = f"no Dask scheduler answers ({_line(error)})"
            raise SettingError(address, wrong, "start one with `dask scheduler`, and workers") from None
        self._address, self._settings = address, dataclasses.replace(settings, threads=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.close()

    @contextlib.contextmanager
    def wave(self, project, n_tasks):
        """Yield (submit, completed, share) for the tasks of one model; cancel them if the block fails."""
        futures, pickled = [], pickle.dumps(project)
        name = f"{hashlib.sha256(pickled).hexdigest()[:20]}.project"

        def submit(task):
            """Give a task to the cluster; return its answer to come."""
            given = task.lake / SCRATCH / name  # on the storage that all share
            if not given.exists():
                given.write_bytes(pickled)
            key = f"{task.model}-{task.partition or 'all'}-{task.scratch.name}"
            future = self._client.submit(work, given, task, stamp(), key=key, pure=False, retries=_RETRIES)
            futures.append(future)
            return _Answer(future, self._address)

        try:
            yield submit, self._completed, self._settings
        except BaseException:
            self._client.cancel(futures, force=True)
            raise

    def _completed(self, answers):
        from distributed import as_completed

        by_future = {answer.future: answer for answer in answers}
        for future in as_completed(list(by_future), loop=self._client.loop):
            yield by_future[future]


class _Answer:
    """A Dask future whose result raises what the task raised, as one line for the user."""

    def __init__(self, future, address):
        self.future, self._address = future, address

    def result(self):
        """Return what the task returned; LakeError where the cluster gave it up."""
        from distributed import CancelledError, KilledWorker
        from distributed.scheduler import NoValidWorkerError

        try:
            outcome = self.future.result()
        except (KilledWorker, CancelledError, NoValidWorkerError, OSError) as error:
            wrong = f"its workers were lost ({_line(error)})"
            advice = "look at their logs for memory or disk, and run again; what was finished is kept"
            raise LakeError(self._address, wrong, advice) from None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def done(project, task):
    """Run a task; return (Written, seconds)."""
    started = time.perf_counter()
    written = run_table_task(
        project, task.model, task.partition, task.reads, task.target, task.scratch, task.settings
    )
    return written, time.perf_counter() - started


def work(given, task, expected):
    """Run a task on a worker, with the project that lies in a file; return (Written, seconds).

    An error that a second try would meet too is returned, not raised.
    """
    from distributed import get_worker

    worker = get_worker()
    try:
        if stamp() != expected:
            advice = "install the same egmsql with the same Python functions on every worker"
            raise LakeError(worker.address, "has another version than the build", advice)
        if not (task.lake / CATALOGUE).exists():
            raise LakeError(worker.address, f"does not see {task.lake}", "mount it there under the same path")
        share = {"settings": _share(worker, task.settings)}
        if not isinstance(task.lake, Path):
            share["scratch"] = Path(worker.local_directory) / task.scratch.name
        return done(_project(given), dataclasses.replace(task, **share))
    except LakeError as error:
        if "disk is full" in error.wrong:  # another worker may have room
            raise
        return error
    except Exception as error:  # noqa: BLE001 - raised again where the build runs
        return error


@functools.lru_cache(maxsize=4)
def _project(path):
    return pickle.loads(path.read_bytes())


def _share(worker, settings):
    """Return the settings of one of the tasks that a worker runs at once."""
    limit = getattr(worker.memory_manager, "memory_limit", None)
    if not limit:
        return settings
    return dataclasses.replace(settings, memory=int(limit * _OF_A_WORKER / worker.state.nthreads))


@functools.cache
def stamp():
    """Return what must be the same wherever tasks of one build run, so that files are the same."""
    functions = tuple(sorted((name, f.version, f.digest) for name, f in registry().items()))
    return __version__, duckdb.__version__, functions


def _line(error):
    return " ".join(str(error).split())[:200] or type(error).__name__
