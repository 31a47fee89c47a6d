"""Everything a command does, as calls on the folder or the address of a lake."""

from egmsql import builder, ingestion, sandboxes, serving, upkeep
from egmsql.catalog import is_current
from egmsql.lake import CATALOGUE, SERVING, existing_lake, lake_at
from egmsql.planner import Planner, Step
from egmsql.project import load_project
from egmsql.report import sections  # eager: `egmsql.report` is the call, so the package is loaded before it
from egmsql.settings import Settings, parse_age


def ingest(lake, files, settings=None, project=None, wait=0.0, progress=None):
    """Read delivered files into the lake at a path; see `egmsql.ingestion.ingest`."""
    return ingestion.ingest(lake_at(lake), project or load_project(), files, settings, wait, progress)


def plan(lake, project=None, refit=False):
    """Return the Steps that a build of the lake would take, upstream first."""
    found, project = existing_lake(lake), project or load_project()
    state = found.load()
    steps = Planner(found, project, state, refit).plan()
    if not is_current(found, project):
        steps.append(Step(CATALOGUE, "", "views, macros or columns changed"))
    if not serving.is_current(found, project, state):
        steps.append(Step(SERVING, "", "tables of the web changed"))
    return steps


def stale(lake, project=None):
    """Return a sentence about each held model whose upstream has changed since it was made."""
    found = existing_lake(lake)
    return Planner(found, project or load_project(), found.load()).stale()


def build(
    lake,
    models=None,
    settings=None,
    project=None,
    wait=0.0,
    progress=None,
    refit=False,
    scheduler=None,
):
    """Bring the models of a lake up to date; see `egmsql.builder.build`."""
    found, project = existing_lake(lake), project or load_project()
    return builder.build(found, project, settings, models, wait, progress, refit, scheduler)


def check(lake, settings=None, project=None, progress=None):
    """Compare all files with what was written and run every audit again; return Findings."""
    return upkeep.check(existing_lake(lake), project or load_project(), settings, progress)


def repair(lake, project=None, wait=0.0):
    """Forget damaged files, so that the next build makes them again; return a sentence about each."""
    return upkeep.repair(existing_lake(lake), project or load_project(), wait)


def remove(lake, product, project=None, wait=0.0):
    """Take a product, and what was made from it alone, out of a lake."""
    upkeep.remove(existing_lake(lake), project or load_project(), product, wait)


def clean(lake, keep="1d", wait=0.0):
    """Delete unreferenced files older than `keep`; return (number of files, bytes)."""
    return upkeep.clean(existing_lake(lake), parse_age(keep), wait)


def sandbox(lake, model, source=None, project=None):
    """Copy the catalogue without `model` and what follows from it; return the copy's path."""
    return sandboxes.sandbox(existing_lake(lake), project or load_project(), model, source)


def report(lake, html=None, settings=None):
    """Return the Report of a built lake; with `html`, also write it as one page to that path."""
    found = sections.ask(lake, settings or Settings())
    if html is not None:
        from egmsql.report.page import write_page  # matplotlib takes its time

        write_page(found, html)
    return found
