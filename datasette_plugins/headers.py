"""What every request passes on its way in and out: the state it holds, closed pages, and safe headers."""

import logging

import orjson
from egmsql.web.snapshot import held

from egmsql.about import ATTRIBUTION

_log = logging.getLogger("egmsql.web")

# Pages of Datasette's that tell versions, paths, settings or who asked what.
_CLOSED = frozenset(
    f"/-/{name}{ending}"
    for name in (
        *("versions", "plugins", "metadata", "settings", "config", "databases", "threads"),
        *("permissions", "allow-debug", "messages", "patterns"),
    )
    for ending in ("", ".json", "/")
)
# Datasette's own pages have scripts and styles inside.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self';"
    " form-action 'self'; frame-ancestors 'self'"
)
_SAFE = {
    b"attribution": ATTRIBUTION.encode(),
    b"content-security-policy": _POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"SAMEORIGIN",
    b"referrer-policy": b"same-origin",
    b"permissions-policy": b"geolocation=(), camera=(), microphone=()",
    b"cross-origin-opener-policy": b"same-origin",
}


class Guarded:
    """An ASGI application around Datasette's.

    Parameters
    ----------
    app : ASGI application
    datasette : datasette.app.Datasette
    served_of : callable
        From the Datasette to its Served, once it has started.
    """

    def __init__(self, app, datasette, served_of):
        self._app, self._datasette, self._served_of = app, datasette, served_of

    async def __call__(self, scope, receive, send):
        """Answer one request from one state."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._datasette.invoke_startup()

        begun = False

        async def safe_send(message):
            """Send a message; the first one with safe headers."""
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                given = list(message.get("headers", []))
                names = {name.lower() for name, _ in given}
                given += [(name, value) for name, value in _SAFE.items() if name not in names]
                message = {**message, "headers": given}
            await send(message)

        path = scope["path"]
        base = self._datasette.setting("base_url").rstrip("/")
        if path.removeprefix(base) in _CLOSED:
            await _refuse(
                safe_send, 404, "this page: is closed here; it tells what only the operator needs to know"
            )
            return
        snapshot = await self._served_of(self._datasette).acquire()
        token = held.set(snapshot)
        try:
            await self._app(scope, receive, safe_send)
        except Exception:
            _log.exception("a request to %s failed", path)
            if begun:
                raise  # half an answer must not look like a whole one
            await _refuse(safe_send, 500, "the server: failed; tell the operator to look into the log")
        finally:
            held.reset(token)
            snapshot.release()


async def _refuse(send, status, text):
    headers = [(b"content-type", b"application/json; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps({"error": text})})
