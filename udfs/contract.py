"""The contract between SQL and a Python function: what DuckDB passes, and what it gets back.

- A row is the unit of meaning. DuckDB calls with at most 2,048 rows, in any order, from any thread; what
  belongs together travels in one row as lists.
- NULL in, NULL out: a row with a NULL argument never reaches Python. NaN is refused by name.
- No state, no clock, no randomness without a seed argument.
"""

import ast
import hashlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

_SIGNATURE = re.compile(r"\s*(\w+)\s*\((.*)\)\s*->\s*(.+?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Udf:
    """A registered function: its name and types for DuckDB, its adapter, and what the tests need."""

    name: str
    arguments: dict[str, str]  # name -> DuckDB type
    returns: str
    version: int
    doc: str
    example: tuple  # arguments of one call, as Python values
    digest: str  # of the module's code, comments and docstrings absent
    adapter: Callable

    @property
    def signature(self):
        """The signature as it is written in SQL."""
        arguments = ", ".join(f"{name} {sql_type}" for name, sql_type in self.arguments.items())
        return f"{self.name}({arguments}) -> {self.returns}"

    def register(self, connection):
        """Make the function known to one DuckDB connection and its cursors."""
        types = [connection.type(t) for t in self.arguments.values()]
        connection.create_function(
            self.name, self.adapter, types, connection.type(self.returns), type="arrow"
        )


def udf(signature, *, version, example, returns):
    """Declare a kernel that turns the values of one row into the value of one row.

    Parameters
    ----------
    signature : str
        `name(argument TYPE, ...) -> TYPE` in DuckDB's types. (DuckDB 2.0 evaluates Python annotations, so
        types are text.)
    version : int
        Raised when the same arguments give another result.
    example : tuple
        Arguments of one call; the contract test runs it.
    returns : pyarrow.DataType
        The Arrow type of `signature`'s result.

    Lists arrive as numpy arrays (dates as datetime64[D]), scalars as Python values.
    """
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"{signature!r} is no signature")
    arguments = dict(part.split(None, 1) for part in _split(match[2]))

    def declare(kernel):
        kernel.udf = Udf(
            name=match[1],
            arguments={name: sql_type.strip() for name, sql_type in arguments.items()},
            returns=match[3],
            version=version,
            doc=inspect.getdoc(kernel) or "",
            example=example,
            digest=_code_digest(kernel),
            adapter=_adapter(kernel, tuple(arguments), returns),
        )
        return kernel

    return declare


def _adapter(kernel, names, returns):
    """Return what DuckDB calls with Arrow chunks: the kernel, once per row."""

    def adapter(*columns):
        rows = zip(*(_values(name, column) for name, column in zip(names, columns, strict=True)), strict=True)
        return pa.array([kernel(*row) for row in rows], type=returns)

    # DuckDB counts the parameters it is going to pass.
    kind = inspect.Parameter.POSITIONAL_ONLY
    adapter.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    return adapter


def _values(name, column):
    for scalar in column:
        value = scalar.values.to_numpy(zero_copy_only=False) if _is_list(scalar) else scalar.as_py()
        if _has_nan(value):
            raise ValueError(f"{name}: is NaN; pass NULL where there is no value")
        yield value


def _is_list(scalar):
    return isinstance(scalar, pa.ListScalar | pa.FixedSizeListScalar | pa.LargeListScalar)


def _has_nan(value):
    values = np.asarray(value)
    return values.dtype.kind == "f" and bool(np.isnan(values).any())


def _split(arguments):
    """Split at the commas outside parentheses: `a STRUCT(x INT, y INT), b INT` has two parts."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(arguments):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(arguments[start:position].strip())
            start = position + 1
    return [*parts, arguments[start:].strip()] if arguments.strip() else []


def _code_digest(function):
    tree = ast.parse(inspect.getsource(inspect.getmodule(function)))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            body[:] = body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:20]


def _is_text(node):
    value = getattr(node, "value", None) if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
