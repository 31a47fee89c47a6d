"""Tiles of a server of one's own: they are asked for and drawn, with their attribution, and no other host is let in."""

import http.server
import json
import struct
import threading
import zlib

import pytest
from test_map import HERE, Map, browser  # noqa: F401 - a fixture
from websites import Server

ATTRIBUTION = "made up for a test"


def _picture(colour):
    """Return a PNG of 256 x 256 pixels of one colour."""
    rows = b"".join(b"\0" + bytes(colour) * 256 for _ in range(256))
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0),
        b"IDAT": zlib.compress(rows),
        b"IEND": b"",
    }
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


class Tiles:
    """A server of green tiles on this machine; `asked` are the paths it was asked for."""

    def __init__(self):
        asked, picture = [], _picture((20, 160, 60))

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "image/png")
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(picture)

            def log_message(self, *args):
                pass

        self.asked, self.server = asked, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def tiles():
    mine, other = Tiles(), Tiles()
    yield mine, other
    for each in (mine, other):
        each.server.shutdown()
        each.server.server_close()


@pytest.fixture(scope="module")
def server(real_lake, tiles, tmp_path_factory):
    file = tmp_path_factory.mktemp("tiles") / "datasette.json"
    plugin = {
        "lake": str(real_lake),
        "tiles": {"url": f"{tiles[0].origin}/{{z}}/{{x}}/{{y}}.png", "attribution": ATTRIBUTION},
    }
    file.write_text(json.dumps({"plugins": {"egmsql": plugin}}))
    found = Server(real_lake, metadata=file)
    yield found
    found.close()


def test_configured_tiles_are_drawn_below_the_points(browser, server, tiles):  # noqa: F811
    found = Map(browser, server, HERE, known=(tiles[0].origin,))
    try:
        found.page.wait_for_selector(".leaflet-tile-loaded")
        assert any(path.startswith("/14/") for path in tiles[0].asked) and not tiles[1].asked
        assert found.page.evaluate("document.querySelector('.leaflet-tile-loaded').naturalWidth") == 256
        assert ATTRIBUTION in found.page.inner_text(".leaflet-control-attribution")
        assert "Copernicus Land Monitoring Service" in found.page.inner_text(".leaflet-control-attribution")
        shown = found.page.locator(".leaflet-ground-pane").evaluate("(e) => getComputedStyle(e).opacity")
        assert shown == "1" and found.points() > 1000
        assert found.wrong == []
    finally:
        found.page.close()


def test_the_policy_lets_in_pictures_of_this_host_and_nothing_else(browser, server, tiles):  # noqa: F811
    policy = server.client.get("/-/map").headers["content-security-policy"]
    assert [part for part in policy.split("; ") if "http" in part] == [
        f"img-src 'self' data: blob: {tiles[0].origin}"
    ]
    found = Map(browser, server, HERE, known=tuple(each.origin for each in tiles))
    try:
        picture = """(url) => new Promise((done) => {
            const image = new Image();
            image.onload = () => done(true);
            image.onerror = () => done(false);
            image.src = url;
        })"""
        assert found.page.evaluate(picture, f"{tiles[0].origin}/1/1/1.png") is True
        assert found.page.evaluate(picture, f"{tiles[1].origin}/1/1/1.png") is False
        ask = "(url) => fetch(url).then(() => true, () => false)"
        assert found.page.evaluate(ask, f"{tiles[0].origin}/1/1/1.png") is False
        assert tiles[1].asked == []
    finally:
        found.page.close()
