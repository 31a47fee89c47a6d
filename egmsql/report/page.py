"""The report as one page: it holds its style and its pictures and asks for nothing else."""

import uuid
from pathlib import Path

import jinja2

from egmsql.errors import SettingError
from egmsql.report import pictures
from egmsql.report import wording as say
from egmsql.report.sections import HERE


def write_page(report, path):
    """Write the page of a Report to a path: whole, or not at all.

    Raises
    ------
    SettingError
        When it cannot be written there.
    """
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        unfinished.write_text(page(report), encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        wrong = f"cannot be written ({error.strerror or error})"
        raise SettingError(path, wrong, "name a file in a folder that you may write to") from None
    finally:
        unfinished.unlink(missing_ok=True)


def page(report):
    """Return the page of a Report as HTML."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "parts"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(say=say, draw=Drawings(report.answers))
    templates.filters.update(number=say.number, percent=say.percent, moment=say.moment, size=say.size)
    style = (HERE / "parts" / "style.css").read_text(encoding="utf-8")
    return templates.get_template("page.html").render(report=report, style=style, **report.answers)


class Drawings:
    """The pictures that parts of the page ask for, made of the report's answers.

    Parameters
    ----------
    answers : dict
        Question -> rows, as in `Report`.
    """

    def __init__(self, answers):
        self._answers = answers
        self._limit = pictures.velocity_limit(answers.get("cells"))

    def velocity_map(self, group):
        """Return the map of one row of `movements`; nothing where no velocity was published."""
        cells = _of_group(self._answers["cells"], group)
        if not cells:
            return ""
        label = f"Map of the mean velocity, {say.group_name(group)}: {len(cells)} cells"
        return pictures.velocity_map(
            cells, f"map-{_name(group)}", label, self._limit, say.signs(group["look"])
        )

    def cell_size(self, group):
        """Return how large the cells of a map are."""
        cells = _of_group(self._answers["cells"], group)
        metres = cells[0]["cell"] if cells else 0
        return f"{say.number(metres)} m" if metres < 1000 else f"{say.number(metres / 1000)} km"

    def histogram(self, group, quantity):
        """Return the histogram of one quantity of one row of `movements`."""
        rows = _of_group(self._answers["distributions"], group)
        bins = [row for row in rows if row["quantity"] == quantity]
        if not bins:
            return ""
        title = pictures.QUANTITIES[quantity][0]
        middle = group[quantity][1] if group[quantity] else None
        label = f"Histogram, {say.group_name(group)}: {title}"
        return pictures.histogram(bins, f"{quantity}-{_name(group)}", label, quantity, middle)

    def scatter(self, level):
        """Return refitted over published velocity of one level."""
        rows = [row for row in self._answers["velocities"] if row["level"] == level]
        label = f"Refitted over published velocity, {level}: the points lie along the diagonal"
        return pictures.scatter(rows, f"scatter-{level}", label)

    def differences(self, level):
        """Return how far refitted and published velocity of one level are apart."""
        rows = [row for row in self._answers["velocities"] if row["level"] == level]
        label = f"Histogram of refitted less published velocity, {level}"
        return pictures.differences(rows, f"differences-{level}", label)


def _of_group(rows, group):
    keys = ("level", "look", "release")
    return [row for row in rows if all(row[key] == group[key] for key in keys)]


def _name(group):
    """Return what a group's pictures are called inside the page."""
    words = "-".join(str(group[key]) for key in ("level", "look", "release"))
    return "".join(c if c.isalnum() else "-" for c in words)
