"""`make fuzz ARGS="--times 50 --seed 9 --only guard"`: the fuzzers of the tests, with many times their cases."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
FUZZERS = {"reader": "test_reader_fuzz.py", "corpus": "test_corpus_fuzz.py", "guard": "test_guard_fuzz.py", "api": "test_web_fuzz.py"}  # fmt: skip


def main():
    arguments = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    arguments.add_argument("--times", type=int, default=10, help="Times the cases of the tests.")
    arguments.add_argument("--seed", type=int, default=9)
    arguments.add_argument("--only", choices=FUZZERS, nargs="*", help="What to fuzz; default all.")
    given = arguments.parse_args()
    files = [str(TESTS / FUZZERS[name]) for name in given.only or FUZZERS]
    command = [sys.executable, "-m", "pytest", "-q", "--durations=0", f"--hypothesis-seed={given.seed}"]
    environment = {**os.environ, "EGMSQL_FUZZ": str(given.times)}
    print(f"{given.times} times the cases of the tests, seed {given.seed}", flush=True)
    sys.exit(subprocess.run([*command, "--hypothesis-show-statistics", *files], env=environment).returncode)


if __name__ == "__main__":
    main()
