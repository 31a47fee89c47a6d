"""Loading DuckDB's extensions from the files that were installed with the package; nothing is fetched."""

import functools

import duckdb

from egmsql.storage import quoted


def load_extension(connection, path):
    """Load an extension that DuckDB signed.

    DuckDB reads a whole file for its signature: 0.3 s of processor time for the 80 MB of spatial, too much
    for each of many tasks. So for a connection that takes unsigned extensions it is looked at here, once a
    process.
    """
    (is_unchecked,) = connection.execute("select current_setting('allow_unsigned_extensions')").fetchone()
    if is_unchecked:
        _check_signature(path)
    connection.execute(f"load {quoted(str(path))}")


@functools.cache
def _check_signature(path):
    with duckdb.connect(config={"allow_unsigned_extensions": False}) as connection:
        connection.execute(f"load {quoted(str(path))}")
