"""Files cut short, flipped, zeroed or lost at random places: `check` names each, `--repair` and `build` make it anew."""

import collections
import random
import shutil
from dataclasses import dataclass, field

from commands import LINE, run

import egmsql
from egmsql.lake import SERVING, Lake
from faults.lakes import copied, served, shown

AT_ONCE = 12  # files spoiled in one lake


@dataclass
class Tally:
    """How often what was done, and what was wrong."""

    damages: int = 0
    noticed: int = 0
    trials: int = 0
    kinds: dict = field(default_factory=lambda: collections.Counter())
    wrong: list = field(default_factory=list)


def cut(content, chance):
    """Keep a random part of the beginning, perhaps nothing."""
    return content[: chance.randrange(len(content))]


def flip(content, chance):
    """Flip one random bit."""
    place = chance.randrange(len(content))
    return content[:place] + bytes([content[place] ^ (1 << chance.randrange(8))]) + content[place + 1 :]


def zero(content, chance):
    """Let up to 4 kB be zeros, as a disk that lost a block; at least one byte changes."""
    place = chance.choice([i for i in (chance.randrange(len(content)) for _ in range(50)) if content[i]])
    length = min(4096, len(content) - place)
    return content[:place] + bytes(length) + content[place + length :]


def swap(content, chance):
    """Let it be of equal length with two halves exchanged."""
    place = chance.randrange(1, len(content))
    return content[place:] + content[:place]


KINDS = {"cut": cut, "flip": flip, "zero": zero, "swap": swap, "lost": None}


def spoil(path, kind, chance):
    """Damage one file."""
    if kind == "lost":
        path.unlink()
        return
    path.chmod(0o644)
    path.write_bytes(KINDS[kind](path.read_bytes(), chance))


def trial(lakes, seed, folder, tally, most=AT_ONCE):
    """Spoil some files of a lake, `serving.duckdb` now and then; all must be named and be whole again."""
    chance = random.Random(f"damage {seed}")
    lake = copied(lakes.built, folder / f"damaged-{seed}")
    paths = sorted(record.path for record in Lake(lake).load().files.values())
    chosen = chance.sample(paths, min(AT_ONCE, most))
    spoiled = {path: chance.choice(sorted(KINDS)) for path in chosen}
    for path, kind in spoiled.items():
        spoil(lake / path, kind, chance)
    tally.trials += 1
    tally.damages += len(spoiled)
    tally.kinds.update(spoiled.values())
    found = {sentence.split(":")[0] for sentence in egmsql.check(lake).damaged}
    tally.noticed += len(found)
    wrong = [f"check did not name {path} ({spoiled[path]})" for path in sorted(set(spoiled) - found)]
    wrong += [f"check named {path}, which is whole" for path in sorted(found - set(spoiled))]
    wrong += _unclear(run(folder, "plan", lake), "plan", codes=(0, 1))
    wrong += _unclear(run(folder, "report", lake), "report", codes=(0, 1))
    wrong += _mended(lake, lakes, folder)
    tally.wrong += [("damage", seed, sentence) for sentence in wrong]
    if not wrong:
        shutil.rmtree(lake)


def serving_trial(lakes, seed, folder, tally):
    """Spoil `serving.duckdb` at one place; a flipped bit in a block that holds nothing changes no row."""
    chance = random.Random(f"serving {seed}")
    lake = copied(lakes.built, folder / f"serving-{seed}")
    kind = chance.choice(sorted(KINDS))
    spoil(lake / SERVING, kind, chance)
    tally.trials, tally.damages = tally.trials + 1, tally.damages + 1
    tally.kinds[kind] += 1
    noticed = egmsql.check(lake).served is not None
    tally.noticed += noticed
    wrong = [] if noticed or served(lake) == served(lakes.built) else [f"check did not notice ({kind})"]
    wrong += _mended(lake, lakes, folder)
    tally.wrong += [("serving", seed, sentence) for sentence in wrong]
    if not wrong:
        shutil.rmtree(lake)


def _unclear(ended, what, codes=(0,)):
    """Return what is wrong with how a command ended: it may fail, with one line that says why."""
    lines = ended.err.splitlines()
    is_clear = all(LINE.fullmatch(line) and "report it" not in line for line in lines) and len(lines) <= 1
    return [] if ended.code in codes and is_clear else [f"{what} ended with {ended.code}: {ended.err[-300:]}"]


def _mended(lake, lakes, folder):
    wrong = _unclear(run(folder, "check", lake, "--repair"), "check --repair")
    wrong += _unclear(run(folder, "build", lake), "build")
    if (shown(lake), served(lake)) != (shown(lakes.built), served(lakes.built)):
        wrong.append("the mended lake is not the one before")
    if not egmsql.check(lake).is_clean:
        wrong.append("check is not clean")
    return wrong
