"""`kill -9` at random moments of a command, again and again, until it is let through: what must hold after each."""

import contextlib
import random
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from commands import run
from websites import Server

import egmsql
from egmsql.lake import Lake
from faults.lakes import copied, leftovers, served, shown

COMMANDS = ("ingest", "build", "publish", "clean", "repair", "remove")


@dataclass(frozen=True)
class Operation:
    """A command that leads a lake from one state to another, and how long it takes undisturbed."""

    name: str
    arguments: tuple
    before: object  # path of the lake at the start
    result: tuple  # (shown, served) at the end
    states: frozenset  # (products, files) that may be published on the way
    steps: int  # what Python does to the lake's files
    seconds: float
    publishing: bool = False


@dataclass
class Tally:
    """How often what was done, and what was wrong."""

    kills: int = 0
    trials: int = 0
    survived: int = 0  # moments that came after the end
    published: int = 0  # kills after which the new state was there already
    wrong: list = field(default_factory=list)  # (operation, seed, sentence)


def operation(name, lakes, folder):
    """Run a command once undisturbed, on a copy; return the Operation."""
    before = {"ingest": lakes.begun, "build": lakes.fed, "publish": lakes.finished}.get(name)
    if before is None:
        before = _littered(name, lakes, folder)
    product = sorted(Lake(lakes.built).load().sources)[0]
    arguments = {
        "ingest": ("ingest", "LAKE", lakes.delivered),
        "build": ("build", "LAKE"),
        "publish": ("build", "LAKE"),
        "clean": ("clean", "LAKE", "--keep", "0s"),
        "repair": ("check", "LAKE", "--repair"),
        "remove": ("remove", "LAKE", product),
    }[name]
    lake = copied(before, folder / f"undisturbed-{name}")
    first = _state(lake)
    ended = run(folder, *_given(arguments, lake), publishing=name == "publish")
    assert ended.code == 0, ended
    result = (shown(lake), served(lake))
    states = frozenset({first, _state(lake)})
    shutil.rmtree(lake)
    return Operation(name, arguments, before, result, states, ended.steps, ended.seconds, name == "publish")


def _littered(name, lakes, folder):
    """Return a built lake with something to do: orphans to clean, damaged files to forget."""
    lake = copied(lakes.built, folder / f"before-{name}")
    files = sorted(p for p in lake.rglob("*.parquet"))
    if name == "clean":
        for number, path in enumerate(files[::3]):
            shutil.copy(path, path.with_name(f"{number:020x}.parquet"))
    if name == "repair":
        named = sorted(record.path for record in Lake(lake).load().files.values())
        for path in named[::5]:
            (lake / path).write_bytes((lake / path).read_bytes()[:100])
    return lake


def _given(arguments, lake):
    return [lake if a == "LAKE" else a for a in arguments]


def _state(lake):
    """Return what the catalogue says, without reading files; a lake under repair cannot be read."""
    state = Lake(lake).load()
    return frozenset(state.sources), tuple(sorted((k, r.content) for k, r in state.files.items()))


def moment(chance, done):
    """Return a random moment of an operation: before a thing done to a file, or by the clock."""
    if chance.random() < 0.5:
        return {"kill_at": chance.randrange(max(done.steps, 1)), "publishing": done.publishing}
    share = 0.4 if done.publishing else 1.0
    return {"kill_after": chance.uniform(0, share * done.seconds), "publishing": done.publishing}


def trial(done, seed, folder, tally, most=3):
    """Kill a command up to `most` times in a row on one lake, look at it each time, then let it through."""
    chance = random.Random(f"{done.name} {seed}")
    lake = copied(done.before, folder / f"{done.name}-{seed}")
    tally.trials += 1
    wrong = []
    for _ in range(chance.randint(1, most)):
        ended = run(folder, *_given(done.arguments, lake), **moment(chance, done))
        if ended.code == -signal.SIGKILL:
            tally.kills += 1
        else:
            tally.survived += 1
            wrong += [f"ended with {ended.code}: {ended.err}"] if ended.code else []
        wrong += after_kill(done, lake, tally)
    wrong += let_through(done, lake, folder)
    tally.wrong += [(done.name, seed, sentence) for sentence in wrong]
    if not wrong:
        shutil.rmtree(lake)


def after_kill(done, lake, tally):
    """Return what is wrong with a lake after a kill: it must show one of the states, whole."""
    found = _state(lake)
    if found not in done.states:
        return [f"shows a state that nobody published: {_differences(found[1], done.result[0].files)}"]
    tally.published += found == (done.result[0].products, done.result[0].files)
    if done.name == "repair":
        return []
    damaged = egmsql.check(lake).damaged
    if damaged:
        return [f"after a kill: {damaged[:2]}"]
    shown(lake)  # every view can be read
    return []


def _differences(found, expected):
    """Return the first of what only one of two states has."""
    return sorted({key for key, *_ in set(found) ^ set(expected)})[:3]


def let_through(done, lake, folder):
    """Return what is wrong with a lake after the command was let through, and `build` and `clean` after it."""
    wrong = []
    ended = run(folder, *_given(done.arguments, lake))
    is_gone = done.name == "remove" and "is no product" in ended.err
    if (ended.code, ended.err) != (0, "") and not is_gone:
        wrong.append(f"the next run ended with {ended.code}: {ended.out} {ended.err}")
    now, then = (shown(lake), served(lake)), done.result
    if now != then:
        differing = _differences(now[0].files, then[0].files) + _differences(now[0].rows, then[0].rows)
        wrong.append(f"the end result is not that of an undisturbed lake: {differing}")
    found = egmsql.check(lake)
    if found.damaged or any(a.severity == "error" for a in found.audits):
        wrong.append(f"check: {found}")
    egmsql.clean(lake, "0s")
    left = leftovers(lake)
    if left:
        wrong.append(f"left behind: {left[:3]}")
    return wrong


def serve_trial(lakes, seed, folder, tally):
    """Kill a server at a random moment while it answers; the lake and the next server know nothing of it."""
    chance = random.Random(f"serve {seed}")
    lake = copied(lakes.built, folder / f"serve-{seed}")
    egmsql.clean(lake, "0s")
    before = _files(lake)
    tally.trials += 1
    server = Server(lake, "--sql", "on", awaited=False)
    workers = _ask(server, time.monotonic() + chance.uniform(0.0, 6.0), chance)
    server.kill()
    tally.kills += 1
    wrong = []
    until = time.monotonic() + 20
    while any(map(_lives, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    if any(map(_lives, workers)):
        wrong.append("a worker outlived its server")
    egmsql.clean(lake, "0s")
    if _files(lake) != before:
        wrong.append("the lake changed")
    if not egmsql.check(lake).is_clean:
        wrong.append("check is not clean")
    with contextlib.closing(Server(lake, "--sql", "on")) as following:
        if following.sql("select count(*) as n from points").status_code != 200:
            wrong.append("the next server does not answer")
    tally.wrong += [("serve", seed, sentence) for sentence in wrong]
    if not wrong:
        shutil.rmtree(lake)


def _ask(server, until, chance):
    """Ask a server until a moment; return the processes that it had then."""
    statements = [
        "select count(*) from points",
        "select product, avg(velocity_mm_yr) from points group by all",
    ]
    while time.monotonic() < until:
        with contextlib.suppress(httpx.HTTPError):
            server.client.get("/egms.json", params={"sql": chance.choice(statements)}, timeout=5)
    return server.children()


def _files(lake):
    found = [p for p in lake.rglob("*") if p.is_file() and p.name != ".lock"]
    return {p: (p.stat().st_size, p.stat().st_mtime_ns) for p in found}


def _lives(pid):
    """Return whether a process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
