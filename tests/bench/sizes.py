"""How large series are on disk, beside the entropy of what a simple model leaves of them."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

_GOAL = 1.2  # times the entropy


def compare_size(results, lake):
    """Print bytes per point of the series beside the order-0 entropy of a simple model's residual."""
    import egmsql

    with egmsql.connect(lake) as connection:
        rows = connection.execute(
            "select partition, path, n_rows, n_bytes from _files where model = 'series.displacement' order by 1"
        ).fetchall()
    print(f"\n{'series on disk':42}{'epochs':>8}{'B/point':>9}{'entropy':>9}{'ratio':>7}   goal {_GOAL}")
    for product, path, n_rows, n_bytes in rows:
        values = series_of(Path(lake) / path)
        floor = residual_entropy(values)
        size, ratio = n_bytes / n_rows, n_bytes / n_rows / floor
        told = f"{n_rows:,} points of {values.shape[1]} epochs"
        figure = results.add(
            "size", f"series of {product}", told, size, "bytes/point", "entropy", ratio, _GOAL, at_most=True
        )
        print(f"{product:42}{values.shape[1]:8}{size:9.1f}{floor:9.1f}{ratio:7.2f}   {figure.verdict}")


def series_of(path, n_rows=50_000):
    """Return the first series of a file, shape (rows, epochs), in 0.1 mm."""
    batch = next(pq.ParquetFile(path).iter_batches(batch_size=n_rows, columns=["displacements"]))
    lists = batch.column(0)
    return lists.flatten().to_numpy().reshape(len(lists), -1)


def residual_entropy(values):
    """Return bytes per series by the order-0 entropy of the residual of line, parabola and annual wave."""
    from egmsql.udfs.kernels.fits import fit_matrix

    years = np.arange(values.shape[1]) * 5 / values.shape[1]
    design = np.linalg.qr(fit_matrix(years, "1 t t² cos sin"))[0]
    residual = np.rint(values - (values @ design) @ design.T).astype(int).ravel()
    counts = np.bincount(residual - residual.min())
    shares = counts[counts > 0] / residual.size
    return float(-(shares * np.log2(shares)).sum() * values.shape[1] / 8)
