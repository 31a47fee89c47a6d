"""Random and mutated SQL: rows or one clear line, and nothing but the served tables is ever touched."""

import contextlib
import os
import random
import re
import uuid

import duckdb
import pytest
from attacks import STATEMENTS
from egmsql.web.guard import Guard, RefusedError
from egmsql.web.worker import open_served
from faults.cases import cases
from hypothesis import given
from hypothesis import strategies as st
from test_web_guard import GOOD

TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\w+|--[^\n]*|/\*.*?\*/|\s+|[^\w\s]", re.DOTALL)
WAYS_OUT = [
    "read_text('{canary}')", "read_blob('{canary}')", "read_csv('{canary}')", "read_csv_auto('{canary}')",
    "read_parquet('{canary}')", "read_json('{canary}')", "read_ndjson('{canary}')", "sniff_csv('{canary}')",
    "parquet_metadata('{canary}')", "glob('{folder}/*')", "'{canary}'", "\"{canary}\"", "query('from ''{canary}''')",
    "query_table('{canary}')", "duckdb_secrets()", "which_secret('{canary}', 's3')", "duckdb_settings()",
    "duckdb_databases()", "pragma_storage_info('points')", "getenv('HOME')", "current_setting('temp_directory')",
    "lake.series", "served.lake.state", "system.main.duckdb_columns", "information_schema.tables", "pg_catalog.pg_class",
]  # fmt: skip
STATEMENTS_OUT = [
    "copy points to '{folder}/out.csv'", "copy (select 1) to '{folder}/out.parquet'", "attach '{folder}/out.duckdb'",
    "export database '{folder}/out'", "import database '{folder}'", "create table served.main.x as select 1",
    "install httpfs", "load '{canary}'", "set enable_external_access = true", "pragma enable_profiling",
    "pragma profiling_output = '{folder}/out.json'", "checkpoint", "vacuum", "call pragma_version()",
    "create secret (type s3)", "prepare p as from read_text('{canary}')", "execute p", "begin", "use memory",
    "insert into points select * from points", "update points set pid = ''", "drop table points", "detach served",
]  # fmt: skip
GLUE = ["", ";", "; ", " union all ", " -- ", "/*", "*/", "(", ")", "'", '"', "$$", ",", " from ", " select ", "\0", "\ufeff",
        " where exists (from ", " as (", "with x as (", " lateral ", "::", "[", "]", "{", "}", " order by ", "\u00a0", "`", "#1"]  # fmt: skip


class Canary:
    """A file that no statement may read, in a folder in which none may write, and a guard and a worker's database."""

    def __init__(self, folder, descriptor):
        self.folder, self.word = folder, uuid.uuid4().hex
        self.file = folder / "canary.csv"
        self.file.write_text(f"{self.word}\n")
        self.connection, relations = open_served(descriptor, 1, "256MB")
        self.guard = Guard(self.connection, relations)

    def __repr__(self):
        return "canary"

    def ways(self, texts):
        return [text.format(canary=self.file, folder=self.folder) for text in texts]


@pytest.fixture(scope="module")
def canary(real_lake, tmp_path_factory):
    descriptor = os.open(real_lake / "serving.duckdb", os.O_RDONLY)
    found = Canary(tmp_path_factory.mktemp("canary"), descriptor)
    yield found
    found.connection.close()
    os.close(descriptor)


def mixed(chance, canary):
    """Return a statement made of pieces of honest ones, of attacks and of ways out."""
    known = [*GOOD, *(s.replace("{lake}", str(canary.folder)) for s in STATEMENTS.values() if len(s) < 2000)]
    outs = canary.ways(WAYS_OUT)
    tokens = TOKEN.findall(chance.choice(known))
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(tokens) + 1)
        kind = chance.randrange(7)
        if kind == 0:
            tokens.insert(at, f" {chance.choice(outs)} ")
        elif kind == 1:
            tokens.insert(at, chance.choice(GLUE))
        elif kind == 2 and tokens:
            tokens[at % len(tokens)] = chance.choice(outs)
        elif kind == 3 and tokens:
            del tokens[at % len(tokens)]
        elif kind == 4:
            tokens[at:at] = TOKEN.findall(chance.choice(known))
        elif kind == 5:
            tokens.insert(at, f"; {chance.choice(canary.ways(STATEMENTS_OUT))}")
        else:
            tokens = ["select * from (", *tokens, f") as x, {chance.choice(outs)} as y"]
    return "".join(tokens)


def judge(canary, statement):
    """Let the guard decide; run what it lets through, a little, and see what came of it."""
    try:
        canary.guard.check(statement)
    except RefusedError as error:
        assert str(error).strip() and "\n" not in str(error)
        return
    bounded = f"select * from (\n{statement.rstrip().rstrip(';')}\n) limit 20"
    shown = ""
    for text in (bounded, statement):
        with (
            contextlib.suppress(duckdb.Error, OverflowError, UnicodeError),
            interrupted(canary.connection) as cursor,
        ):
            cursor.execute("use served")
            shown = str(cursor.execute(text).fetchmany(20))
            break
    assert canary.word not in shown, statement
    assert [p.name for p in canary.folder.iterdir()] == ["canary.csv"], statement


@contextlib.contextmanager
def interrupted(connection):
    """Yield a cursor whose query is interrupted after a second; DuckDB's word must not be of files."""
    import threading

    cursor = connection.cursor()
    timer = threading.Timer(1.0, cursor.interrupt)
    timer.start()
    try:
        yield cursor
    except duckdb.PermissionException as error:
        raise AssertionError(f"the guard let through what only DuckDB refused: {error}") from None
    finally:
        timer.cancel()
        cursor.close()


@cases(300)
@given(seed=st.integers(0, 2**48))
def test_mixed_statements(canary, seed):
    judge(canary, mixed(random.Random(seed), canary))


@cases(100)
@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")))
def test_any_text(canary, text):
    judge(canary, text)
    judge(canary, f"select {text}")
    judge(canary, f"select * from points where {text}")


@pytest.mark.parametrize("text", STATEMENTS_OUT)
def test_no_way_out_passes_the_guard(canary, text):
    (statement,) = canary.ways([text])
    for each in (statement, f"select 1; {statement}", f"/* select */ {statement}", f"from ({statement})"):
        with pytest.raises(RefusedError):
            canary.guard.check(each)


@pytest.mark.parametrize("text", WAYS_OUT)
def test_no_table_but_the_served_passes_the_guard(canary, text):
    (table,) = canary.ways([text])
    for each in (f"from {table}", f"select * from points, {table}", f"with x as (from {table}) from x",
                 f"select (select count(*) from {table})", f"select * from points join {table} as y on true"):  # fmt: skip
        with pytest.raises(RefusedError):
            canary.guard.check(each)
