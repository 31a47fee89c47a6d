"""The web: a lake as a Datasette database, and the API. It reads `serving.duckdb` and never computes.

Installed as `egmsql.web`. The package is a Datasette plugin by its entry point, so that Datasette also finds
`static/` and `templates/`; it sleeps unless a lake is configured.
"""

from egmsql.web.plugin import (
    asgi_wrapper,
    extra_css_urls,
    extra_js_urls,
    extra_template_vars,
    get_metadata,
    handle_exception,
    menu_links,
    permission_allowed,
    register_routes,
    startup,
    table_actions,
)

__all__ = [
    "asgi_wrapper",
    "extra_css_urls",
    "extra_js_urls",
    "extra_template_vars",
    "get_metadata",
    "handle_exception",
    "menu_links",
    "permission_allowed",
    "register_routes",
    "startup",
    "table_actions",
]
