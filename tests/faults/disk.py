"""A disk of a given size that is really full: a tmpfs in a mount namespace of the process's own.

    python -m faults.disk COMMAND KIB BEFORE DELIVERED AFTER

copies the lake BEFORE onto it, runs the command with so many KiB left, then makes the disk larger and runs it
again; prints what was wrong, a line each. Nothing of it is seen outside of the namespace.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from commands import LINE, run

import egmsql
from faults.lakes import copied, served, shown

ALONE = ["unshare", "--map-root-user", "--mount"]  # root of no more than its own mounts
PAGE = 4  # KiB


def can_mount():
    """Return whether this user may have a mount namespace with a tmpfs of its own."""
    if shutil.which("unshare") is None:
        return False
    trial = [*ALONE, "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(trial, capture_output=True).returncode == 0


def filled(command, kib, before, delivered, after):
    """Run it in a namespace of its own; return (exit code of the command on the full disk, what was wrong)."""
    given = [command, str(kib), str(before), str(delivered), str(after)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [*ALONE, sys.executable, "-m", "faults.disk", *given], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def main(command, kib, before, delivered, after):
    """Do it, inside of the namespace."""
    with tempfile.TemporaryDirectory() as log, tempfile.TemporaryDirectory() as disk:
        used = sum(-(-p.stat().st_size // 1024 // PAGE) * PAGE + PAGE for p in Path(before).rglob("*"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={used + int(kib)}k", "none", disk], check=True)
        lake = copied(Path(before), Path(disk) / "lake")
        arguments = [command, lake] + ([delivered] if command == "ingest" else [])
        expected = shown(lake)
        ended = run(Path(log), *arguments)
        wrong = _refused(ended, lake, expected) if ended.code else []
        subprocess.run(["mount", "-o", "remount,size=1g", disk], check=True)
        again = run(Path(log), *arguments)
        wrong += [f"the next run ended with {again.code}: {again.err}"] if again.code else []
        wrong += _mended(lake, Path(after))
        print(json.dumps([ended.code, wrong]))
        subprocess.run(["umount", "--lazy", disk], check=True)


def _refused(ended, lake, expected):
    said = [line for line in (ended.out + ended.err).splitlines() if LINE.fullmatch(line)]
    wrong = []
    if (
        ended.code != 1
        or "Traceback" in ended.err
        or not any("disk" in line or "space" in line for line in said)
    ):
        wrong.append(f"ended with {ended.code}: {ended.out} {ended.err}")
    if any("report it" in line for line in said):
        wrong.append(f"nobody foresaw this: {said}")
    if shown(lake) != expected:
        wrong.append("the old state is not shown")
    return wrong


def _mended(lake, after):
    wrong = [] if (shown(lake), served(lake)) == (shown(after), served(after)) else ["the end result differs"]
    found = egmsql.check(lake)
    return wrong + ([f"check: {found.damaged}"] if found.damaged else [])


if __name__ == "__main__":
    main(*sys.argv[1:])
