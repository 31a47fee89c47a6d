"""The truth file: one row for each point of each product, with the parameters that made its series."""

import pyarrow as pa
import pyarrow.parquet as pq

NAME = "truth.parquet"
_GROUP = 32  # batches a row group

_MEANINGS = {
    "pid": "measurement point",
    "product": "file it is in",
    "easting": "m, EPSG:3035",
    "northing": "m, EPSG:3035",
    "velocity_mm_yr": "mm/yr along the look direction; EGMS's mean_velocity of the series without noise",
    "acceleration_mm_yr2": "mm/yr2 along the look direction",
    "seasonality_mm": "mm, amplitude of the annual wave along the look direction",
    "season_day": "days from the product's first epoch to a maximum of the wave, modulo 365",
    "noise_sigma_mm": "mm, standard deviation of the noise",
    "noise_correlation": "of the noise at neighbouring epochs",
    "shape": "how the ground moves: stable, linear, accelerating, decelerating",
    "kind": "what stands there: countryside, town, bowl, slope",
    "up_velocity_mm_yr": "mm/yr of the ground on 1 January 2020, without plate motion",
    "east_velocity_mm_yr": "mm/yr of the ground on 1 January 2020, without plate motion",
}
_TEXT = ("pid", "product", "shape", "kind")

SCHEMA = pa.schema(
    pa.field(name, pa.string() if name in _TEXT else pa.float64(), metadata={"meaning": meaning})
    for name, meaning in _MEANINGS.items()
)


class TruthWriter:
    """Writes the truth of batches, in their order, with bounded memory."""

    def __init__(self, file):
        self._writer = pq.ParquetWriter(file, SCHEMA, compression="zstd")
        self._waiting = []

    def write(self, truth):
        """Append the truth of one batch (dict of arrays)."""
        self._waiting.append(pa.record_batch([pa.array(truth[name]) for name in SCHEMA.names], schema=SCHEMA))
        if len(self._waiting) == _GROUP:
            self._flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Also after a failure: parquet's writer ends its file itself, while there is one.
        self._flush()
        self._writer.close()

    def _flush(self):
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
        self._waiting = []
