"""One contract for every UDF: documented, example runs, rows are independent, NULL and NaN laws."""

import math

import duckdb
import pytest
from egmsql.udfs import registry
from egmsql.udfs.contract import udf

UDFS = sorted(registry().items())


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        for _, function in UDFS:
            function.register(opened)
        yield opened


def literal(function, index):
    name, sql_type = list(function.arguments.items())[index]
    return f"${name}::{sql_type}"


def call(connection, function, arguments, sql="select {call}"):
    names = list(function.arguments)
    text = f"{function.name}({', '.join(literal(function, i) for i in range(len(names)))})"
    return connection.execute(sql.format(call=text), dict(zip(names, arguments, strict=True))).fetchall()


@pytest.mark.parametrize(("name", "function"), UDFS)
def test_it_is_named_as_its_file_and_documented(name, function):
    assert function.name == name
    assert len(function.doc) > 40
    assert function.version >= 1


@pytest.mark.parametrize(("name", "function"), UDFS)
def test_its_example_runs_and_gives_a_value(connection, name, function):
    ((value,),) = call(connection, function, function.example)
    assert value is not None


@pytest.mark.parametrize(("name", "function"), UDFS)
def test_each_argument_that_is_null_makes_the_result_null(connection, name, function):
    for index in range(len(function.arguments)):
        arguments = [None if i == index else value for i, value in enumerate(function.example)]
        assert call(connection, function, arguments) == [(None,)]


@pytest.mark.parametrize(("name", "function"), UDFS)
def test_rows_do_not_know_each_other(connection, name, function):
    """More rows than one call of DuckDB holds, some of them NULL, in two orders: each result is the example's."""
    ((expected,),) = call(connection, function, function.example)
    arguments = ", ".join(literal(function, i) for i in range(len(function.arguments)))
    first = literal(function, 0)
    query = f"""
        select i, {name}(case when i % 3 = 0 then null else {first} end, {arguments.split(", ", 1)[1]})
        from range(5000) as t(i) order by {{order}}
    """
    values = dict(zip(function.arguments, function.example, strict=True))
    for order in ("i", "hash(i)"):
        rows = connection.execute(query.format(order=order), values).fetchall()
        assert len(rows) == 5000
        assert all(value is None for i, value in rows if i % 3 == 0)
        assert all(value == expected for i, value in rows if i % 3)


@udf(
    "halve(number DOUBLE, shares DOUBLE[]) -> DOUBLE",
    version=1,
    example=(4.0, [1.0]),
    returns=__import__("pyarrow").float64(),
)
def halve(number, shares):
    """Half of a number plus the sum of some shares, to have an example with numbers."""
    return number / 2 + float(shares.sum())


def test_nan_is_refused_by_the_argument_s_name(connection):
    halve.udf.register(connection)
    assert call(connection, halve.udf, (4.0, [1.0, 2.0])) == [(5.0,)]
    with pytest.raises(duckdb.Error, match="shares: is NaN"):
        call(connection, halve.udf, (4.0, [1.0, math.nan]))
    with pytest.raises(duckdb.Error, match="number: is NaN"):
        call(connection, halve.udf, (math.nan, [1.0]))


def test_a_signature_is_split_outside_parentheses_only():
    declared = udf(
        "f(a STRUCT(x INTEGER, y INTEGER), b DOUBLE) -> DOUBLE", version=1, example=(), returns=None
    )
    assert declared(lambda a, b: b).udf.arguments == {"a": "STRUCT(x INTEGER, y INTEGER)", "b": "DOUBLE"}


def test_the_digest_knows_code_but_not_words():
    digests = {function.digest for _, function in UDFS} | {halve.udf.digest}
    assert len(digests) == len(UDFS) + 1
