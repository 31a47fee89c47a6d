"""`make faults ARGS="--kills 200 --seed 9"`: many faults, a table of what was done and what was found."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from faults import damage, kills
from faults.lakes import Lakes

KILLED = (*kills.COMMANDS, "serve")


def main():
    arguments = argparse.ArgumentParser(prog="make faults", description=__doc__)
    arguments.add_argument(
        "--kills", type=int, default=100, help="How many kills, divided among the commands."
    )
    arguments.add_argument("--damages", type=int, default=100, help="How many places of files are spoiled.")
    arguments.add_argument("--seed", type=int, default=9)
    arguments.add_argument("--only", choices=KILLED, nargs="*", help="Commands to kill; default all.")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="egmsql-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        lakes = Lakes.made(folder / "lakes", n_points=60)
        wrong = kill_many(lakes, given.only or KILLED, given.kills, given.seed, folder)
        wrong += damage_many(lakes, given.damages, given.seed, folder)
    for each in wrong:
        print("WRONG", *each)
    sys.exit(bool(wrong))


def kill_many(lakes, names, n_kills, seed, folder):
    """Kill each command until it was killed often enough; print a line each, return what was wrong."""
    print(f"{n_kills} kills, seed {seed}")
    print("| command | kills | lakes | after the new state was published | too late | wrong |")
    print("|---|---|---|---|---|---|")
    wrong = []
    for place, name in enumerate(names):
        wanted = n_kills // len(names) + (place < n_kills % len(names))
        tally = kill_one(lakes, name, wanted, seed, folder)
        cells = (name, tally.kills, tally.trials, tally.published, tally.survived, len(tally.wrong))
        print("|", " | ".join(map(str, cells)), "|", flush=True)
        wrong += tally.wrong
    return wrong


def kill_one(lakes, name, wanted, seed, folder):
    """Return the Tally of killing one command `wanted` times."""
    tally = kills.Tally()
    done = None if name == "serve" else kills.operation(name, lakes, folder)
    while tally.kills < wanted:
        if done is None:
            kills.serve_trial(lakes, seed + tally.trials, folder, tally)
        else:
            kills.trial(done, seed + tally.trials, folder, tally, most=min(3, wanted - tally.kills))
    return tally


def damage_many(lakes, n_damages, seed, folder):
    """Spoil files at random places, let `check` find them and a build make them again."""
    started = time.perf_counter()
    tally = damage.Tally()
    while tally.damages < n_damages:
        if tally.trials % 3 == 2:
            damage.serving_trial(lakes, seed + tally.trials, folder, tally)
        else:
            damage.trial(lakes, seed + tally.trials, folder, tally, n_damages - tally.damages)
    print(f"\n{tally.damages} places of files spoiled in {tally.trials} lakes: {dict(tally.kinds)}")
    print(f"{tally.noticed} noticed, {len(tally.wrong)} wrong, {time.perf_counter() - started:.0f} s")
    return tally.wrong


if __name__ == "__main__":
    main()
