"""Where a column comes from: one hop per model by sqlglot, closed over the layers.

Lineage through several models in one call fails in sqlglot; one model with the columns of its upstream
does not. It follows values: what a row is filtered or joined by is not lineage.
"""

import functools

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope

from egmsql.errors import ModelError
from egmsql.models import THIS_PARTITION
from egmsql.sources import FILE_SCHEMA, ROWS_SCHEMA

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


def lineage_of(project):
    """Return (model, column, upstream model, upstream column) rows of the whole project."""
    rows = []
    for name, model in project.models.items():
        contract = project.contracts.get(name)
        if contract is None:
            continue
        upstream = tuple((up, _columns_of(project, up)) for up in sorted(model.reads))
        hops = _hops(model.path, model.query, tuple(contract.columns), upstream)
        rows += [(name, column, up, up_column) for column, up, up_column in hops]
    return rows


def _columns_of(project, name):
    if name == THIS_PARTITION:
        return ("name",)
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
        rows.append((depth, *key))
        for upstream in hops.get(key, ()):
            follow(depth + 1, upstream)

    follow(0, (model, column))
    return rows
