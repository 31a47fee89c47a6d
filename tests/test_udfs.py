"""One contract for every UDF: documented, example runs, rows are independent, NULL and NaN laws."""

import inspect
import math
from pathlib import Path

import duckdb
import pyarrow as pa
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
    returns=pa.float64(),
)
def halve(number, shares):
    """Half of a number plus the sum of some shares, to have an example with numbers."""
    return number / 2 + float(shares.sum())


@udf(
    "spans(series SMALLINT[], weights DOUBLE[], factor DOUBLE) -> STRUCT(span DOUBLE, weighted DOUBLE[])",
    version=1,
    example=([1, 2], [1.0, 2.0], 1.0),
    returns=pa.struct([("span", pa.float64()), ("weighted", pa.list_(pa.float64()))]),
    shared=("weights",),
)
def spans(series, weights, factor):
    """The span of many series at once, and each value times a weight and a factor of its own."""
    CALLS.append(series.shape)
    span = series.max(axis=1) - series.min(axis=1)
    return {"span": span.astype(float), "weighted": series * weights[: series.shape[1]] * factor[:, None]}


CALLS = []


def test_the_form_for_many_rows_is_called_once_for_rows_alike(connection):
    spans.udf.register(connection)
    CALLS.clear()
    rows = connection.execute(
        "select s.span, s.weighted from (select spans([i, 0, 2 * i]::smallint[], [1.0, 2.0, 3.0], i) as s"
        " from range(1500) as t(i))"
    ).fetchall()
    assert CALLS == [(1500, 3)]
    assert rows[4] == (8.0, [16.0, 0.0, 96.0])


def test_the_form_for_many_rows_sorts_out_rows_that_differ(connection):
    """Other lengths, other shared values, gaps and NULL rows, mixed: each row has its own answer."""
    spans.udf.register(connection)
    rows = connection.execute(
        """
        select i, s.span, s.weighted from (
            select i, spans(
                case i % 4 when 0 then [i, null, 0] when 1 then [i, 1, 2] when 2 then [i] end::smallint[],
                case when i % 3 = 0 then [1.0, 2.0, 3.0] else [2.0, 2.0, 2.0] end, 1.0) as s
            from range(5000) as t(i)
        ) order by i
        """
    ).fetchall()
    for i, span, weighted in rows:
        values = [[i, None, 0], [i, 1, 2], [i], None][i % 4]
        weights = [1.0, 2.0, 3.0] if i % 3 == 0 else [2.0, 2.0, 2.0]
        if values is None:
            assert (span, weighted) == (None, None)
            continue
        known = [v for v in values if v is not None]
        assert span == max(known) - min(known)
        assert weighted == [None if v is None else v * w for v, w in zip(values, weights, strict=False)]


@udf(
    "first_of(value DOUBLE, dates DATE[], labels VARCHAR[]) -> DOUBLE",
    version=1,
    example=(1.0, ["2020-01-03"], ["a"]),
    returns=pa.float64(),
    shared=("dates", "labels"),
)
def first_of(value, dates, labels):
    CALLS.append(len(value))
    return value + len(dates) + 1000 * len(labels)


def test_shared_lists_of_any_length_are_told_apart_by_what_they_hold(connection):
    """Dates of several products, and texts, which are no plain numbers: as many calls as there are pairs."""
    first_of.udf.register(connection)
    CALLS.clear()
    rows = connection.execute(
        """
        select i, first_of(i, [date '2020-01-03' + d::integer for d in range(1 + i % 3)],
            case when i % 2 = 0 then ['a', 'b'] else ['a'] end)
        from range(1800) as t(i)
        """
    ).fetchall()
    assert [value for _, value in rows] == [i + 1 + i % 3 + 1000 * (2 - i % 2) for i, _ in rows]
    assert sorted(CALLS) == [300] * 6


def test_the_digest_of_a_function_knows_the_kernels_it_imports(monkeypatch):
    module = inspect.getmodule(spans.__globals__["udf"])
    from egmsql.udfs import fit_weights

    before = module._code_digest(inspect.getmodule(fit_weights.fit_weights))
    original = inspect.getsource
    monkeypatch.setattr(
        inspect,
        "getsource",
        lambda m: original(m).replace("365.0", "365.25") if "kernels" in m.__name__ else original(m),
    )
    assert module._code_digest(inspect.getmodule(fit_weights.fit_weights)) != before


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


def test_a_compiled_kernel_is_made_anew_when_any_kernel_changes():
    """Numba looks at a kernel's own file; what it calls in others is compiled into it."""
    from egmsql.udfs.kernels import compiled, evidence

    stamp = evidence.examine._cache._cache_file._source_stamp
    folder = Path(inspect.getfile(compiled)).parent
    assert [name for name, *_ in stamp] == sorted(path.name for path in folder.glob("*.py"))
