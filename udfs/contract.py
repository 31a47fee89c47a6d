"""The contract between SQL and a Python function: what DuckDB passes, and what it gets back.

- A row is the unit of meaning. DuckDB calls with at most 2,048 rows, in any order, from any thread; what
  belongs together travels in one row as lists.
- NULL in, NULL out: a row with a NULL argument never reaches Python. NaN is refused by name.
- No state, no clock, no randomness without a seed argument.

A function is declared in one of two forms. `@udf` takes the values of one row: right where a row is much
work, such as the weights of a product. `@udf(..., shared=(...))` takes arrays of many rows that have the
shared arguments in common: right where there are millions of rows, such as series of a product's epochs.
"""

import ast
import hashlib
import importlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from egmsql.udfs.kernels.columns import Rows, is_list, refuse_nan

_SIGNATURE = re.compile(r"\s*(\w+)\s*\((.*)\)\s*->\s*(.+?)\s*", re.DOTALL)
_PACKAGE = "egmsql.udfs"


@dataclass(frozen=True)
class Udf:
    """A registered function: its name and types for DuckDB, its adapter, and what the tests need."""

    name: str
    arguments: dict[str, str]  # name -> DuckDB type
    returns: str
    version: int
    doc: str
    example: tuple  # arguments of one call, as Python values
    digest: str  # of its code and of the kernels it imports, comments and docstrings absent
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


def udf(signature, *, version, example, returns, shared=None):
    """Declare a kernel that turns the values of one row, or of many, into as many values.

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
    shared : tuple of str, optional
        Declares the form for many rows: the kernel is called once for all rows of a call that have equal
        values in these arguments, and lists of equal lengths in the others.

    Without `shared`, lists arrive as numpy arrays (dates as datetime64[D]), scalars as Python values, and
    the kernel returns one Python value.

    With `shared`, the shared arguments arrive as in the other form; of the others scalars arrive as arrays of
    shape (rows,), lists as masked arrays of shape (rows, length) whose mask is True where an element is
    NULL. The kernel returns an array, or for a STRUCT a dict of arrays, of shape (rows,) or (rows, length);
    NaN and masked elements become NULL.
    """
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"{signature!r} is no signature")
    arguments = dict(part.split(None, 1) for part in _split(match[2]))

    def declare(kernel):
        if shared is None:
            call = _each_row(kernel, tuple(arguments), returns)
        else:
            call = _many_rows(kernel, tuple(arguments), tuple(shared), returns)
        kernel.udf = Udf(
            name=match[1],
            arguments={name: sql_type.strip() for name, sql_type in arguments.items()},
            returns=match[3],
            version=version,
            doc=inspect.getdoc(kernel) or "",
            example=example,
            digest=_code_digest(inspect.getmodule(kernel)),
            adapter=_with_parameters(call, arguments),
        )
        return kernel

    return declare


def _with_parameters(call, names):
    """Let a function of `*columns` show the parameters that DuckDB counts."""
    kind = inspect.Parameter.POSITIONAL_ONLY
    call.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    return call


def _each_row(kernel, names, returns):
    """Return what DuckDB calls with Arrow columns: the kernel, once per row."""

    def adapter(*columns):
        rows = zip(*(_values(name, column) for name, column in zip(names, columns, strict=True)), strict=True)
        return pa.array([kernel(*row) for row in rows], type=returns)

    return adapter


def _many_rows(kernel, names, shared, returns):
    """Return what DuckDB calls with Arrow columns: the kernel, once per group of rows alike."""

    def adapter(*columns):
        columns = {name: _whole(column) for name, column in zip(names, columns, strict=True)}
        groups = list(_groups(columns, shared))
        if not groups:
            return pa.array([], type=returns)
        read = {name: Rows(name, column) for name, column in columns.items() if name not in shared}
        parts = []
        for rows in groups:
            arguments = [
                next(_values(name, column.slice(rows[0], 1))) if name in shared else read[name].array(rows)
                for name, column in columns.items()
            ]
            parts.append(kernel(*arguments))
        return _in_order(parts, groups, returns)

    return adapter


def _in_order(parts, groups, returns):
    """Return what a kernel gave for groups of rows as one Arrow array, in the order of the rows."""
    if len(parts) == 1:
        return _as_arrow(parts[0], returns)
    order = np.argsort(np.concatenate(groups), kind="stable")
    if all(isinstance(part, np.ndarray) and part.shape[1:] == parts[0].shape[1:] for part in parts):
        # As arrays, for Arrow takes lists element by element.
        join = np.ma.concatenate if any(np.ma.is_masked(part) for part in parts) else np.concatenate
        return _as_arrow(join(parts)[order], returns)
    return pa.concat_arrays([_as_arrow(part, returns) for part in parts]).take(pa.array(order))


def _whole(column):
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column


def _groups(columns, shared):
    """Yield the numbers of the rows that are alike: equal shared arguments, other lists of one length."""
    n_rows = len(next(iter(columns.values())))
    if not n_rows:
        return
    keys = np.zeros(n_rows, dtype=np.int64)
    for name, column in columns.items():
        if name in shared and not _is_constant(column):
            found = _numbered(column)
        elif name not in shared and is_list(column):
            _, found = np.unique(np.diff(column.offsets.to_numpy()), return_inverse=True)
        else:
            continue
        _, keys = np.unique(keys * (found.max() + 1) + found, return_inverse=True)
    for key in range(keys.max() + 1):
        yield np.flatnonzero(keys == key)


def _is_constant(column):
    """Whether every row of a shared argument has the same value, found without making Python objects."""
    if not is_list(column):
        return column.null_count == 0 and len(column.unique()) == 1
    lengths, elements = np.diff(column.offsets.to_numpy()), _plain_elements(column)
    if elements is None or (lengths != lengths[0]).any():
        return False
    table = elements.reshape(len(column), lengths[0])
    return bool((table == table[0]).all())


def _numbered(column):
    """Return a number for each row of a shared argument, equal for equal values."""
    elements = _plain_elements(column) if is_list(column) else None
    if elements is None:
        keys = map(repr, column.to_pylist())
    else:  # a hundred epochs are bytes in a microsecond, as Python objects in a millisecond
        ends = (column.offsets.to_numpy() - column.offsets[0].as_py()) * elements.itemsize
        content = elements.tobytes()
        keys = (content[ends[i] : ends[i + 1]] for i in range(len(column)))
    numbers = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys])


def _plain_elements(column):
    """Return the elements of all lists of a column as one array of numbers; None where they are not plain."""
    elements = column.flatten()
    if pa.types.is_string(elements.type):  # equal words are equal places in a dictionary
        elements = elements.dictionary_encode().indices
    if elements.null_count or pa.types.is_nested(elements.type) or not pa.types.is_primitive(elements.type):
        return None
    if pa.types.is_date32(elements.type):  # as dates they would be converted, as numbers they are compared
        elements = elements.view(pa.int32())
    return elements.to_numpy(zero_copy_only=False)


def _as_arrow(result, returns):
    """Return what a kernel gave as an Arrow array of the declared type."""
    if not isinstance(result, dict):
        return _column(result, returns)
    fields = [returns.field(i) for i in range(returns.num_fields)]
    return pa.StructArray.from_arrays([_column(result[f.name], f.type) for f in fields], fields=fields)


def _column(values, arrow_type):
    if isinstance(values, pa.Array):
        return values.cast(arrow_type)
    if values.ndim == 2:
        offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
        return pa.ListArray.from_arrays(offsets, _column(values.ravel(), arrow_type.value_type), arrow_type)
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    return pa.array(np.ma.getdata(values), type=arrow_type, mask=mask, from_pandas=True)


def _values(name, column):
    for scalar in column:
        value = scalar.values.to_numpy(zero_copy_only=False) if is_list(scalar) else scalar.as_py()
        refuse_nan(name, value)
        yield value


def _split(arguments):
    """Split at the commas outside parentheses: `a STRUCT(x INT, y INT), b INT` has two parts."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(arguments):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(arguments[start:position].strip())
            start = position + 1
    return [*parts, arguments[start:].strip()] if arguments.strip() else []


def _code_digest(module):
    """Return the digest of a module's code and of the kernels it imports, in order of their names."""
    trees = {}
    pending = [module.__name__]
    while pending:
        name = pending.pop()
        if name in trees or name == __name__:
            continue
        found = module if name == module.__name__ else importlib.import_module(name)
        tree = ast.parse(inspect.getsource(found))
        trees[name] = _without_docstrings(tree)
        pending += [
            node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith(f"{_PACKAGE}.")
        ]
    dumps = [ast.dump(trees.pop(module.__name__)), *(ast.dump(trees[name]) for name in sorted(trees))]
    return hashlib.sha256("\n".join(dumps).encode()).hexdigest()[:20]


def _without_docstrings(tree):
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            body[:] = body[1:] or [ast.Pass()]
    return tree


def _is_text(node):
    value = getattr(node, "value", None) if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
