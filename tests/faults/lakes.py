"""Small lakes in known states, and a summary of all that a lake shows by which two states are compared."""

import contextlib
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

import duckdb
import forge

import egmsql
from egmsql.lake import CATALOGUE, SERVING, Lake


@dataclass(frozen=True)
class Shown:
    """What a lake shows: its products, the bytes of its files by SHA-256, and the rows that can be read."""

    products: frozenset
    files: tuple  # ((model, partition), content)
    rows: tuple  # (name, number of rows, hash of all)


def shown(lake):
    """Return what a lake shows through its catalogue; each file that is named there is read."""
    if not Lake(lake).exists():
        return Shown(frozenset(), (), ())
    state = Lake(lake).load()
    files = tuple(sorted((key, record.content) for key, record in state.files.items()))
    with egmsql.connect(lake, spatial=False, udfs=False) as connection:
        query = "select model from _models where kind <> 'macro' and model not like 'staging.%' order by 1"
        names = [name for (name,) in connection.execute(query).fetchall()]
        counted = tuple((name, *_hash(connection, name)) for name in names)
    return Shown(frozenset(state.sources), files, counted)


def served(lake):
    """Return the rows that `serving.duckdb` holds, table by table, or None where there is none."""
    if not (lake / SERVING).exists():
        return None
    with contextlib.closing(duckdb.connect(str(lake / SERVING), read_only=True)) as connection:
        tables = "select table_name from duckdb_tables() where schema_name = 'main' order by 1"
        names = [name for (name,) in connection.execute(tables).fetchall()]
        return tuple((name, *_hash(connection, name)) for name in names)


def _hash(connection, name):
    return connection.execute(f"select count(*), coalesce(sum(hash(t::varchar)), 0) from {name} t").fetchone()


def leftovers(lake):
    """Return what lies in a lake and belongs to neither of its last two catalogues, as relative paths."""
    state = Lake(lake).load()
    named = {r.path for r in state.files.values()} | state.previous_paths | {CATALOGUE, SERVING, ".lock"}
    found = {p.relative_to(lake).as_posix() for p in lake.rglob("*") if not p.is_dir()}
    return sorted(found - named)


def copied(lake, folder):
    """Return a copy of a lake that can be spoiled without the first one noticing."""
    shutil.copytree(lake, folder)
    return folder


@dataclass(frozen=True)
class Lakes:
    """Lakes of the same three products in the states between which commands lead, and what those show."""

    delivered: Path  # the three files, one of them a newer delivery of what `begun` holds
    begun: Path  # an older delivery of the first product, built
    fed: Path  # the three ingested over it, not built
    built: Path  # and built
    finished: Path  # all that a build makes is there, but nothing of it was published

    @classmethod
    def made(cls, folder, n_points=300):
        """Make them under a folder."""
        old, new = folder / "older", folder / "delivered"
        old.mkdir(parents=True)
        new.mkdir()
        forge.product(burst=845, n_points=n_points // 2, version=1).write_zip(old)
        for number in range(3):
            product = forge.product(
                burst=845 + number, n_points=n_points, version=2 - (number > 0), seed=number
            )
            product.write_zip(new)
        begun = folder / "begun"
        assert not egmsql.ingest(begun, [old]).errors
        egmsql.build(begun)
        fed = copied(begun, folder / "fed")
        assert not egmsql.ingest(fed, [new]).errors
        built = copied(fed, folder / "built")
        egmsql.build(built)
        finished = copied(built, folder / "finished")
        for name in (CATALOGUE, SERVING):
            (finished / name).chmod(stat.S_IRUSR | stat.S_IWUSR)
            shutil.copyfile(fed / name, finished / name)
            (finished / name).chmod(0o444)
        return cls(new, begun, fed, built, finished)
