"""How long the map takes in a browser: from the end of a pan, and from a click, to what is drawn: `make bench-map`.

Over a made-up lake of so many million points (tests/bench/made_up.py; `--keep FOLDER` keeps it, for `make bench-serve` too), or
any built one with --lake. The page measures itself: a
pan from its end to the canvas drawn with the new data, request and decoding included; a click to the series and its model
drawn. Chromium draws without a graphics card. Run it on a machine that does nothing else.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.made_up import lake_of
from websites import Server

ZOOMS, PANS, CLICKS = (5, 8, 11, 13, 14, 15, 16), 20, 20
DEGREES = 0.02  # of a pan at zoom 14: 233 pixels
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def places(server, n):
    """Return (longitude, latitude) of some points of the first product, whose series are there."""
    name = server.client.get("/-/egms/products").json()["products"][0]["product"]
    text = f"select longitude, latitude from points where product = '{name}' order by hash(pid) limit {n:d}"
    return [(row["longitude"], row["latitude"]) for row in server.sql(text).json()]


def counted(page, name, act, most_ms=5_000):
    """Do something and return the milliseconds that the page then states; None where nothing was asked."""
    before = page.get_attribute("body", f"data-{name}")
    act()
    try:
        new = f'body[data-{name}]:not([data-{name}="{before}"])'
        page.wait_for_selector(new, state="attached", timeout=most_ms)
    except Exception:  # noqa: BLE001 - the view needed no new data
        return None
    return float(page.get_attribute("body", f"data-{name}-ms"))


def pans(page, address, place, zoom):
    """Return the milliseconds of pans to and fro at a zoom, to a new place each time: nothing comes from a cache."""
    lon, lat = place
    page.goto("about:blank")
    page.goto(f"{address}#lat={lat}&lon={lon}&zoom={zoom}")
    page.wait_for_selector("body[data-ready]", state="attached")
    found = []
    for k in range(PANS):
        step = ((k % 2 == 0) + k / 50) * DEGREES * 2 ** (14 - zoom)
        there = f"#lat={lat}&lon={lon + step}&zoom={zoom}"
        ms = counted(page, "loaded", lambda there=there: page.evaluate(f"location.hash = '{there}'"))
        found += [] if ms is None else [ms]
    return found


def clicks(page, address, some):
    """Return the milliseconds of clicks on points."""
    found = []
    for lon, lat in some:
        page.goto("about:blank")
        page.goto(f"{address}#lat={lat}&lon={lon}&zoom=17")
        page.wait_for_selector("body[data-ready]", state="attached")
        box = page.locator("#map").bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        ms = counted(page, "series", lambda middle=middle: page.mouse.click(*middle))
        found += [] if ms is None else [ms]
    return found


def row(name, found):
    """Print a line: how many, median, 90 % and most."""
    if not found:
        print(f"{name:24} nothing was drawn")
        return
    ordered = sorted(found)
    most = ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]
    print(
        f"{name:24} {len(found):3} times, p50 {statistics.median(found):4.0f} ms, p90 {most:4.0f}, most {ordered[-1]:4.0f}",
        flush=True,
    )


def measure(lake):
    """Print how long pans at each zoom and clicks take."""
    server = Server(lake)
    try:
        some = places(server, CLICKS)
        address = f"http://127.0.0.1:{server.port}/-/map"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            for zoom in ZOOMS:
                row(f"pan at zoom {zoom}", pans(page, address, some[0], zoom))
            row("click to series", clicks(page, address, some))
            browser.close()
    finally:
        server.close()


def chromium():
    """Return the path of the system's Chromium, or None for Playwright's own."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def main():
    """Measure a lake, or make one first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("millions", nargs="*", type=float, default=[10])
    parser.add_argument("--lake", type=Path)
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the lakes here, as `make bench-serve` does"
    )
    given = parser.parse_args()
    if given.lake:
        measure(given.lake)
        return
    for n in given.millions:
        with tempfile.TemporaryDirectory() as folder:
            lake = lake_of((given.keep or Path(folder)) / f"{n:g}", n)
            print(f"{n:g} million points", flush=True)
            measure(lake)


if __name__ == "__main__":
    main()
