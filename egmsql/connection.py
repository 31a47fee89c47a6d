"""Opening a lake for reading: a plain DuckDB connection that also knows spatial and the UDFs."""

from egmsql.credentials import reach
from egmsql.errors import EgmsqlError
from egmsql.lake import existing_lake, open_catalogue
from egmsql.storage import quoted
from egmsql.udfs import registry
from egmsql.workspace import load_spatial


def connect(lake, spatial=True, udfs=True):
    """Return a read-only DuckDB connection to a lake's catalogue.

    Parameters
    ----------
    lake : str or Path
        The lake's folder, or its address `s3://bucket/prefix`.
    spatial : bool
        Load the spatial extension.
    udfs : bool
        Register the functions of `egmsql.udfs`.

    Raises
    ------
    LakeError
        If there is no lake, or another process has its catalogue open for writing.
    """
    found = existing_lake(lake)
    connection = open_catalogue(found.catalogue)
    try:
        found.check_format(connection)
        reach(connection, found.root)
    except EgmsqlError:
        connection.close()
        raise
    connection.execute(f"set variable lake = {quoted(str(found.root.absolute()))}")
    if spatial:
        load_spatial(connection)
    if udfs:
        for function in registry().values():
            function.register(connection)
    return connection
