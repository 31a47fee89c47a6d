"""The OpenAPI description of the routes, made of the routes themselves."""

from egmsql.web.answers import as_json
from egmsql.web.limits import LICENCE, LICENCE_URL
from egmsql.web.routes import PREFIX, Route

from egmsql.about import ATTRIBUTION

_ERROR = {
    "type": "object",
    "required": ["error", "attribution"],
    "properties": {"error": {"type": "string"}, "attribution": {"type": "string"}},
}
_REFUSALS = {
    "400": "A parameter is missing, unknown, wrong or asks for too much.",
    "403": "Not open to you.",
    "404": "Not in the lake.",
    "405": "Only GET and HEAD.",
    "410": "The series are no longer on disk.",
    "503": "Too many requests, or one that takes too long.",
}


def describe(routes, base_url):
    """Return the OpenAPI document of routes."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "egmsql: EGMS ground motion",
            "version": "1",
            "summary": "Points, series, areas and overviews of a lake. " + ATTRIBUTION + ".",
            "license": {"name": LICENCE, "url": LICENCE_URL},
        },
        "servers": [{"url": base_url.rstrip("/") or "/"}],
        "paths": {route.path: {"get": _operation(route)} for route in routes},
        "components": {"schemas": {"Error": _ERROR}},
    }


def _operation(route):
    shown = {media: {"schema": _schema(media, route.is_list)} for media in route.media}
    responses = {
        "200": {"description": route.summary, "content": shown},
        "304": {"description": "Not modified."},
    }
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses |= {code: {"description": text, "content": error} for code, text in _REFUSALS.items()}
    return {
        "operationId": route.path.removeprefix(PREFIX).strip("/").replace("/", "_"),
        "summary": route.summary,
        "parameters": [_parameter(parameter) for parameter in route.parameters],
        "responses": responses,
    }


def _schema(media, is_list):
    if not media.endswith("json"):
        return {"type": "string", "format": "binary"}
    return {"type": "array", "items": {"type": "object"}} if is_list else {"type": "object"}


def _parameter(parameter):
    found = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.meaning,
        "schema": parameter.schema,
    }
    return {**found, "example": parameter.example} if parameter.example else found


def openapi_route(routes):
    """Return the route that answers the description of `routes` and of itself."""

    async def answer(call):
        """Answer the description."""
        return as_json(describe(every, call.datasette.setting("base_url")))

    own = Route(f"{PREFIX}/openapi.json", "This description.", (), answer, table=None)
    every = (*routes, own)
    return own
