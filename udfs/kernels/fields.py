"""The fields that `hypotheses` returns: their names, and where the kernels write them."""

from collections import namedtuple

from egmsql.udfs.kernels.search import FAMILIES

_GROUPS = {  # of numbers
    "weight": [f"{family}_weight" for family in FAMILIES],
    "lead": ["runner_up_delta_bic", "linear_delta_bic", "hinge_lead_bic"],
    "base": ["base_velocity_mm_yr", "base_velocity_sigma_mm_yr", "base_residual_sigma_mm"],
    "noise": [
        *("residual_correlation_1", "residual_correlation_2", "noise_inflation", "n_effective"),
        "residual_sigma_mm",
    ],
    "motion": [
        *("start_velocity_mm_yr", "start_velocity_sigma_mm_yr"),
        *("end_velocity_mm_yr", "end_velocity_sigma_mm_yr"),
        *("speed_change_mm_yr", "speed_change_sigma_mm_yr"),
    ],
    "wave": ["wave_mm", "wave_sigma_mm", "wave_day", "wave_day_sigma"],
    "step": ["step_mm", "step_sigma_mm"],
    "hinge": ["hinge_mm_yr", "hinge_sigma_mm_yr"],
    "quadratic": ["quadratic_mm_yr2", "quadratic_sigma_mm_yr2"],
    "decay": ["decay_time_yr", "decay_mm", "decay_sigma_mm", "decay_remaining_mm"],
    "growth": ["growth_time_yr", "growth_mm", "growth_sigma_mm"],
    "step_hinge": [
        *("step_hinge_mm", "step_hinge_sigma_mm", "step_hinge_mm_yr", "step_hinge_sigma_mm_yr"),
    ],
    "semiannual": ["semiannual_mm", "semiannual_sigma_mm"],
    "several": ["first_break_mm", "first_break_mm_yr", "second_break_mm", "second_break_mm_yr"],
    "last_year": ["last_year_mm_yr", "last_year_z"],
}
_KINDS = {  # of codes
    "n_epochs": ["n_epochs"],
    "family": ["family"],
    "runner_up": ["runner_up"],
    "step": ["step_date", "step_from_date", "step_to_date"],
    "hinge": ["hinge_date", "hinge_from_date", "hinge_to_date"],
    "step_hinge": ["step_hinge_date"],
    "several": ["first_break", "first_break_date", "second_break", "second_break_date"],
}


def _places(groups):
    """Return where each group begins, as a named tuple that compiled code can read."""
    places, position = {}, 0
    for name, fields in groups.items():
        places[name] = position
        position += len(fields)
    return namedtuple("Places", places)(**places)


AT, KIND = _places(_GROUPS), _places(_KINDS)
NUMBERS = [name for fields in _GROUPS.values() for name in fields]
CODES = [name for fields in _KINDS.values() for name in fields]
