"""The figures of one run of the benchmarks: each beside its baseline and its goal, kept as rows of results.csv."""

import csv
import datetime
import os
import platform
import subprocess
from dataclasses import dataclass, fields
from pathlib import Path

RESULTS = Path(__file__).resolve().with_name("results.csv")
_RUN = ("commit", "measured_on", "machine")


@dataclass(frozen=True)
class Figure:
    """One measured number. The ratio is judged where there is a baseline, the value where there is none."""

    part: str
    what: str
    size: str  # of what it was measured on
    value: float
    unit: str
    beside: str = ""  # the baseline, measured in the same run
    ratio: float | None = None  # to the baseline
    goal: float | None = None
    at_most: bool = False  # whether the goal is a ceiling

    @property
    def verdict(self):
        """Return `met`, `MISSED`, or nothing where there is no goal."""
        if self.goal is None:
            return ""
        judged = self.value if self.ratio is None else self.ratio
        return "met" if (judged <= self.goal if self.at_most else judged >= self.goal) else "MISSED"


class Results:
    """The figures of one run, in the order in which they were measured."""

    def __init__(self):
        self.figures = []

    def add(self, *args, **kwargs):
        """Keep a Figure and return it."""
        self.figures.append(Figure(*args, **kwargs))
        return self.figures[-1]

    def write(self, path=RESULTS):
        """Append the figures to a csv file: a row each, which tells the commit and the machine too."""
        run = dict(zip(_RUN, (commit(), datetime.date.today().isoformat(), machine()), strict=True))
        names = [*_RUN, *(f.name for f in fields(Figure)), "verdict"]
        rows = [*read(path), *(run | _row(figure) for figure in self.figures)]
        whole = path.with_suffix(".new")
        with whole.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        whole.replace(path)


def read(path=RESULTS):
    """Return the rows of all runs that a csv file holds, the oldest first."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _row(figure):
    row = {f.name: getattr(figure, f.name) for f in fields(Figure)} | {"verdict": figure.verdict}
    return {name: _short(value) for name, value in row.items()}


def _short(value):
    if value is None or value is False:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else value


def commit():
    """Return the short name of the commit that is measured, with + where files differ from it."""
    said = _said("git", "rev-parse", "--short", "HEAD")
    return said + ("+" if _said("git", "status", "--porcelain", "--untracked-files=no") else "")


def machine():
    """Return processor, cores and memory of this machine."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"


def _said(*command):
    done = subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
