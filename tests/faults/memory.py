"""`make test-memory`: ingest, build and check the largest file that EGMS delivers, in a group that gets 2 GiB and no more.

The kernel kills what asks a control group for more than its limit, Python, DuckDB and the cache of files together; where
groups may not be made, each process has at most so many bytes of data (RLIMIT_DATA). Prints what each command took.
"""

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from egmsql.settings import parse_bytes

GROUPS = Path("/sys/fs/cgroup")
LARGEST = 1_770_196  # rows of L2b 044_0240_IW2, Naples


class Group:
    """A control group with a limit of memory, of version 2 or 1 of Linux' groups."""

    def __init__(self, limit):
        is_second = (GROUPS / "cgroup.controllers").exists()
        self._folder = (GROUPS if is_second else GROUPS / "memory") / f"egmsql-{os.getpid()}"
        names = (
            ("memory.max", "memory.peak")
            if is_second
            else ("memory.limit_in_bytes", "memory.max_usage_in_bytes")
        )
        self._limit, self._peak = (self._folder / name for name in names)
        self._folder.mkdir()
        try:
            self._limit.write_text(str(limit))
        except OSError:
            self._folder.rmdir()
            raise

    def enter(self):
        """Put this process, and all that it starts, under the limit."""
        (self._folder / "cgroup.procs").write_text(str(os.getpid()))

    def told(self):
        """Return in words the most memory that the group held."""
        with contextlib.suppress(OSError):
            return f"at most {int(self._peak.read_text()) / 2**20:.0f} MiB, with the cache of files"
        return ""

    def close(self):
        self._folder.rmdir()


class Limit:
    """Bytes of data that each process may hold, where there are no groups."""

    def __init__(self, limit):
        self._limit = limit

    def enter(self):
        """Put this process, and all that it starts, under the limit."""
        resource.setrlimit(resource.RLIMIT_DATA, (self._limit, self._limit))

    def told(self):
        """Return in words how it was limited."""
        return "RLIMIT_DATA"

    def close(self):
        """Do nothing."""


def run(limit, *arguments):
    """Run a command of egmsql under a limit of bytes; return (exit code, seconds, words about its memory)."""
    try:
        group = Group(limit)
    except OSError:
        group = Limit(limit)
    started = time.perf_counter()
    command = [sys.executable, "-m", "egmsql", *map(str, arguments)]
    process = subprocess.Popen(command, preexec_fn=group.enter)
    code, seconds, told = process.wait(), time.perf_counter() - started, group.told()
    group.close()
    return code, seconds, told


def main():
    """Simulate one product of so many points and take it through; end with 1 if a command does not do it."""
    parser = argparse.ArgumentParser(prog="make test-memory", description=__doc__)
    parser.add_argument("--points", type=int, default=LARGEST)
    parser.add_argument("--limit", default="2GiB")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="egmsql-memory-") as name:
        folder = Path(name)
        from egmsql.simulator import simulate

        (file,) = simulate(folder / "zip", points=given.points, products=1, seed=9)
        size = file.stat().st_size / 2**20
        print(f"{given.points:,} points, {size:,.0f} MiB zipped, in {given.limit}", flush=True)
        lake = folder / "lake"
        for arguments in (("ingest", lake, file), ("build", lake), ("check", lake)):
            code, seconds, told = run(parse_bytes(given.limit), *arguments)
            print(f"{arguments[0]:8} exit {code}, {seconds:6.0f} s, {told}", flush=True)
            if code:
                sys.exit(1)


if __name__ == "__main__":
    main()
