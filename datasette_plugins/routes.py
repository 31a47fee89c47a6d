"""The API's routes: how a request is checked, answered, cached and refused."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from datasette.utils.asgi import Forbidden, Response
from egmsql.web.answers import as_error, etag_of, headers_for
from egmsql.web.parameters import RequestError, filters_of, read_parameters
from egmsql.web.series import SeriesLostError
from egmsql.web.snapshot import present
from egmsql.web.workers import BusyError, DeadlineError, QueryError

PREFIX = "/-/egms"

_log = logging.getLogger("egmsql.web")


@dataclass(frozen=True)
class Route:
    """One route.

    Parameters
    ----------
    path : str
        Without base_url.
    summary : str
        What it answers, in one sentence.
    parameters : tuple of Parameter
    answer : callable
        An async function of a Call; returns a Response.
    media : tuple of str
        Content types of its answers.
    table : str, optional
        Who may not see this table may not call the route.
    also : tuple of str
        Further tables that it answers from.
    cached : bool
        Whether the answer depends on the served state and the request alone.
    is_list : bool
        Whether its JSON is a list of objects, not an object.
    """

    path: str
    summary: str
    parameters: tuple
    answer: Callable
    media: tuple = ("application/json",)
    table: str | None = "points"
    cached: bool = True
    also: tuple = ()
    is_list: bool = False


class Call:
    """One request to a route: the state it is answered from and the values of its parameters."""

    def __init__(self, route, snapshot, values, datasette):
        self.route, self.snapshot, self.values, self.datasette = route, snapshot, values, datasette
        self.seconds = 0.0  # in the database and the series' files

    def __getitem__(self, name):
        return self.values[name]

    @cached_property
    def filters(self):
        """The Filters among the values."""
        return filters_of(self.values)

    async def run(self, function, ms, lane="fast"):
        """Return function(cursor), run in a thread with a deadline; heavy work goes to the lane `slow`."""

        def timed(cursor):
            """Return what the function does, and note how long it took."""
            started = time.perf_counter()
            try:
                return function(cursor)
            finally:
                self.seconds += time.perf_counter() - started

        return await self.snapshot.run(timed, ms, lane)


def register(route, datasette, database):
    """Return Datasette's (regular expression, view) of a route."""

    async def view(request):
        """Answer a request; whatever goes wrong is one line."""
        started = time.perf_counter()
        private, call = request.actor is not None, None
        snapshot = present()
        etag = etag_of(snapshot, request) if route.cached else None
        try:
            await _check(route, datasette, database, request)
            if request.method not in ("GET", "HEAD"):
                raise RequestError(route.path, f"knows no {request.method[:10]}", "use GET", 405)
            if etag and etag in request.headers.get("if-none-match", ""):
                response = Response(b"", status=304)
            else:
                values = read_parameters(route.parameters, request.args)
                call = Call(route, snapshot, values, datasette)
                response = await route.answer(call)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the answer is one line
            response, etag = _refusal(route, error), None
        response.headers.update(headers_for(etag, datasette.cors, private))
        ms = (time.perf_counter() - started) * 1000
        db_ms = call.seconds * 1000 if call else 0
        response.headers["Server-Timing"] = f"db;dur={db_ms:.1f}, answer;dur={ms:.1f}"
        if request.method == "HEAD":
            return Response(b"", response.status, response.headers, response.content_type)
        return response

    return f"^{re.escape(route.path)}/?$", view


async def _check(route, datasette, database, request):
    """Raise RequestError unless the visitor may see what the route answers from."""
    try:
        for table in (route.table, *route.also):
            permissions = [("view-table", (database, table))] if table else []
            permissions += [("view-database", database), "view-instance"]
            await datasette.ensure_permissions(request.actor, permissions)
    except Forbidden:
        raise RequestError(route.path, "is not open to you", "sign in", 403) from None


def _refusal(route, error):
    if isinstance(error, RequestError):
        return as_error(error, error.status)
    if isinstance(error, DeadlineError):
        return as_error(f"{route.path}: takes too long; ask for less", 503)
    if isinstance(error, BusyError):
        response = as_error(f"{route.path}: {error}", 503)
        response.headers["Retry-After"] = "2"
        return response
    if isinstance(error, SeriesLostError):
        advice = "tell the operator to run `egmsql build`"
        return as_error(f"{error}: its series are no longer on disk; {advice}", 410)
    if isinstance(error, QueryError):
        return as_error(f"{route.path}: {error}; ask for less", 400)
    _log.exception("a request to %s failed", route.path)
    return as_error(f"{route.path}: failed; tell the operator to look into the log", 500)
