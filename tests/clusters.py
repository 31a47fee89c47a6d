"""A Dask scheduler and workers in processes of their own, as `dask scheduler` and `dask worker` start them."""

import contextlib
import os
import signal
import subprocess
import sys
import time


class Cluster(contextlib.AbstractContextManager):
    """`address` of a scheduler on loopback with `n_workers` workers of one thread."""

    def __init__(self, folder, n_workers=3):
        self._folder, self._file = folder, folder / "scheduler.json"
        self.processes = [self._start("scheduler", "--no-dashboard", "--port", "0", "--host", "127.0.0.1")]
        self.workers = [self._worker(i) for i in range(n_workers)]
        self.processes += self.workers
        self.address = self._wait(n_workers)

    def _start(self, role, *options):
        command = [sys.executable, "-m", "distributed.cli.dask_" + role, "--scheduler-file", self._file]
        with (self._folder / f"{role}.log").open("ab") as log:
            return subprocess.Popen([*command, *options], stdout=log, stderr=log)

    def _worker(self, number):
        options = ["--nthreads", "1", "--memory-limit", "1GB", "--no-dashboard", "--no-nanny"]
        folder = self._folder / f"worker{number}"
        return self._start("worker", *options, "--name", str(number), "--local-directory", str(folder))

    def _wait(self, n_workers):
        from distributed import Client

        deadline = time.monotonic() + 60
        while not self._file.exists():
            assert time.monotonic() < deadline, (self._folder / "scheduler.log").read_text()
            time.sleep(0.05)
        with Client(scheduler_file=str(self._file), timeout="30s", set_as_default=False) as client:
            client.wait_for_workers(n_workers, timeout=60)
            return client.scheduler.address

    def kill(self, number):
        """Kill a worker as a power cut would."""
        os.kill(self.workers[number].pid, signal.SIGKILL)

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
        for process in self.processes:
            process.wait()
