"""The route about what the models say of a point: class, probabilities, breaks, a curve."""

from egmsql.web import parameters as p
from egmsql.web.answers import as_json
from egmsql.web.curves import curve
from egmsql.web.limits import FAST_MS
from egmsql.web.parameters import RequestError
from egmsql.web.points_api import products_by_pid
from egmsql.web.routes import PREFIX, Route

_CLASSES, _SHAPES, _CORRECTED = "classes.motion", "features.hypotheses", "classes.corrected"
_BREAKS = {
    "hinge": ("hinge",),
    "step": ("step",),
    "step_hinge": ("step_hinge",),
    "several": ("first_break", "second_break"),
}

_SHAPE_COLUMNS = (
    *("pid", "family", "runner_up", "noise_inflation", "decay_time_yr", "growth_time_yr"),
    *("hinge_date", "hinge_from_date", "hinge_to_date", "hinge_mm_yr", "hinge_sigma_mm_yr"),
    *("step_date", "step_from_date", "step_to_date", "step_mm", "step_sigma_mm"),
    *(
        "step_hinge_date",
        "step_hinge_mm",
        "step_hinge_sigma_mm",
        "step_hinge_mm_yr",
        "step_hinge_sigma_mm_yr",
    ),
    *("first_break", "first_break_date", "first_break_mm", "first_break_mm_yr"),
    *("second_break", "second_break_date", "second_break_mm", "second_break_mm_yr"),
)
_MM = 0.1  # mm in one unit of displacements
_BREAKS_OF_CLASS = {"velocity_change": ("hinge",), "step": ("step",)}


async def model(call):
    """Answer what the lake's models say of points by pid, an item for each product that saw one."""
    pids = call["pid"]

    def query(cursor):
        """Return what the models say, an item for each product and pid."""
        found = []
        for product, some in products_by_pid(cursor, call, pids).items():
            found += _of_product(call.snapshot, product, some)
        return found

    found = await call.run(query, FAST_MS)
    if not found:
        raise RequestError(f"pid {pids[0]}", "has no model in the lake", "search for it", 404)
    order = {pid: place for place, pid in enumerate(pids)}
    found.sort(key=lambda each: (order[each["pid"]], each["product"]))
    return as_json({"models": found, "units": {"model_mm": "mm", "season_mm": "mm", "sigma_mm": "mm"}})


def _of_product(snapshot, product, pids):
    classes, shapes, corrected = (
        snapshot.details[name].rows(product, pids, columns) if name in snapshot.details else {}
        for name, columns in (
            (_CLASSES, None),
            (_SHAPES, _SHAPE_COLUMNS),
            (_CORRECTED, ("pid", "displacements")),
        )
    )
    held, displacements = snapshot.series.read(product, pids)
    epochs = snapshot.products[product]["epochs"]
    for pid, values in zip(held, displacements, strict=True):
        row, shape = classes.get(pid, {}), shapes.get(pid, {})
        yield {
            "pid": pid,
            "product": product,
            "class": row.get("class"),
            "probabilities": _probabilities(row),
            "family": shape.get("family"),
            "runner_up": shape.get("runner_up"),
            "breaks": _breaks(shape, row.get("class")),
            "attributes": {
                k: _rounded(v) for k, v in row.items() if not _is_probability(k) and k not in _KEYS
            },
            "corrected_mm": [
                None if v is None else round(v * _MM, 1) for v in corrected[pid]["displacements"]
            ]
            if pid in corrected
            else None,
            "curve": curve(epochs, values, shape) if shape else None,
        }


_KEYS = ("pid", "product", "class", "family", "runner_up")


def _is_probability(name):
    return name.endswith("probability") or name == "second_class"


def _probabilities(row):
    ending = "_probability"
    found = {
        k.removesuffix(ending): v for k, v in row.items() if k.endswith(ending) and k != f"second{ending}"
    }
    known = {name: round(value, 4) for name, value in found.items() if value is not None}
    return dict(sorted(known.items(), key=lambda each: -each[1]))


def _breaks(shape, motion):
    """Return the breaks of the best shape, or of the class: kind, date, the interval it lies in, sizes."""
    found = []
    for name in _BREAKS.get(shape.get("family")) or _BREAKS_OF_CLASS.get(motion, ()):
        day = shape.get(f"{name}_date")
        kind = shape.get(name, name)
        if day is not None and kind in ("hinge", "step", "step_hinge"):
            ends = [shape.get(f"{name}_{end}_date") for end in ("from", "to")]
            sizes = {
                unit: _rounded(shape.get(f"{name}_{unit}"))
                for unit in ("mm", "sigma_mm", "mm_yr", "sigma_mm_yr")
            }
            given = {unit: size for unit, size in sizes.items() if size is not None}
            found.append({"kind": kind, "date": day, "from": ends[0], "to": ends[1], **given})
    return found


def _rounded(value):
    return round(value, 3) if isinstance(value, float) else value


ROUTES = (
    Route(
        f"{PREFIX}/model",
        "What the models say of points: class, probabilities, break, and the curve of the best shape.",
        (p.pids(), *p.FILTERS[:4]),
        model,
    ),
)
