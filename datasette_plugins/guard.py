"""Deciding which SQL may run: one SELECT over served tables, with functions that only compute.

DuckDB's own parser gives the tree, so there is no second opinion about what a text means. This module and
`worker.py` import nothing but duckdb and the standard library: the worker is a process of its own.
"""

import functools
import json
import re
from pathlib import Path

import duckdb

MAX_CHARACTERS = 20_000
MAX_CTES = 40

TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "generate_subscripts"})

_NAME = re.compile(r"[A-Za-z_]\w*")


class RefusedError(Exception):
    """A statement that may not run; the message says why in one line."""


class Guard:
    """Tells which statements may run on a connection.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Used to parse only; nothing is executed.
    relations : set of str
        The tables and views of the schema `main` that may be read.
    """

    def __init__(self, connection, relations):
        self._connection = connection
        self._relations = {name.lower() for name in relations}
        internal = connection.execute("select view_name from duckdb_views() where internal").fetchall()
        self._internal = {name.lower() for (name,) in internal}
        self._functions = allowed_functions()
        self.check = functools.lru_cache(512)(self._check)

    def _check(self, sql):
        """Raise RefusedError unless `sql` is one SELECT over served tables."""
        if len(sql) > MAX_CHARACTERS:
            raise RefusedError(f"the statement is longer than {MAX_CHARACTERS:,} characters")
        try:
            statements = duckdb.extract_statements(sql)
        except duckdb.Error as error:
            raise RefusedError(" ".join(str(error).split())) from None
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise RefusedError("only one SELECT statement is allowed")
        (text,) = self._connection.execute("select json_serialize_sql(?::varchar)", [sql]).fetchone()
        try:
            tree = json.loads(text)
            if tree["error"]:
                raise RefusedError(f"only one SELECT statement is allowed ({tree['error_message']})")
            ctes = _cte_names(tree)
            self._check_ctes(ctes)
            self._walk(tree["statements"], ctes)
        except RecursionError:
            raise RefusedError("the statement is nested too deeply") from None
        return True

    def _check_ctes(self, names):
        if len(names) > MAX_CTES:
            raise RefusedError(f"the statement has more than {MAX_CTES} named subqueries")
        for name in names:
            # Named like a file or a view of DuckDB's own it could let that through.
            if not _NAME.fullmatch(name) or name in self._internal:
                raise RefusedError(f"a named subquery may not be called {name}")

    def _walk(self, node, ctes):
        if isinstance(node, list):
            for each in node:
                self._walk(each, ctes)
        elif isinstance(node, dict):
            self._check_node(node, ctes)
            for each in node.values():
                if isinstance(each, dict | list):
                    self._walk(each, ctes)

    def _check_node(self, node, ctes):
        kind = node.get("type")
        if kind == "BASE_TABLE":
            self._check_table(node, ctes)
        elif kind == "TABLE_FUNCTION":
            name = str(node["function"].get("function_name", "")).lower()
            if name not in TABLE_FUNCTIONS:
                raise RefusedError(f"the table function {name} is not allowed")
        elif kind == "SHOW_REF" and not node.get("query"):
            raise RefusedError("SHOW is not allowed")
        if "function_name" in node:
            name = str(node["function_name"]).lower()
            is_operator = not any(c.isalnum() or c == "_" for c in name)
            if not is_operator and name not in self._functions:
                raise RefusedError(f"the function {name} is not allowed")

    def _check_table(self, node, ctes):
        name, schema = node["table_name"].lower(), node.get("schema_name", "").lower()
        is_plain = not node.get("catalog_name")
        if is_plain and name in self._relations and schema in ("", "main"):
            return
        if is_plain and not schema and name in ctes:
            return
        raise RefusedError(f"there is no table {'.'.join(filter(None, (schema, name)))} to read")


@functools.cache
def allowed_functions():
    """Return the names of the functions that SQL may call."""
    lines = Path(__file__).with_name("functions.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(line for line in lines if not line.startswith("#")).split())


def _cte_names(tree):
    found, pending = set(), [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending += node
        elif isinstance(node, dict):
            listed = node.get("cte_map") or {}
            found |= {entry["key"].lower() for entry in listed.get("map", ())}
            if node.get("type") in ("RECURSIVE_CTE_NODE", "CTE_NODE") and node.get("cte_name"):
                found.add(node["cte_name"].lower())
            pending += node.values()
    return found
