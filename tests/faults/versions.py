"""`make test-versions`: tests with the lowest and the newest allowed versions, on each Python that is there.

Makes an environment for each, with `uv`, in a folder that is removed; prints what ran, a line each.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
TESTS = ["test_ingest.py", "test_kinematics.py", "test_udfs.py", "test_storage.py", "test_serving.py", "test_plain_shell.py",
         "test_shell.py", "test_export.py", "test_report.py", "test_web_serve.py", "test_web_api.py"]  # fmt: skip


def interpreters():
    """Yield (version, path) of each supported Python that is there and is that version."""
    for version in PYTHONS:
        found = [
            shutil.which(f"python{version}"),
            *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")),
        ]
        for path in filter(None, found):
            said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
            if said.startswith(f"Python {version}."):
                yield version, path
                break
        else:
            print(f"Python {version}: not on this machine")


def tried(python, resolution, tests, folder):
    """Install with one resolution on one Python and run the tests; return (what ended it, last line)."""
    environment = folder / "venv"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", python, environment], check=True)
    install = [
        *uv,
        "pip",
        "install",
        "--quiet",
        "--python",
        environment / "bin/python",
        "--resolution",
        resolution,
    ]
    done = subprocess.run([*install, "--editable", ".[dev]"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        return "installation", done.stderr[-1500:]
    command = [environment / "bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines() or [done.stderr[-500:]]
    if done.returncode:
        print("\n".join(lines[-40:]))
    return ("tests" if done.returncode else None), lines[-1]


def main():
    arguments = argparse.ArgumentParser(prog="make test-versions", description=__doc__)
    arguments.add_argument("--pythons", nargs="*", default=PYTHONS)
    arguments.add_argument("--versions", nargs="*", choices=RESOLUTIONS, default=list(RESOLUTIONS))
    arguments.add_argument(
        "tests", nargs="*", default=[], help="Files of tests; default those that touch every dependency."
    )
    given = arguments.parse_args()
    tests = given.tests or [str(ROOT / "tests" / name) for name in TESTS]
    failed = False
    for version, python in interpreters():
        for name in given.versions if version in given.pythons else []:
            with tempfile.TemporaryDirectory(prefix="egmsql-versions-", ignore_cleanup_errors=True) as folder:
                wrong, line = tried(python, RESOLUTIONS[name], tests, Path(folder))
            print(f"Python {version}, {name} versions: {wrong or 'passed'}: {line}", flush=True)
            failed |= wrong is not None
    sys.exit(failed)


if __name__ == "__main__":
    main()
