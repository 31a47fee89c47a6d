"""Datasette's hooks. Without a lake in the configuration none of them does anything.

    plugins:
      egmsql:
        lake: {"$env": "EGMSQL_LAKE"}

Further keys: `name` of the database (egms), `processes` and `address_space` of the workers.
"""

import re

import datasette.utils
from datasette import Response, hookimpl
from datasette.utils import StartupError, add_cors_headers
from datasette.views.base import DatasetteError
from egmsql.web import (
    cells_api,
    compatible,
    downloads,
    frames_api,
    lake_api,
    map_page,
    metadata,
    models_api,
    motions_api,
    openapi,
    points_api,
    shapes_api,
)
from egmsql.web.database import DuckDBDatabase
from egmsql.web.headers import Guarded
from egmsql.web.routes import register
from egmsql.web.snapshot import Served, present
from egmsql.web.workers import WorkerLimits

from egmsql.errors import EgmsqlError

_TOO_LONG = "the query took too long and was stopped; ask for less"
_API = (
    *points_api.ROUTES,
    *models_api.ROUTES,
    *frames_api.ROUTES,
    *shapes_api.ROUTES,
    *downloads.ROUTES,
    *cells_api.ROUTES,
    *motions_api.ROUTES,
    *lake_api.ROUTES,
    *compatible.ROUTES,
)
ROUTES = (*_API, openapi.openapi_route(_API))

# Datasette's takes `x::int` and `list[1:3]` for parameters.
datasette.utils._named_param_re = re.compile(r"(?<![:\w\]]):([a-zA-Z_]\w*)")


def configured(datasette):
    """Return the plugin's configuration, or None where it is to sleep."""
    found = datasette.plugin_config("egmsql")
    return found if isinstance(found, dict) and found.get("lake") else None


def served_of(datasette):
    """Return the Served of a Datasette that has started."""
    return datasette._egms_served


def _name(datasette):
    return configured(datasette).get("name", "egms")


@hookimpl
def startup(datasette):
    """Open the lake and add it as a database."""
    found = configured(datasette)
    if found is None:
        return None
    from datasette import handle_exception  # not above: it loads the plugins, this one among them

    handle_exception.rich = None  # else each refused page prints a coloured traceback with all its variables
    given = {key: int(found[key]) for key in ("processes", "address_space") if key in found}
    try:
        served = Served(found["lake"], WorkerLimits(**given))
    except EgmsqlError as error:
        raise StartupError(str(error)) from None

    async def add():
        """Add the database once Datasette runs."""
        datasette._egms_served, datasette._egms_name = served, found.get("name", "egms")
        database = DuckDBDatabase(datasette, served)
        datasette.add_database(database, name=datasette._egms_name)
        await database.build_shadow(served.current)
        served.on_change.append(database.build_shadow)

    return add


@hookimpl
def asgi_wrapper(datasette):
    """Let each request hold one state, close pages that tell too much, add safe headers."""
    if configured(datasette) is None:
        return lambda app: app
    return lambda app: Guarded(app, datasette, served_of)


@hookimpl
def register_routes(datasette):
    """Add the API's routes."""
    if configured(datasette) is None:
        return []
    pages = [(r"^/-/map/?$", map_page.show)]
    return pages + [register(route, datasette, _name(datasette)) for route in ROUTES]


@hookimpl
def extra_css_urls(datasette):
    """Let rows be seen below the meanings of their columns."""
    return [datasette.urls.static_plugins("egmsql", "egms.css")] if configured(datasette) else []


@hookimpl
def extra_js_urls(datasette, template):
    """Let answers to SQL say what their columns mean, as tables do."""
    if configured(datasette) is None or not template.startswith("query"):
        return []
    return [{"url": datasette.urls.static_plugins("egmsql", "meanings.js"), "module": True}]


@hookimpl
def menu_links(datasette):
    """Link to the map from every page."""
    return [{"href": datasette.urls.path("/-/map"), "label": "Map"}] if configured(datasette) else []


@hookimpl
def table_actions(datasette, database, table):
    """Link to the map from the points."""
    if configured(datasette) is None or (database, table) != (_name(datasette), "points"):
        return []
    return [{"href": datasette.urls.path("/-/map"), "label": "Show on the map"}]


@hookimpl
def extra_template_vars(datasette):
    """Let the footer keep Datasette's version to itself."""
    return {"egms_closed": configured(datasette) is not None}


@hookimpl
def get_metadata(datasette, key, database, table):
    """Describe tables and columns, with source, licence and ready queries."""
    served = getattr(datasette, "_egms_served", None)
    if served is None:
        return {}
    snapshot = present() or served.current
    if snapshot.described is None:
        snapshot.described = metadata.describe(snapshot)
    return {"databases": {datasette._egms_name: snapshot.described}}


@hookimpl
def handle_exception(datasette, request, exception):
    """Tell a program in one line that its query took too long: Datasette's own words are a form in HTML."""
    is_late = isinstance(exception, DatasetteError) and exception.title == "SQL Interrupted"
    if configured(datasette) is None or not is_late or not request.path.endswith(".json"):
        return None
    told = {"ok": False, "error": _TOO_LONG, "status": exception.status, "title": exception.title}
    headers = {}
    if datasette.cors:
        add_cors_headers(headers)
    return Response.json(told, status=exception.status, headers=headers)


@hookimpl(trylast=True)  # the last answer counts
def permission_allowed(datasette, actor, action, resource):
    """Refuse what would go around a private table, where Datasette guards the table's page only."""
    if configured(datasette) is None:
        return None
    if action == "view-query" and resource[0] == _name(datasette) and resource[1] in metadata.QUERIES:
        return _may_see_points(datasette, actor)
    if action != "execute-sql" or resource != _name(datasette):
        return None
    tables = (datasette.metadata("tables", database=resource) or {}).values()
    return False if any("allow" in table for table in tables) else None


def _may_see_points(datasette, actor):
    """Return a function that answers False where the table that our ready queries read is not to be seen."""

    async def answer():
        """Return False or None: no opinion."""
        points = _name(datasette), "points"
        allowed = await datasette.permission_allowed(actor, "view-table", points, default=True)
        return None if allowed else False

    return answer
