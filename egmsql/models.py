"""Reading one SQL file: its header, its statement, what it reads and what it calls.

The text is never rewritten. sqlglot proves what a file reads and gives its columns and comments; the
statement that runs is the text as it stands.
"""

import hashlib
import itertools
import json
import re
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType

from egmsql.errors import ModelError

HEADER_KEYS = {
    "model": ("version", "grain", "partition", "stored", "defines", "held"),
    "audit": ("severity", "audits"),
    "macro": (),
}
STORES = ("files", "catalogue", "serving")
SEVERITIES = ("error", "warning")

# Bound by the runner to the delivered file that is being read; see `egmsql/sources`.
SOURCE_TABLES = ("source.rows", "source.file")

# Bound by the runner to one row (name): the partition being built. By hand, in a sandbox, it holds all
# of them, so a text that joins it gives every partition's rows at once.
THIS_PARTITION = "this.partition"

_DUCKDB = sqlglot.Dialect.get_or_raise("duckdb")
_KEY = re.compile(r"([a-z]+):\s*(.*)")


@dataclass(frozen=True)
class Model:
    """One file of `sql/`: a table, a view, a macro or an audit."""

    name: str  # layer.name; a macro's or an audit's own name
    kind: str  # table, view, macro, audit
    path: Path
    layer: int
    description: str  # what a row tells
    why: str  # the prose of the header
    text: str  # the whole file
    query: str  # the text after `as`; of an audit the whole statement
    digest: str  # of the tokens: comments and layout absent
    reads: frozenset[str]
    calls: frozenset[str]  # lower-case names before an opening parenthesis
    comments: dict[str, str]  # output column -> the comment beside it
    version: int = 1
    grain: tuple[str, ...] = ()
    partition: str | None = None
    stored: str = "files"
    defines: str | None = None  # the partition kind whose reading list this model is
    held: bool = False  # whether changed rows upstream leave it as it is until a refit is asked for
    severity: str = "error"
    audits: str | None = None


def read_model(path, layer, name):
    """Return the Model in the file `path`; `name` is what its place in the tree calls it.

    Raises
    ------
    ModelError
        For an unknown header key, more or less than one statement, a statement that sqlglot cannot
        take apart, or a target that differs from the path.
    """
    text = path.read_text(encoding="utf-8")
    tokens = _tokenize(path, text)
    statement = _parse(path, text)
    kind = _kind(path, statement)
    header = _header(path, text, "model" if kind in ("table", "view") else kind)
    if kind != "audit":
        _check_target(path, statement, name)
    query = statement.expression if kind in ("table", "view") else statement
    return Model(
        name=name,
        kind=kind,
        path=path,
        layer=layer,
        text=text,
        query=_query_text(tokens, text) if kind in ("table", "view") else text.strip().rstrip(";"),
        digest=_digest(tokens),
        reads=_reads(path, statement) if kind != "macro" else frozenset(),
        calls=_calls(tokens),
        comments=_column_comments(query) if kind in ("table", "view") else {},
        **header,
    )


def _tokenize(path, text):
    try:
        return [t for t in _DUCKDB.tokenize(text) if t.token_type != TokenType.SEMICOLON]
    except sqlglot.errors.SqlglotError as error:
        raise ModelError(
            path, f"cannot be read as SQL ({_first_line(error)})", "correct the statement"
        ) from None


def _parse(path, text):
    try:
        statements = [s for s in sqlglot.parse(text, read="duckdb") if s is not None]
    except sqlglot.errors.SqlglotError as error:
        raise ModelError(
            path, f"cannot be read as SQL ({_first_line(error)})", "correct the statement"
        ) from None
    statements = [s for s in statements if not isinstance(s, exp.Semicolon)]
    if len(statements) != 1:
        raise ModelError(path, f"holds {len(statements)} statements", "keep one statement a file")
    if statements[0].find(exp.Command):
        advice = "write what sqlglot can take apart; a pivot goes into a CTE"
        raise ModelError(path, "parses to a bare command, so nothing can be proved about it", advice)
    return statements[0]


def _kind(path, statement):
    if isinstance(statement, exp.Query):
        return "audit"
    if isinstance(statement, exp.Create):
        kind = {"TABLE": "table", "VIEW": "view", "MACRO": "macro", "FUNCTION": "macro"}.get(statement.kind)
        if kind and statement.args.get("replace"):
            return kind
    advice = "write `create or replace table|view|macro ... as ...`, or a bare query for an audit"
    raise ModelError(path, "is neither a model, nor a macro, nor an audit", advice)


def _check_target(path, statement, name):
    target = statement.this
    if isinstance(target, exp.UserDefinedFunction | exp.Schema):
        target = target.this
    found = f"{target.db}.{target.name}" if target.db else target.name
    if found != name:
        raise ModelError(path, f"creates {found}", f"a file creates what its path says: {name}")


def _header(path, text, kind):
    """Return description, why and the typed keys: paragraphs of the comment at the top of the file."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line[2:].strip())
    paragraphs = [p.strip() for p in "\n".join(lines).split("\n\n") if p.strip()]
    if not paragraphs:
        raise ModelError(path, "has no header", "say in the first line what a row tells")
    keys, prose = {}, paragraphs[1:]
    if prose and all(_KEY.fullmatch(line) for line in prose[0].splitlines()):
        keys = dict(_KEY.fullmatch(line).groups() for line in prose.pop(0).splitlines())
    known = HEADER_KEYS[kind]
    unknown = sorted(set(keys) - set(known))
    if unknown:
        listed = ", ".join(known) or "none"
        raise ModelError(path, f"unknown header key {unknown[0]!r}", f"known keys of a {kind}: {listed}")
    typed = {key: _typed(path, key, value) for key, value in keys.items()}
    return {"description": " ".join(paragraphs[0].split()), "why": "\n\n".join(prose), **typed}


def _typed(path, key, value):
    if key == "version":
        if not value.isdigit() or int(value) < 1:
            raise ModelError(
                path, f"version {value!r} is not a whole number from 1", "count versions 1, 2, 3"
            )
        return int(value)
    if key == "grain":
        return tuple(part.strip() for part in value.split(","))
    allowed = {"stored": STORES, "severity": SEVERITIES, "held": ("true", "false")}.get(key)
    if allowed and value not in allowed:
        raise ModelError(path, f"{key} {value!r} is unknown", f"choose one of {', '.join(allowed)}")
    return value == "true" if key == "held" else value


def _query_text(tokens, text):
    """Return the text after the first `as`, verbatim but for the closing semicolon."""
    start = next(t for t in tokens if t.token_type == TokenType.ALIAS)
    return text[start.end + 1 : tokens[-1].end + 1].strip()


def _digest(tokens):
    pairs = [(t.token_type.name, t.text) for t in tokens]
    return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()[:20]


def _reads(path, statement):
    """Return the layer.name of every table read; a bare name must be a CTE of the statement."""
    target = statement.this if isinstance(statement, exp.Create) else None
    if isinstance(target, exp.Schema):
        target = target.this
    ctes = {cte.alias_or_name.lower() for cte in statement.find_all(exp.CTE)}
    names = set()
    for table in statement.find_all(exp.Table):
        if table is target or not isinstance(table.this, exp.Identifier):
            continue  # a table function, such as unnest(...) or range(...)
        if table.db:
            names.add(f"{table.db}.{table.name}")
        elif table.name.lower() not in ctes:
            raise ModelError(path, f"reads {table.name}, which is no CTE of it", "name models as layer.name")
    return frozenset(names)


def _calls(tokens):
    following = itertools.pairwise(tokens)
    return frozenset(t.text.lower() for t, after in following if after.token_type == TokenType.L_PAREN)


def _column_comments(query):
    comments = {}
    for column in query.selects:
        if column.comments:
            comments[column.alias_or_name] = " ".join(c.strip() for c in column.comments)
    return comments


def _first_line(error):
    return str(error).strip().splitlines()[0].rstrip(".")
