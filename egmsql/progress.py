"""How long work shows itself: nothing for a program, bars with rate and time left for a person."""

import contextlib
import threading

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text


class Silent:
    """Progress that nobody watches."""

    @contextlib.contextmanager
    def reading(self, name, n_bytes):
        """Yield a function to call with csv bytes as they are parsed."""
        yield lambda _: None

    @contextlib.contextmanager
    def tasks(self, name, count):
        """Yield a function to call with the number of tasks done."""
        yield lambda _: None

    def say(self, text):
        """Tell one line."""


class Bars(Silent):
    """Lines, and on a terminal a bar for each thing under way.

    Parameters
    ----------
    console : rich.console.Console
    """

    def __init__(self, console):
        self._console = console
        self._lock = threading.Lock()
        self._under_way = 0
        self._bars = None

    def say(self, text):
        """Print one line, above the bars."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextlib.contextmanager
    def reading(self, name, n_bytes):
        """Show bytes read, rate and time left of one file."""
        with self._bar(name, n_bytes, is_bytes=True) as advance:
            yield advance

    @contextlib.contextmanager
    def tasks(self, name, count):
        """Show how many partitions of a model are done."""
        with self._bar(name, count, is_bytes=False) as advance:
            yield advance

    @contextlib.contextmanager
    def _bar(self, name, total, is_bytes):
        if not total or not self._console.is_terminal:
            yield lambda _: None
            return
        bars = self._started()
        task = bars.add_task(name, total=total, is_bytes=is_bytes)
        try:
            yield lambda amount: bars.advance(task, amount)
        finally:
            bars.remove_task(task)
            self._ended()

    def _started(self):
        """Return the one display that several files share."""
        with self._lock:
            self._under_way += 1
            if self._bars is None:
                columns = (TextColumn("{task.description}"), BarColumn(), _Amount(), TimeRemainingColumn())
                self._bars = Progress(*columns, console=self._console, transient=True)
                self._bars.start()
            return self._bars

    def _ended(self):
        with self._lock:
            self._under_way -= 1
            if self._under_way == 0:
                self._bars.stop()
                self._bars = None


class _Amount(ProgressColumn):
    """Bytes and their rate for files, `3/10` for tasks."""

    def __init__(self):
        super().__init__()
        self._bytes, self._rate, self._count = DownloadColumn(), TransferSpeedColumn(), MofNCompleteColumn()

    def render(self, task):
        if not task.fields["is_bytes"]:
            return self._count.render(task)
        return Text.assemble(self._bytes.render(task), " ", self._rate.render(task))
