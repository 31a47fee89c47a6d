"""Eighteen plain statistics of a displacement series, by the names that an older system gave them."""

import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.calendars import epochs_of
from egmsql.udfs.kernels.patterns import alike
from egmsql.udfs.kernels.series import FIELDS, describe, frame_of

_COUNT = FIELDS.index("n_jumps_nonseas")
_TYPES = {
    name: ("INTEGER", pa.int32()) if i == _COUNT else ("FLOAT", pa.float32()) for i, name in enumerate(FIELDS)
}


@udf(
    "shape(displacements SMALLINT[], calendar VARCHAR, mm_per_unit DOUBLE, jump_mm DOUBLE,"
    " jump_spread DOUBLE)"
    f" -> STRUCT({', '.join(f'{name} {sql_type}' for name, (sql_type, _) in _TYPES.items())})",
    version=2,
    example=(
        [(7 * i * i) % 23 + 40 * (i > 35) for i in range(60)],
        "2020-01-03" + 59 * "+12",
        *(0.1, 5.0, 4.0),
    ),
    returns=pa.struct([(name, arrow_type) for name, (_, arrow_type) in _TYPES.items()]),
    shared=("calendar", "mm_per_unit", "jump_mm", "jump_spread"),
)
def shape(displacements, calendar, mm_per_unit, jump_mm, jump_spread):
    """Plain statistics of a series: halves, season, curvature, jumps, correlation, spread.

    Parameters
    ----------
    displacements : SMALLINT[]
        One for each epoch; NULL where a series lacks an epoch.
    calendar : VARCHAR
        The epochs of the product, from the macro `calendar`.
    mm_per_unit : DOUBLE
        Millimetres in one unit of `displacements`.
    jump_mm, jump_spread : DOUBLE
        A jump is larger than jump_mm, and than jump_spread times the upper quartile of the series' changes.

    Returns
    -------
    As the glossary says. Below 12 epochs, or where they determine no fit, all but `n_valid_frac` are NULL.

    Notes
    -----
    The names are those of the eighteen features of an older system; `kernels/series.py` says what each is
    here. Velocities have the annual wave beside them, halves are halves in time, a jump is a size.
    """
    epochs = epochs_of(calendar)
    if displacements.shape[1] != epochs.size:
        raise ValueError(
            f"shape: {displacements.shape[1]} displacements but {epochs.size} epochs; "
            "pass the calendar of the series' own product"
        )
    values = np.ma.getdata(displacements)
    out = np.full((len(FIELDS), len(values)), np.nan)
    for rows, present in alike(np.ma.getmask(displacements), values.shape):
        frame = frame_of(epochs, present)
        if frame is not None:
            found = np.empty((len(FIELDS), len(rows)))
            describe(
                np.ascontiguousarray(values[rows][:, present]),
                frame,
                mm_per_unit,
                jump_mm,
                jump_spread,
                found,
            )
            out[:, rows] = found
        out[FIELDS.index("n_valid_frac"), rows] = present.mean() if present.size else np.nan
    columns = dict(zip(FIELDS, out.astype(np.float32), strict=True))
    columns["n_jumps_nonseas"] = pa.array(out[_COUNT], from_pandas=True).cast(pa.int32())
    return columns
