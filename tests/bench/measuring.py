"""Seconds and peak memory of one contender, in a process of its own."""

import json
import resource
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().with_name("bench.py")


def measured(name, paths, threads):
    """Run one contender in a new process; return (seconds, peak memory in bytes)."""
    command = [sys.executable, BENCH, "--contender", name, "--threads", str(threads), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    return result["seconds"], result["peak"]


def best(runs):
    """Return the least seconds and the greatest peak of several runs."""
    return min(seconds for seconds, _ in runs), max(peak for _, peak in runs)


def forget_inherited_peak():
    """Start counting this process's peak memory anew: a child begins with its parent's."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def peak_memory():
    """Return the peak resident memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (text for text in status.read_text().splitlines() if text.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
