"""What bounds the work: threads, memory, and where spilled data goes."""

import os
import re
from dataclasses import dataclass, field

from egmsql.errors import SettingError

_UNITS = {
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}


def parse_bytes(text):
    """Return the bytes that a text such as `1GiB` or `500 MB` means; SettingError otherwise."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]i?b)\s*", str(text).lower())
    if match is None:
        raise SettingError(
            f"memory {text!r}", "is no size", "write a number and a unit, such as 2GiB or 500MB"
        )
    return int(float(match[1]) * _UNITS[match[2]])


def parse_age(text):
    """Return the seconds that a text such as `30s`, `5m`, `2h` or `1d` means; SettingError otherwise."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd])\s*", str(text).lower())
    if match is None:
        raise SettingError(
            f"age {text!r}", "is no time span", "write a number and a unit, such as 30s, 5m, 2h or 1d"
        )
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]


def _threads():
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    text = os.environ.get("EGMSQL_THREADS", str(available))
    if not text.isdigit() or int(text) < 1:
        raise SettingError(f"EGMSQL_THREADS={text}", "is no number of threads", "give a whole number from 1")
    return int(text)


def _memory():
    return parse_bytes(os.environ.get("EGMSQL_MEMORY", "1GiB"))


@dataclass(frozen=True)
class Settings:
    """Bounds of one command.

    Parameters
    ----------
    threads : int
        Cores to keep busy; default EGMSQL_THREADS, else what the process may use.
    memory : int
        Bytes that DuckDB may hold in all tasks together before it spills to the lake's disk; default
        EGMSQL_MEMORY, else 1 GiB. Python, the reader and the writers come on top (0.4 GiB, more
        with the number of files read at once: two of three million points each peaked at 2.0 GiB).
    """

    threads: int = field(default_factory=_threads)
    memory: int = field(default_factory=_memory)

    def divided(self, workers):
        """Return the share of one of `workers` tasks that run at once."""
        return Settings(
            threads=max(1, self.threads // workers), memory=max(64 * 2**20, self.memory // workers)
        )
