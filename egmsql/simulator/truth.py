"""The truth file: one row for each point of each product, with the parameters that made its series."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from egmsql.simulator.epochs import YEAR, track_passes
from egmsql.simulator.paths import Facts
from egmsql.simulator.sites import COLUMNS, KINDS, SHAPES

NAME = "truth.parquet"
_GROUP = 32  # batches a row group

_EPOCH_2020 = np.datetime64("2020-01-01")
_WAVE_NUMBER = 4 * np.pi / 55.46576  # radians of phase a mm

_NAMES = pa.dictionary(pa.int8(), pa.string())
SCHEMA = pa.schema(
    pa.field(name, kind, metadata={"meaning": meaning})
    for name, kind, meaning in (
        ("pid", pa.string(), "measurement point"),
        ("product", pa.dictionary(pa.int32(), pa.string()), "file it is in"),
        (
            "class",
            _NAMES,
            "as seen in this product: stable, linear, accelerating, decelerating, velocity_change, step",
        ),
        ("kind", _NAMES, "what stands there: countryside, town, village, bowl, landslide, dam"),
        ("area_id", pa.int32(), "area of areas.parquet it lies in; NULL in the countryside"),
        (
            "ground_id",
            pa.int64(),
            "scatterer: the same in overlapping bursts and in all releases; NULL on L3",
        ),
        (
            "duplicate_of",
            pa.string(),
            "pid of the same scatterer in the burst before, where that is delivered",
        ),
        ("easting", pa.float64(), "m, EPSG:3035"),
        ("northing", pa.float64(), "m, EPSG:3035"),
        (
            "velocity_mm_yr",
            pa.float32(),
            "EGMS's mean_velocity of the series without noise, the plate's included",
        ),
        ("acceleration_mm_yr2", pa.float32(), "EGMS's acceleration of the series without noise"),
        ("motion_mm_yr", pa.float32(), "velocity_mm_yr without plate and earthquake: the area's own"),
        ("east_mm_yr", pa.float32(), "of the area's own motion, seen from above; NULL on L3"),
        ("north_mm_yr", pa.float32(), "likewise"),
        ("up_mm_yr", pa.float32(), "likewise"),
        ("tau_yr", pa.float32(), "of a consolidation; NULL without one"),
        ("change_date", pa.date32(), "of a change of velocity; NULL without one"),
        ("step_mm", pa.float32(), "of the earthquake, 0 where the period does not hold it"),
        ("step_date", pa.date32(), "of the earthquake; NULL where the period does not hold it"),
        ("seasonality_mm", pa.float32(), "amplitude of the annual wave"),
        ("season_day", pa.float32(), "days from 1 January 2020 to a maximum of the wave, modulo 365"),
        ("noise_sigma_mm", pa.float32(), "standard deviation of the noise; NULL on L3, as all that follows"),
        ("noise_correlation", pa.float32(), "of the noise at neighbouring epochs"),
        ("wander_mm", pa.float32(), "amplitude of a wave of 6 to 15 years in the noise"),
        ("coherence", pa.float32(), "that noise of this size leaves"),
        (
            "unwrapping_multiple",
            pa.int8(),
            "error in multiples of 27.73288 mm, 0 if none begins in the period",
        ),
        ("unwrapping_date", pa.date32(), "first epoch with it; NULL without one"),
        ("n_outliers", pa.int16(), "epochs that lie 9 to 24 mm off"),
    )
)


def describe_points(product, observer, seen, pid, twins):
    """Return the truth of an Observation of a BurstProduct as a record batch.

    Parameters
    ----------
    product : BurstProduct
    observer : Observer
    seen : Observation
    pid : uint8 array, shape (n, 10)
    twins : (uint8 array, bool array)
        The pids in the burst before, and which points have one.
    """
    points, traits = seen.points, seen.traits
    facts = observer.period.facts(seen.motion.area, seen.paths, seen.progress)
    slopes = (seen.progress @ observer.fits.velocity_weights)[
        seen.paths.structure, None
    ] * seen.motion.direction
    passes = observer.clock.passes
    has_error = (traits.multiple != 0) & (passes[0] < traits.error_pass) & (traits.error_pass <= passes[-1])
    begin = passes[np.minimum(np.searchsorted(passes, traits.error_pass), len(passes) - 1)]
    dates = np.array(track_passes(product.burst.track.number), dtype="datetime64[D]")
    return _batch(
        len(pid),
        _common(product, observer.period, facts, seen.paths.velocity, pid)
        | {
            **{"easting": np.round(points.eastings, 2), "northing": np.round(points.northings, 2)},
            **{"ground_id": points.ground_ids, "duplicate_of": _texts(*twins)},
            **dict(zip(("east_mm_yr", "north_mm_yr", "up_mm_yr"), slopes.T, strict=True)),
            **{"noise_sigma_mm": traits.sigma, "noise_correlation": traits.correlation},
            **{"wander_mm": traits.wander, "coherence": np.exp(-((_WAVE_NUMBER * traits.sigma) ** 2) / 2)},
            "unwrapping_multiple": np.where(has_error, traits.multiple, 0),
            "unwrapping_date": pa.array(dates[begin], mask=~has_error),
            "n_outliers": seen.n_outliers,
        },
    )


def describe_cells(product, period, facts, plate, pid, places):
    """Return the truth of cells of a TileProduct as a record batch; facts are along its component."""
    return _batch(
        len(pid),
        _common(product, period, facts, plate, pid)
        | {"easting": places["easting"], "northing": places["northing"]},
    )


def _common(product, period, facts: Facts, plate, pid):
    n, structures = len(pid), period.ground.table[facts.area]
    is_somewhere = facts.area >= 0
    kind = np.where(is_somewhere, structures[:, COLUMNS["kind"]], 0).astype(np.int8)
    classes = period.classify(facts)
    settles = is_somewhere & (structures[:, COLUMNS["total"]] != 0)
    turns = is_somewhere & (structures[:, COLUMNS["change"]] != 0)
    shakes = np.full(n, period.has_quake)
    return {
        "pid": _texts(pid, np.ones(n, dtype=bool)),
        "product": pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), [product.name.product]),
        "class": pa.DictionaryArray.from_arrays(pa.array(classes), list(SHAPES)),
        "kind": pa.DictionaryArray.from_arrays(pa.array(kind), list(KINDS)),
        "area_id": pa.array(facts.area.astype(np.int32), mask=~is_somewhere),
        "velocity_mm_yr": plate + facts.velocity + facts.step * period.step_velocity,
        "acceleration_mm_yr2": facts.acceleration + facts.step * period.step_acceleration,
        "motion_mm_yr": facts.velocity,
        "tau_yr": pa.array(structures[:, COLUMNS["tau"]].astype(np.float32), mask=~settles),
        "change_date": pa.array(date_of(structures[:, COLUMNS["turn"]]), mask=~turns),
        "step_mm": facts.step,
        "step_date": pa.array(date_of(np.full(n, period.ground.quake[5])), mask=~shakes),
        "seasonality_mm": np.abs(facts.wave),
        "season_day": np.angle(facts.wave) / (2 * np.pi) * YEAR % YEAR,
    }


def _batch(n, columns):
    arrays = []
    for field in SCHEMA:
        values = columns.get(field.name)
        if values is None:
            values = pa.nulls(n, field.type)
        elif isinstance(values, np.ndarray):
            values = pa.array(values.astype(field.type.to_pandas_dtype(), copy=False))
        arrays.append(values)
    return pa.record_batch(arrays, schema=SCHEMA)


def date_of(years):
    """Return the first day at or after years since 1 January 2020."""
    return _EPOCH_2020 + np.ceil(np.asarray(years) * YEAR).astype("timedelta64[D]")


def _texts(digits, is_valid):
    """Return rows of ASCII digits as strings, NULL where not valid."""
    lengths = np.where(is_valid, digits.shape[1], 0)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    data = np.ascontiguousarray(digits[is_valid])
    text = pa.StringArray.from_buffers(len(digits), pa.py_buffer(offsets), pa.py_buffer(data))
    return text if is_valid.all() else pa.array(text).filter(pa.array(is_valid)).take(_places(is_valid))


def _places(is_valid):
    return pa.array(np.cumsum(is_valid) - 1, mask=~is_valid)


class TruthWriter:
    """Writes the truth of batches, in their order, with bounded memory."""

    def __init__(self, file):
        names = [field.name for field in SCHEMA if pa.types.is_dictionary(field.type)]
        self._writer = pq.ParquetWriter(
            file,
            SCHEMA,
            compression="zstd",
            compression_level=1,
            use_dictionary=[*names, "area_id", "step_date"],
        )
        self._waiting = []

    def write(self, truth):
        """Append the truth of one batch."""
        self._waiting.append(truth)
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
            self._writer.write_table(pa.Table.from_batches(self._waiting).unify_dictionaries())
        self._waiting = []
