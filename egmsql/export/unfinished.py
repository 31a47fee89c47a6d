"""A folder beside an output, in which everything lies until the output is whole."""

import contextlib
import glob
import os
import shutil
import signal
import threading
from pathlib import Path

_ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextlib.contextmanager
def unfinished(out):
    """Yield a fresh folder beside `out`; it is removed on any end, also by a signal that a process can catch.

    What a killed process left of the same output is removed first.
    """
    out = Path(out)
    for left in out.parent.glob(f".unfinished-{glob.escape(out.name)}-*"):
        if not _is_alive(left.name.rpartition("-")[2]):
            shutil.rmtree(left, ignore_errors=True)
    folder = out.with_name(f".unfinished-{out.name}-{os.getpid()}")
    with _signals_interrupt():
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _signals_interrupt():
    """Let a signal that asks the process to end do so as Ctrl-C does; only the main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.default_int_handler) for number in _ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_alive(pid):
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
