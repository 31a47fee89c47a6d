"""Query parameters of the API: what each is, how it is read, and how OpenAPI describes it."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from egmsql.web.limits import MAX_PIDS, MAX_VERTICES, NUMBERS, WORDS


class RequestError(Exception):
    """A request that cannot be answered: a status and one line `<where>: <wrong>; <what to do>`."""

    def __init__(self, where, wrong, advice, status=400):
        self.status = status
        super().__init__(f"{where}: {wrong}; {advice}")


@dataclass(frozen=True)
class Parameter:
    """One query parameter.

    Parameters
    ----------
    read : callable
        From text to value; ValueError with the advice as its message.
    schema : dict
        Its JSON schema.
    """

    name: str
    meaning: str
    read: Callable
    schema: dict
    required: bool = False
    default: object = None
    example: str | None = None


@dataclass(frozen=True)
class Filters:
    """Which points: a release and a level, never mixed, and conditions on columns."""

    release: str | None = None
    level: str | None = None
    words: dict = field(default_factory=dict)  # column -> list of values
    ranges: dict = field(default_factory=dict)  # column -> (low or None, high or None)


def read_parameters(parameters, args):
    """Return name -> value of a request's arguments; RequestError for a wrong or unknown one."""
    known = {p.name: p for p in parameters}
    unknown = sorted(set(args.keys()) - set(known))
    if unknown:
        raise RequestError(unknown[0][:40], "is no parameter here", f"known: {', '.join(known) or 'none'}")
    values = {}
    for name, parameter in known.items():
        given = args.getlist(name)
        if len(given) > 1:
            raise RequestError(name, "is given twice", "give it once; separate several values by commas")
        if not given or given[0] == "":
            if parameter.required:
                raise RequestError(name, "is missing", f"give {parameter.meaning}")
            values[name] = parameter.default
            continue
        try:
            values[name] = parameter.read(given[0])
        except ValueError as error:
            raise RequestError(name, "cannot be read", str(error)) from None
    return values


def filters_of(values):
    """Return the Filters among the values of a request."""
    ranges = {c: (values.get(f"min_{c}"), values.get(f"max_{c}")) for c in NUMBERS}
    return Filters(
        release=values.get("release"),
        level=values.get("level"),
        words={c: values[c] for c in WORDS if values.get(c)},
        ranges={c: r for c, r in ranges.items() if r != (None, None)},
    )


def _number(text):
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1e12:
        raise ValueError("write a number such as 12.5")
    return value


def _whole(low, high):
    def read(text):
        """Return the whole number of a text."""
        if re.fullmatch(r"\d{1,9}", text, re.ASCII) is None or not low <= int(text) <= high:
            raise ValueError(f"write a whole number from {low:,} to {high:,}")
        return int(text)

    return read


def _choice(*allowed):
    def read(text):
        """Return the text, if it is allowed."""
        if text not in allowed:
            raise ValueError(f"choose one of {', '.join(allowed)}")
        return text

    return read


def _words(text):
    found = [word.strip() for word in text.split(",") if word.strip()]
    if not found or len(found) > 100 or any(len(word) > 100 or "\0" in word for word in found):
        raise ValueError("write up to 100 values, separated by commas")
    return found


def _word(text):
    if len(text) > 100 or "\0" in text:
        raise ValueError("write at most 100 characters")
    return text.strip()


def _pids(text):
    found = list(dict.fromkeys(_words(text)))
    if len(found) > MAX_PIDS or any(re.fullmatch(r"[0-9A-Za-z]{10}", p, re.ASCII) is None for p in found):
        raise ValueError(f"write up to {MAX_PIDS} pids of ten letters or digits, separated by commas")
    return found


def _flag(text):
    if text.lower() not in ("true", "false"):
        raise ValueError("write true or false")
    return text.lower() == "true"


def _bbox(text):
    advice = "write west,south,east,north in degrees, such as 13.1,38.6,13.3,38.8"
    try:
        west, south, east, north = (_number(part) for part in text.split(","))
    except ValueError:
        raise ValueError(advice) from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ValueError(advice)
    return west, south, east, north


def _path(fewest):
    def read(text):
        """Return the corners of a text as (lon, lat)."""
        advice = f"write {fewest} to {MAX_VERTICES} corners as lon,lat;lon,lat;... in degrees"
        corners = []
        try:
            for corner in text.split(";"):
                lon, lat = (_number(part) for part in corner.split(","))
                corners.append((lon, lat))
        except ValueError:
            raise ValueError(advice) from None
        if fewest > 2 and len(corners) > 1 and corners[0] == corners[-1]:
            corners.pop()
        inside = all(-180 <= lon <= 180 and -85 <= lat <= 85 for lon, lat in corners)
        if not inside or not fewest <= len(corners) <= MAX_VERTICES or len(set(corners)) < min(fewest, 2):
            raise ValueError(advice)
        return corners

    return read


def _date(text):
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("write a date such as 2021-06-30") from None


_TEXT, _NUMBER = {"type": "string"}, {"type": "number"}
_PAIR = r"-?\d+(\.\d+)?,-?\d+(\.\d+)?"


def bbox(required=True):
    """Return the parameter `bbox`."""
    schema = {"type": "string", "pattern": rf"^{_PAIR},{_PAIR}$"}
    meaning = "the box: west,south,east,north in degrees (WGS84)"
    return Parameter("bbox", meaning, _bbox, schema, required, example="13.1,38.6,13.3,38.8")


def path(name, fewest, meaning, required=True):
    """Return a parameter of corners `lon,lat;lon,lat;...`."""
    schema = {"type": "string", "pattern": rf"^{_PAIR}(;{_PAIR}){{{fewest - 1},}}$"}
    example = "13.17,38.70;13.19,38.70;13.19,38.72" if fewest > 2 else "13.15,38.70;13.2,38.72"
    return Parameter(name, meaning, _path(fewest), schema, required, example=example)


def whole(name, meaning, low, high, default):
    """Return a parameter that is a whole number."""
    schema = {"type": "integer", "minimum": low, "maximum": high, "default": default}
    return Parameter(name, meaning, _whole(low, high), schema, default=default)


def number(name, meaning, default=None):
    """Return a parameter that is a number."""
    schema = _NUMBER if default is None else {**_NUMBER, "default": default}
    return Parameter(name, meaning, _number, schema, default=default)


def choice(name, meaning, *allowed):
    """Return a parameter with some values; the first is the default."""
    schema = {"type": "string", "enum": list(allowed), "default": allowed[0]}
    return Parameter(name, meaning, _choice(*allowed), schema, default=allowed[0])


def words(name, meaning, example=None):
    """Return a parameter that is a list of texts."""
    return Parameter(name, meaning, _words, _TEXT, example=example)


def word(name, meaning, required=False, example=None):
    """Return a parameter that is a text."""
    return Parameter(name, meaning, _word, {"type": "string", "maxLength": 100}, required, example=example)


def day(name, meaning):
    """Return a parameter that is a date."""
    return Parameter(name, meaning, _date, {"type": "string", "format": "date"})


def pids(required=True):
    """Return the parameter `pid`."""
    schema = {"type": "string", "pattern": "^[0-9A-Za-z]{10}(,[0-9A-Za-z]{10})*$"}
    meaning = f"up to {MAX_PIDS} pids, separated by commas"
    return Parameter("pid", meaning, _pids, schema, required)


def pid():
    """Return the parameter `pid` for one pid."""
    schema = {"type": "string", "pattern": "^[0-9A-Za-z]{10}$"}
    return Parameter("pid", "the pid of a point", lambda text: _pids(text)[0], schema, required=True)


def flag(name, meaning, default):
    """Return a parameter that is true or false, in whatever case."""
    return Parameter(name, meaning, _flag, {"type": "boolean", "default": default}, default=default)


VIEW_WIDTH = whole("width", "width of the view in pixels: sets the size of cells", 64, 8192, 1024)
FILTERS = (
    word("release", "EGMS release; default the newest", example="2020_2024"),
    word("level", "L2a, L2b or L3; default L2b where there is one", example="L2b"),
    words("viewing", "ascending, descending, up, east; several by commas", "ascending"),
    words("product", "products; several by commas"),
    words("class", "classes of motion; several by commas (where the lake has them)"),
    *(
        number(f"{side}_{c}", f"{word_} {c}")
        for c in NUMBERS
        for side, word_ in (("min", "least"), ("max", "most"))
    ),
)
