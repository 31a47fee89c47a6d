"""Where a column comes from: one hop per model by sqlglot, closed over the layers.

Lineage through several models in one call fails in sqlglot; one model with the columns of its upstream
does not. It follows values: what a row is filtered or joined by is not lineage.
"""

import functools
import hashlib

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from egmsql.errors import ModelError
from egmsql.sources import FILE_SCHEMA, ROWS_SCHEMA

_KNOWN = "lineage.txt"
SOURCE_SCHEMAS = {"source.rows": ROWS_SCHEMA, "source.file": FILE_SCHEMA}


@functools.cache
def _hops(path, query, columns, upstream):
    """Return (column, upstream model, upstream column) rows of one model."""
    schema = {}
    for name, names in upstream:
        layer, table = name.split(".")
        schema.setdefault(layer, {})[table] = dict.fromkeys(names, "VARCHAR")
    found = []
    try:
        parsed = sqlglot.parse_one(query, read="duckdb")
        qualified = qualify(parsed, schema=schema, dialect="duckdb", validate_qualify_columns=False)
        scope = build_scope(qualified)
        for column in columns:
            root = lineage(column, qualified, schema, scope=scope, copy=False, dialect="duckdb")
            for node in root.walk():
                if isinstance(node.expression, exp.Table) and node.expression.db:
                    table = f"{node.expression.db}.{node.expression.name}"
                    found.append((column, table, node.name.split(".")[-1].strip('"')))
    except sqlglot.errors.SqlglotError as error:
        raise ModelError(path, f"its lineage cannot be read ({error})", "write plainer SQL") from None
    places = {column: place for place, column in enumerate(columns)}
    return tuple(sorted(set(found), key=lambda row: (places[row[0]], row[1:])))


def lineage_of(project, known=None):
    """Return (model, column, upstream model, upstream column) rows of the whole project.

    Taking every statement apart takes seconds; `lineage.txt` beside the models holds what was found last, and
    a model whose text or upstream has changed since is taken apart again.

    Parameters
    ----------
    known : dict, optional
        Model -> (key, hops), instead of what `lineage.txt` holds.
    """
    known = _read_known(project.folder / _KNOWN) if known is None else known
    rows = []
    for name, key, inputs in _inputs(project):
        hops = known[name][1] if known.get(name, (None,))[0] == key else _hops(*inputs)
        rows += [(name, column, up, up_column) for column, up, up_column in hops]
    return rows


def write_known(project):
    """Write `lineage.txt`, so that the next catalogue need not find it again."""
    found = {}
    for name, *hop in lineage_of(project, known={}):
        found.setdefault(name, []).append(hop)
    blocks = []
    for name, key, _ in _inputs(project):
        lines = [f"    {column} {up} {up_column}" for column, up, up_column in found.get(name, ())]
        blocks.append("\n".join([f"{name} {key}", *lines]))
    (project.folder / _KNOWN).write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def _inputs(project):
    """Yield (model, key, arguments of _hops) of every model with a contract."""
    for name, model in project.models.items():
        contract = project.contracts.get(name)
        if contract is not None:
            upstream = tuple((up, _columns_of(project, up)) for up in sorted(model.reads))
            columns = tuple(contract.columns)
            key = hashlib.sha256(repr((model.digest, columns, upstream)).encode()).hexdigest()[:16]
            yield name, key, (model.path, model.query, columns, upstream)


def _read_known(path):
    """Return model -> (key, hops); nothing where the file is missing or of no known form."""
    known, hops = {}, None
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        words = line.split()
        if len(words) == 2 and not line.startswith(" "):
            hops = []
            known[words[0]] = words[1], hops
        elif len(words) == 3 and hops is not None:
            hops.append(tuple(words))
    return known


def _columns_of(project, name):
    if name in SOURCE_SCHEMAS:
        return tuple(SOURCE_SCHEMAS[name].names)
    return tuple(project.contracts[name].columns) if name in project.contracts else ()


def trace(project, model, column):
    """Return the lineage of one column as (depth, model, column) rows, itself first.

    Raises
    ------
    ModelError
        If there is no such model or column.
    """
    contract = project.contracts.get(model)
    if model not in project.models or contract is None:
        raise ModelError(model, "is no model", f"choose one of {', '.join(project.models)}")
    if column not in contract.columns:
        raise ModelError(f"{model}.{column}", "is no column", f"choose one of {', '.join(contract.columns)}")
    hops = {}
    for name, own, upstream, upstream_column in lineage_of(project):
        hops.setdefault((name, own), []).append((upstream, upstream_column))
    rows = []

    def follow(depth, key):
        """List a column and, below it, all that it is made of."""
        rows.append((depth, *key))
        for upstream in hops.get(key, ()):
            follow(depth + 1, upstream)

    follow(0, (model, column))
    return rows
