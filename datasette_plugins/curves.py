"""The curve of a series' best shape, with its band: the shape is found by the lake's models, only drawn here.

A family and its epochs fix the columns; what is left is one least-squares fit. Years are EGMS's, of 365 days.
"""

import numpy as np

_DAYS_PER_YEAR = 365.0
_ALWAYS = ("one", "cosine", "sine")
_FLAT = ("constant",)


def curve(epochs, displacements, shape):
    """Return the best shape of one series as curves over its epochs, in mm.

    Parameters
    ----------
    epochs : list of date
    displacements : array of float, mm, NaN where missing
    shape : dict
        A row of features.hypotheses.

    Returns
    -------
    dict
        `model_mm`, its annual and half-annual part `season_mm`, and `sigma_mm`, the standard error of the
        model, widened for correlated noise; None where no shape was found.
    """
    family = shape.get("family")
    present = np.isfinite(displacements)
    if family is None:
        return None
    t = np.array([(epoch - epochs[0]).days for epoch in epochs]) / _DAYS_PER_YEAR
    columns = _columns(t, epochs[0], family, shape)
    design = np.column_stack(list(columns.values()))
    if present.sum() <= design.shape[1]:
        return None
    fitted, *_ = np.linalg.lstsq(design[present], displacements[present], rcond=None)
    seasonal = [i for i, name in enumerate(columns) if name.endswith(("cosine", "sine"))]
    model = design @ fitted
    left = displacements[present] - model[present]
    variance = left @ left / (present.sum() - design.shape[1]) * max(1.0, shape.get("noise_inflation") or 1.0)
    covariance = np.linalg.pinv(design[present].T @ design[present]) * variance
    sigma = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", design, covariance, design), 0))
    season = design[:, seasonal] @ fitted[seasonal]
    found = {"model_mm": model, "season_mm": season, "sigma_mm": sigma}
    return {name: np.round(values, 2) for name, values in found.items()}


def _columns(t, first, family, shape):
    """Return name -> regressor of a family: line and annual wave, and what the family adds."""
    wave = 2 * np.pi * t
    columns = {"one": np.ones_like(t), "cosine": np.cos(wave), "sine": np.sin(wave)}
    if family not in _FLAT:
        columns["line"] = t
    if family == "semiannual":
        columns |= {"half cosine": np.cos(2 * wave), "half sine": np.sin(2 * wave)}
    elif family == "several":
        for which in ("first", "second"):
            _add(
                columns, which, shape.get(f"{which}_break"), shape.get(f"{which}_break_date"), t, first, shape
            )
    elif family == "step_hinge":
        for kind in ("step", "hinge"):
            _add(columns, kind, kind, shape.get("step_hinge_date"), t, first, shape)
    else:
        _add(columns, family, family, shape.get(f"{family}_date"), t, first, shape)
    return columns


def _add(columns, name, kind, day, t, first, shape):
    if kind == "quadratic":
        columns[name] = t * t / 2
    elif kind == "decay" and shape.get("decay_time_yr"):
        columns[name] = 1 - np.exp(-t / shape["decay_time_yr"])
    elif kind == "growth" and shape.get("growth_time_yr"):
        columns[name] = np.exp((t - t[-1]) / shape["growth_time_yr"])
    elif kind in ("step", "hinge") and day is not None:
        since = t - (day - first).days / _DAYS_PER_YEAR
        columns[name] = (since >= -1e-9).astype(float) if kind == "step" else np.maximum(since, 0)
