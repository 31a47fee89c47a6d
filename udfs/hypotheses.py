"""Which shape a displacement series has: every family tried, with evidence, sizes, epochs and errors."""

import numpy as np
import pyarrow as pa
from egmsql.udfs.contract import udf
from egmsql.udfs.kernels.bank import bank_of, build_bank
from egmsql.udfs.kernels.calendars import epochs_of
from egmsql.udfs.kernels.evidence import examine
from egmsql.udfs.kernels.fields import AT, CODES, KIND, NUMBERS
from egmsql.udfs.kernels.fits import years_since_first
from egmsql.udfs.kernels.patterns import alike
from egmsql.udfs.kernels.search import FAMILIES

_WORDS = ("family", "runner_up", "first_break", "second_break")
_NAMED = pa.array([*FAMILIES, None])  # by code; NULL is the last, and so is -1
_MANY = 16  # series that lack the same epochs: from so many on their bank is worth keeping


def _type_of(name):
    if name in _WORDS:
        return "VARCHAR", pa.string()
    if name == "n_epochs":
        return "INTEGER", pa.int32()
    return ("DATE", pa.date32()) if name in CODES else ("FLOAT", pa.float32())


_FIELDS = [(name, *_type_of(name)) for name in (*CODES, *NUMBERS)]


@udf(
    "hypotheses(displacements SMALLINT[], calendar VARCHAR, mm_per_unit DOUBLE) -> "
    f"STRUCT({', '.join(f'{name} {sql_type}' for name, sql_type, _ in _FIELDS)})",
    version=2,
    example=(
        [(7 * i * i) % 23 + 40 * (i > 35) for i in range(60)],
        "2020-01-03" + 59 * "+12",
        0.1,
    ),
    returns=pa.struct([(name, arrow_type) for name, _, arrow_type in _FIELDS]),
    shared=("calendar", "mm_per_unit"),
)
def hypotheses(displacements, calendar, mm_per_unit):
    """Every shape of the hypothesis bank tried on a series: the best, its evidence, sizes, epochs, errors.

    Parameters
    ----------
    displacements : SMALLINT[]
        One for each epoch; NULL where a series lacks an epoch.
    calendar : VARCHAR
        The epochs of the product, from the macro `calendar`.
    mm_per_unit : DOUBLE
        Millimetres in one unit of `displacements`.

    Returns
    -------
    family, runner_up : VARCHAR
        The families with the smallest and second smallest BIC. Beside line and annual wave a model has:
        `constant` no line, `linear` nothing, `quadratic` t², `hinge` a velocity change, `step`, `decay`
        1 - exp(-t/τ), `growth` exp((t - T)/τ), `step_hinge` both at one epoch, `semiannual` two cycles a
        year, `several` a break and one more of the shapes, at another epoch.
    ..._weight : FLOAT
        The family's share of exp(-BIC/2); 0 where the epochs present do not allow it. BICs of two families
        differ by twice the logarithm of their weights' ratio.
    others
        As the glossary says. NULL, all but `n_epochs`, below 12 epochs or where line and wave are not
        determined.

    Notes
    -----
    Computed in float64, each series by itself, so a result does not depend on the rows beside it; kept in
    single precision. Sources and formulas: `kernels/bank.py`, `search.py`, `evidence.py`, `inflation.py`.
    """
    epochs = epochs_of(calendar)
    if displacements.shape[1] != epochs.size:
        raise ValueError(
            f"hypotheses: {displacements.shape[1]} displacements but {epochs.size} epochs; "
            "pass the calendar of the series' own product"
        )
    values = np.ascontiguousarray(np.ma.getdata(displacements))
    numbers, codes = _empty(len(values))
    for rows, present in alike(np.ma.getmask(displacements), values.shape):
        if len(rows) >= _MANY:
            bank = bank_of(epochs, present)
        else:
            bank = build_bank(years_since_first(epochs), present.astype(float))
        if bank is None:
            codes[KIND.n_epochs, rows] = np.count_nonzero(present)
        elif len(rows) == len(values):
            examine(values, bank, mm_per_unit, numbers, codes)
        else:
            found = _empty(len(rows))
            examine(values[rows], bank, mm_per_unit, *found)
            numbers[:, rows], codes[:, rows] = found
    _to_day_of_year(numbers[AT.wave + 2], epochs)
    named = {name: _as_column(name, codes[i], epochs) for i, name in enumerate(CODES)}
    return named | {name: numbers[i] for i, name in enumerate(NUMBERS)}


def _empty(n_rows):
    """Return the tables that `examine` fills, of nothing.

    Rows of a power of two bytes would fall on the same lines of the cache, hence a few more.
    """
    numbers = np.full((len(NUMBERS), n_rows + 17), np.nan, dtype=np.float32)[:, :n_rows]
    return numbers, np.full((len(CODES), n_rows + 17), -1, dtype=np.int32)[:, :n_rows]


def _to_day_of_year(days, epochs):
    """Turn days after the first epoch into days of the year, 1 to 366, in place."""
    days += (epochs[0] - epochs[0].astype("datetime64[Y]")).astype(float)
    np.mod(days, 365, out=days)
    days += 1


def _as_column(name, codes, epochs):
    """Return words, dates or counts for numbers, NULL for -1."""
    if name == "n_epochs":
        return codes
    if name in _WORDS:
        return _NAMED.take(pa.array(codes % len(_NAMED)))
    return pa.array(np.append(epochs, np.datetime64("NaT"))[codes])
