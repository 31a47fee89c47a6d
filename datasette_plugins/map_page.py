"""The map: one page. Its modules in `static/map` ask the API; nothing is computed here."""

import re

from datasette.utils.asgi import Response
from egmsql.web.limits import LICENCE_URL

from egmsql.about import ATTRIBUTION

_LEAFLET = "leaflet-v1.7.1"  # of datasette-leaflet


async def show(datasette, request):
    """Answer the map's page, to those who may see the points."""
    from egmsql.web.plugin import configured  # not above: plugin imports this module

    found = configured(datasette)
    database = found.get("name", "egms")
    permissions = [("view-table", (database, "points")), ("view-database", database), "view-instance"]
    await datasette.ensure_permissions(request.actor, permissions)
    tiles = found.get("tiles") or {}
    urls = datasette.urls
    page = await datasette.render_template(
        "egms_map.html",
        {
            "title": datasette.metadata("title") or "Ground motion",
            "static": urls.static_plugins("egmsql", ""),
            "leaflet": urls.static_plugins("datasette-leaflet", f"{_LEAFLET}.js"),
            "leaflet_css": urls.static_plugins("datasette-leaflet", f"{_LEAFLET}.css"),
            "api": urls.path("/-/egms"),
            "home": urls.database(database),
            "tiles": tiles.get("url", ""),
            "tiles_attribution": tiles.get("attribution", ""),
            "attribution": ATTRIBUTION,
            "licence_url": LICENCE_URL,
        },
        request=request,
    )
    return Response.html(page, headers={"Content-Security-Policy": policy(tiles.get("url", ""))})


def policy(tiles):
    """Return what the page may load: this server's files, and pictures of the tile server if there is one."""
    origin = re.match(r"https?://[^/\s;,']+", tiles)
    host = f" {origin[0].replace('{s}', '*')}" if origin else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        f" img-src 'self' data: blob:{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
