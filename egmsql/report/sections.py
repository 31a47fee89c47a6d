"""What is asked of a lake for its report, and what comes back."""

import functools
from dataclasses import dataclass
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from egmsql.connection import connect
from egmsql.errors import LakeError, unwritten

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Section:
    """One section of the report: `parts/<name>.html`, filled with the answers to its questions.

    It is left out where the lake lacks a model of its first question, or that one has no rows.
    """

    name: str
    title: str
    questions: tuple[str, ...]  # files of `questions/`


SECTIONS = (
    Section("products", "What the lake holds", ("products",)),
    Section("movements", "How the ground moves", ("movements", "cells", "distributions")),
    Section("agreement", "Agreement with EGMS's published numbers", ("agreement", "agreement_levels")),
    Section("velocities", "The velocity, refitted and published", ("velocities",)),
    Section("errors", "How sure a velocity is", ("errors",)),
    Section("audits", "Rules that the lake keeps", ("audits",)),
    Section("models", "What it was computed with", ("models",)),
    Section("runs", "The last runs", ("runs",)),
)


@dataclass(frozen=True)
class Report:
    """The answers of one lake: `str()` gives the text, `egmsql.report(lake, html=...)` writes the page.

    `answers` maps each question that could be asked to its rows, dicts by column name.
    """

    name: str  # of the lake's folder
    sections: tuple[Section, ...]  # that the lake can fill
    answers: dict[str, list[dict]]

    @property
    def lake(self):
        """The one row about the lake as a whole."""
        return self.answers["lake"][0]

    def __str__(self):
        """Return the report as plain text."""
        from egmsql.report.text import plain

        return plain(self)


def ask(lake, settings):
    """Return the Report of the lake at a path.

    Raises
    ------
    LakeError
        When there is no lake, it holds no product, or nothing of it was built.
    """
    try:
        with connect(lake, spatial=False, udfs=False) as connection:
            connection.execute(f"set threads = {settings.threads}")
            connection.execute(f"set memory_limit = '{settings.memory}B'")
            _refuse_unbuilt(lake, connection)
            answers = _answers(connection)
    except duckdb.OutOfMemoryException as error:
        raise unwritten(lake, error) from None
    except duckdb.Error as error:
        reason = " ".join(str(error).split())[:200]
        raise LakeError(lake, f"cannot be read ({reason})", f"look with `egmsql check {lake}`") from None
    sections = tuple(s for s in SECTIONS if answers.get(s.questions[0]))
    return Report(Path(lake).resolve().name, sections, answers)


def question(name):
    """Return the SQL of one question."""
    return (HERE / "questions" / f"{name}.sql").read_text(encoding="utf-8")


@functools.cache
def models_of(name):
    """Return the tables, such as `features.fits` or `_files`, that a question reads."""
    tables = sqlglot.parse_one(question(name), read="duckdb").find_all(exp.Table)
    return frozenset(f"{t.db}.{t.name}" if t.db else t.name for t in tables if t.db or t.name.startswith("_"))


def _refuse_unbuilt(lake, connection):
    (n_products,) = connection.execute("select count(*) from observed.products").fetchone()
    if not n_products:
        raise LakeError(lake, "holds no product", f"read some with `egmsql ingest {lake} FILE...`")
    query = "select count(*) from _files where model = 'report.agreement'"
    if connection.execute(query).fetchone() == (0,):
        raise LakeError(lake, "is not built, so there is nothing to report", f"run `egmsql build {lake}`")


def _answers(connection):
    known = {
        name if schema == "main" else f"{schema}.{name}"
        for schema, name in connection.execute(_EXISTING).fetchall()
    }
    asked = ["lake", *(name for section in SECTIONS for name in section.questions)]
    return {name: _rows(connection, question(name)) for name in asked if models_of(name) <= known}


_EXISTING = """
select schema_name, view_name from duckdb_views()
union
select schema_name, table_name from duckdb_tables()
"""


def _rows(connection, query):
    connection.execute(query)
    columns = [column[0] for column in connection.description]
    return [dict(zip(columns, row, strict=True)) for row in connection.fetchall()]
