"""The guard and the worker by themselves, without a server: what they let through and what they refuse."""

import os
from pathlib import Path

import duckdb
import pytest
from attacks import STATEMENTS
from egmsql.web.guard import Guard, RefusedError
from egmsql.web.worker import open_served


def test_a_file_that_cannot_be_written_is_not_written_and_descriptor_limits_hold(real_lake):
    """The worker itself, without its guard: DuckDB's own locks and the kernel's limits hold."""
    descriptor = os.open(real_lake / "serving.duckdb", os.O_RDONLY)
    connection, relations = open_served(descriptor, 1, "256MB")
    served = {
        "points",
        "overviews",
        "products",
        "areas",
        "subareas",
        "cells",
        "motions",
        "models",
        "glossary",
    }
    assert served == relations
    for statement in (
        "copy (select 1) to '/tmp/egmsql-evil.csv'",
        "select * from read_text('/etc/passwd')",
        f"select * from read_blob('{real_lake}/serving.duckdb')",
        "delete from points",
        "attach '/tmp/egmsql-evil.duckdb' as evil",
        "set memory_limit = '100GB'",
        "set enable_external_access = true",
        "set disabled_filesystems = ''",
        "install httpfs",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(statement)
    connection.close()
    os.close(descriptor)
    assert not Path("/tmp/egmsql-evil.csv").exists() and not Path("/tmp/egmsql-evil.duckdb").exists()


GOOD = [
    "select 1",
    "from points",
    "select * from points where velocity_mm_yr < $v",
    "with fast as (from points where velocity_mm_yr < -5) select count(*) from fast",
    "with recursive n as (select 1 as i union all select i + 1 from n where i < 5) select sum(i) from n",
    "select product, median(velocity_mm_yr) over (partition by track) from points",
    "select epochs[1:3], list_transform(epochs, e -> year(e)), {'a': 1} from products",
    "select unnest(range(3))",
    "select * from generate_series(1, 3)",
    "select * from (describe points)",
    "select * from (summarize points)",
    "select count(*) filter (where track = 22), a.pid::text || 'x' from points as a group by all",
    "select * from main.points join products using (product) using sample 5 rows",
    "select regexp_matches(pid, '^1'), strftime(first_epoch, '%Y') from points, products",
    "select * from points union all by name from points",
]


@pytest.fixture(scope="module")
def guard(real_lake):
    descriptor = os.open(real_lake / "serving.duckdb", os.O_RDONLY)
    connection, relations = open_served(descriptor, 1, "256MB")
    yield Guard(connection, relations)
    connection.close()
    os.close(descriptor)


@pytest.mark.parametrize("sql", GOOD)
def test_honest_sql_passes_the_guard(guard, sql):
    assert guard.check(sql)


def test_a_table_of_another_schema_is_not_the_served_one_of_its_name(tmp_path):
    path = tmp_path / "two.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table points as select 1 as pid")
        connection.execute("create schema staging")
        connection.execute("create table staging.points as select 'secret' as pid")
    descriptor = os.open(path, os.O_RDONLY)
    connection, relations = open_served(descriptor, 1, "256MB")
    guard = Guard(connection, relations)
    assert guard.check("select * from points") and guard.check("select * from main.points")
    for name in ("staging.points", "served.staging.points", '"staging"."points"'):
        with pytest.raises(RefusedError):
            guard.check(f"select * from {name}")
        with pytest.raises(RefusedError):
            guard.check(f"with points as (select 1) select * from points, {name}")
    connection.close()
    os.close(descriptor)


@pytest.mark.parametrize(
    "name", [n for n in STATEMENTS if not n.startswith(("11", "12", "13", "brackets", "too deep"))]
)
def test_the_guard_alone_refuses(guard, name):
    with pytest.raises(RefusedError) as error:
        guard.check(STATEMENTS[name])
    assert "\n" not in str(error.value)


def test_no_allowed_function_is_unknown_or_reads_anything(guard):
    from egmsql.web.guard import allowed_functions

    with duckdb.connect() as connection:
        known = {n for (n,) in connection.execute("select function_name from duckdb_functions()").fetchall()}
        windows = {"cume_dist", "dense_rank", "fill", "first_value", "lag", "last_value", "lead", "nth_value", "ntile",
                   "percent_rank", "rank", "rank_dense", "row_number"}  # fmt: skip
        syntax = {"coalesce", "if", "nullif", "row", "struct_pack", "list_value", "unnest", "array_extract"}
        assert allowed_functions() - known - windows - syntax == set()
    for word in (
        "read",
        "file",
        "setting",
        "secret",
        "copy",
        "query",
        "pragma",
        "duckdb",
        "parquet",
        "glob",
        "sleep",
    ):
        assert not [f for f in allowed_functions() if word in f], word
