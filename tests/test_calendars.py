"""Epochs as one text: SQL writes it, Python reads it."""

import duckdb
import numpy as np
import pytest
from egmsql.udfs.kernels.calendars import calendar_of, epochs_of
from hypothesis import given, settings
from hypothesis import strategies as st

import egmsql


@pytest.fixture(scope="module")
def calendar():
    """Return the macro as a function of datetime64 epochs."""
    macros = egmsql.load_project().macros
    with duckdb.connect() as connection:
        for name in ("calendar_runs", "calendar"):
            connection.execute(macros[name].text)

        def ask(epochs):
            return connection.execute("select calendar($1::date[])", [[str(e) for e in epochs]]).fetchone()[0]

        yield ask


@settings(deadline=None)
@given(st.lists(st.sampled_from([1, 6, 6, 6, 12, 18, 365]), max_size=80))
def test_what_sql_writes_python_reads(calendar, steps):
    epochs = np.datetime64("2018-01-04") + np.cumsum([0, *steps])
    text = calendar(epochs)
    assert text == calendar_of(epochs)
    assert np.array_equal(epochs_of(text), epochs)


def test_equal_steps_are_counted(calendar):
    epochs = np.datetime64("2020-01-03") + np.array([0, 12, 18, 24, 36])
    assert calendar(epochs) == "2020-01-03+12+6x2+12"


def test_no_epochs_have_no_calendar(calendar):
    assert calendar([]) is None


@pytest.mark.parametrize(
    "text", ["", "x", "2020-01-01+a", "2020-01-01+6x2x3", "2020-13-01", "2020-01-01+", "2020-01-01+6-6"]
)
def test_another_text_is_refused(text):
    with pytest.raises(ValueError, match="is no calendar"):
        epochs_of(text)


@pytest.mark.parametrize("text", ["2020-01-01+0", "2020-01-01+12+-6"])
def test_epochs_that_do_not_increase_are_refused(text):
    with pytest.raises(ValueError, match="epochs must increase"):
        epochs_of(text)


def test_the_epochs_of_real_series_are_those_of_their_product(real_lake):
    with egmsql.connect(real_lake) as connection:
        rows = connection.execute(
            """
            select distinct calendar, epochs
            from series.displacement inner join observed.products using (product)
            """
        ).fetchall()
    assert len(rows) == 3
    for text, epochs in rows:
        assert epochs_of(text).tolist() == epochs
