"""Work product after product: memory is bounded by the largest product, not by the lake.

One query over the whole lake would join tables of hundreds of millions of rows. What belongs to a point lies
in files of its own product, so the same query runs over the files of one product at a time. Its rows wait in
Parquet files beside the output: from them DuckDB streams into GDAL, which from Arrow batches it does not.
"""

import contextlib

from egmsql.contracts import Contract
from egmsql.credentials import reach
from egmsql.export.layers import file_query, layer_query
from egmsql.storage import quoted
from egmsql.workspace import load_spatial, private_database, scan

_POINTS = ("observed.points", "features.kinematics", "clusters.members", "classes.motion")


def points_by_product(catalogue, root, filters, settings, folder):
    """Write the rows of the layer `points` to Parquet files in `folder`; return the query over them.

    Parameters
    ----------
    catalogue : DuckDBPyConnection
        The lake's, open for reading.
    root : Path or ObjectPath
        The lake's folder.
    filters : Filters
    settings : Settings
    folder : Path
    """
    chosen = catalogue.execute(file_query(catalogue, _POINTS[0], filters)).fetchall()
    with product_files(catalogue, root, _POINTS, settings, folder) as files:
        query = layer_query(files.connection, "points", filters)
        for product in [None, *(name for (name,) in chosen)]:  # the first has all columns and no rows
            files.show(product)
            files.write(query, "points")
    return files.query("points")


@contextlib.contextmanager
def product_files(catalogue, root, models, settings, folder):
    """Yield ProductFiles of some models, each partitioned by product."""
    with contextlib.closing(private_database(settings, folder / "spill")) as connection:
        load_spatial(connection)
        reach(connection, root)
        yield ProductFiles(connection, catalogue, root, models, folder)


class ProductFiles:
    """A private database in which models have the rows of one product at a time, and what it found."""

    def __init__(self, connection, catalogue, root, models, folder):
        self.connection, self._root, self._folder, self._n_written = connection, root, folder, 0
        self._contracts = {name: _contract(catalogue, name) for name in models}
        rows = catalogue.execute(f"select model, partition, path from _files where model in {models}")
        self._paths = {(model, product): path for model, product, path in rows.fetchall()}
        for schema in dict.fromkeys(name.split(".")[0] for name in models):
            connection.execute(f"create schema {schema}")
        self.show(None)

    def show(self, product):
        """Let the models have the rows of one product; none where there is no such file."""
        for name, contract in self._contracts.items():
            path = self._paths.get((name, product))
            rows = scan([] if path is None else [self._root / path], contract)
            self.connection.execute(f"create or replace view {name} as {rows}")

    def write(self, query, kind):
        """Write the rows of a query to the next file of a kind."""
        self._n_written += 1
        path = self._folder / kind / f"{self._n_written:06d}.parquet"
        path.parent.mkdir(exist_ok=True)
        options = "(format parquet, compression zstd, compression_level 1, geoparquet_version 'NONE')"
        self.connection.execute(f"copy ({query}) to {quoted(str(path))} {options}")

    def query(self, kind):
        """Return the query over all files of a kind, in the order in which they were written."""
        pattern = quoted(str(self._folder / kind / "*.parquet"))
        return f"select * from read_parquet({pattern}, hive_partitioning = false)"


def _contract(catalogue, model):
    rows = catalogue.execute(f"select column_name, column_type from (describe {model})").fetchall()
    return Contract(version=0, columns=dict(rows))
