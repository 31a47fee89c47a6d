"""The map in a browser: what it draws, what a click tells, what a link holds; no error, no foreign request.

Nothing waits for a time: the page counts on `body` what it has drawn, loaded and shown.
"""

import shutil

import pytest
from conftest import skip_or_fail
from egmsql.web.map_page import policy
from websites import Server

PID = "166ax4acgq"
HERE = "lat=38.706&lon=13.18&zoom=14"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def server(real_lake):
    found = Server(real_lake)
    yield found
    found.close()


@pytest.fixture(scope="module")
def browser():
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        skip_or_fail("no playwright: install the dev extra")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        try:
            options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            found = playwright.chromium.launch(executable_path=path, args=options)
        except Error:
            skip_or_fail("no chromium: install it, or run `playwright install chromium`")
        yield found
        found.close()


class Map:
    """The page, and what it has counted."""

    def __init__(self, browser, server, state="", size=DESK, known=()):
        self.page, self.server, self.wrong = browser.new_page(viewport=size), server, []
        self.known = known  # other hosts that may be asked
        self.address = f"http://127.0.0.1:{server.port}/-/map"
        self.page.on("console", lambda m: m.type in ("error", "warning") and self.wrong.append(m.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda r: self.note(r.url))
        self.open(state)

    def note(self, url):
        if not url.startswith((f"http://127.0.0.1:{self.server.port}/", *self.known, "data:", "blob:")):
            self.wrong.append(url)

    def open(self, state):
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}#{state}")
        self.page.wait_for_selector("body[data-ready]", state="attached")

    def count(self, name):
        return int(self.page.get_attribute("body", f"data-{name}") or 0)

    def after(self, name, act):
        """Do something and wait until the page has counted it."""
        before = self.count(name)
        act()
        self.page.wait_for_selector(f'body[data-{name}]:not([data-{name}="{before}"])', state="attached")

    def choose(self, label, value):
        self.page.locator(f"#controls label:visible:has-text('{label}') select").select_option(value)

    def points(self):
        return int(self.page.get_attribute("#legend", "data-count"))

    def shot(self):
        return self.page.evaluate("document.querySelector('canvas.points:not(.leaving)').toDataURL()")

    def middle(self):
        box = self.page.locator("#map").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def part(self, name):
        return dict(p.split("=", 1) for p in self.page.url.split("#")[1].split("&")).get(name)


@pytest.fixture
def at(browser, server):
    opened = []

    def open_map(state=HERE, size=DESK):
        opened.append(Map(browser, server, state, size))
        return opened[-1]

    yield open_map
    for each in opened:
        each.page.close()
        assert each.wrong == []


def test_it_opens_on_the_whole_lake(at):
    found = at("")
    assert found.points() == 11590 + 11759
    text = found.page.inner_text("#stage")
    assert "towards satellite" in text and "Copernicus Land Monitoring Service" in text
    assert found.page.locator(".leaflet-control-scale-line").is_visible()


def test_the_policy_lets_nothing_in_but_its_own_files(server):
    given = server.client.get("/-/map").headers["content-security-policy"]
    assert "unsafe" not in given and "default-src 'none'" in given and "http" not in given


def test_tiles_are_allowed_from_their_host_alone():
    assert "img-src 'self' data: blob: https://tiles.example.org;" in policy(
        "https://tiles.example.org/{z}/{x}/{y}.png"
    )
    assert "https://*.example.org;" in policy("https://{s}.example.org/{z}/{x}/{y}.png")
    for wrong in ("", "javascript:alert(1)", "https://a.example; script-src *"):
        assert "script-src 'self';" in policy(wrong) and "*" not in policy(wrong)


def test_panning_and_zooming_draw_again(at):
    found = at()
    x, y = found.middle()

    def drag():
        found.page.mouse.move(x, y)
        found.page.mouse.down()
        found.page.mouse.move(x - 300, y, steps=4)
        found.page.mouse.up()

    before, lon = found.points(), float(found.part("lon"))
    found.after("loaded", drag)
    assert float(found.part("lon")) > lon and found.points() < before
    found.after("drawn", lambda: found.page.click(".leaflet-control-zoom-in"))
    assert found.part("zoom") == "15"


def test_far_away_cells_stand_for_all_points(at):
    found = at("lat=38.706&lon=13.18&zoom=9")
    assert found.points() == 11590 + 11759 and "cells of" in found.page.inner_text("#legend")


def test_filters_leave_out_what_they_say(at):
    found = at()
    everything = found.points()
    found.after("loaded", lambda: found.page.uncheck("text=descending"))
    assert found.points() < everything and found.part("viewing") == "ascending"
    ascending = found.points()
    found.after("loaded", lambda: found.page.uncheck("#controls .classes >> text=stable"))
    assert 0 < found.points() < ascending / 2
    found.after("loaded", lambda: found.page.click("text=All points again"))
    assert found.points() == everything


@pytest.mark.parametrize(
    "field", ["class", "acceleration_mm_yr2", "seasonality_mm", "temporal_coherence", "height_ortho"]
)
def test_each_colouring_has_its_legend(at, field):
    found = at()
    before = found.page.inner_text("#legend h2")
    found.after("loaded", lambda: found.choose("Colour by", field))
    assert found.page.inner_text("#legend h2") != before and found.points() > 1000


def test_a_click_shows_the_series_of_what_lies_there(at):
    found = at()
    found.page.fill("#search input", PID)
    found.after("series", lambda: found.page.press("#search input", "Enter"))
    assert PID in found.page.inner_text("#panel") and found.part("pid") == PID
    found.page.locator("#map").focus()
    found.page.keyboard.press("Escape")
    found.page.wait_for_selector("#panel", state="hidden")
    found.after("series", lambda: found.page.mouse.click(*found.middle()))
    text = found.page.inner_text("#panel")
    assert "velocity [mm/yr]" in text and "±" in text and "class" in text and "%" in text
    assert found.page.locator("#panel canvas").is_visible()


def test_several_series_lie_over_each_other_and_can_be_saved(at):
    found = at(f"{HERE}&pid={PID},166ax4YhLX")
    title = found.page.inner_text("#panel h2")
    assert PID in title and "166ax4YhLX" in title
    for name, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("CSV", b'"pid"')):
        with found.page.expect_download() as caught:
            found.page.click(f"#panel .buttons >> text={name}")
        with open(caught.value.path(), "rb") as file:  # noqa: PTH123
            assert file.read(5).startswith(start), name


def test_a_link_holds_all_that_is_seen(at):
    state = f"{HERE}&colour=class&viewing=ascending&min_velocity_mm_yr=-5&pid=166ax5GQMP&season=0&size=1.5"
    first, second = at(state), at("")
    second.open(first.page.url.split("#")[1])
    for page in (first, second):
        assert page.part("season") == "0" and page.part("viewing") == "ascending"
        assert page.page.get_attribute("#panel button >> nth=0", "aria-pressed") == "false"
    assert first.points() == second.points()
    assert first.page.inner_text("#panel") == second.page.inner_text("#panel")


@pytest.mark.parametrize("text", ["38.705, 13.185", "4597550,1739750"])
def test_search_finds_coordinates_of_both_systems(at, text):
    found = at()
    found.page.fill("#search input", text)
    found.after("drawn", lambda: found.page.press("#search input", "Enter"))
    assert found.part("zoom") == "16" and found.page.locator(".leaflet-popup").is_visible()


def test_a_search_without_an_answer_says_so(at):
    found = at()
    found.page.fill("#search input", "<b>nowhere</b>")
    found.page.press("#search input", "Enter")
    found.page.wait_for_selector("text=Nothing found")


def test_polygon_and_profile_are_drawn_corner_by_corner(at):
    found = at()
    x, y = found.middle()
    corners = [(x - 100, y - 60), (x + 60, y - 60), (x + 20, y + 90)]

    def draw(key):
        found.page.keyboard.press(key)
        for corner in corners:
            found.page.mouse.click(*corner)
        found.page.keyboard.press("Enter")

    found.page.locator("#map").focus()
    found.after("polygon", lambda: draw("p"))
    assert "mean of" in found.page.inner_text("#panel") and found.part("polygon").count(";") == 2
    found.page.locator("#map").focus()
    found.page.keyboard.press("Escape")
    found.page.wait_for_selector("#panel", state="hidden")
    found.after("profile", lambda: draw("r"))
    assert "km" in found.page.inner_text("#panel h2") and found.part("line")


def test_a_line_divides_two_maps(at):
    found = at(f"{HERE}&swipe=viewing%3Dascending%7Cdescending")
    left, right = (found.page.locator(f"#legend{side}") for side in ("", "-right"))
    assert "ascending" in left.inner_text() and "descending" not in left.inner_text()
    assert "descending" in right.inner_text()
    before = int(left.get_attribute("data-count"))
    found.page.locator("#swipe").focus()
    for _ in range(8):
        found.page.keyboard.press("ArrowRight")
    assert int(left.get_attribute("data-count")) > before and float(found.part("at")) == 0.66
    found.choose("Swipe", "")
    found.page.wait_for_selector("#swipe", state="hidden")


def test_a_film_shows_displacement_date_by_date(at):
    found = at()
    found.page.locator("#map").focus()
    found.after("film", lambda: found.page.keyboard.press("t"))
    found.after("frames", lambda: found.page.locator("#film input").fill("5"))
    first = found.page.inner_text("#film output")
    found.after("frames", lambda: found.page.locator("#film input").fill("40"))
    assert found.page.inner_text("#film output") > first
    assert "Displacement" in found.page.inner_text("#legend h2")
    found.after("loaded", lambda: found.page.click("#film .close"))
    assert "Velocity" in found.page.inner_text("#legend h2")


def test_another_reference_is_marked(at):
    found = at(f"{HERE}&pid={PID}&reference=pid:166ax4atmn")
    assert "relative to 166ax4atmn" in found.page.inner_text("#panel h2")
    assert "relative to 166ax4atmn" in found.page.inner_text("#related")


def test_another_reference_shifts_the_colours_of_its_geometry_alone(at, server):
    """Its own velocity is taken from each: the point itself is then 0."""
    (point,) = server.client.get("/-/egms/point?pid=166ax4atmn").json()["points"]
    found = at(f"{HERE}&reference=pid:166ax4atmn")
    said = found.page.inner_text("#legend .related")
    assert point["viewing"] == "descending" and "ascending: as published" in said
    assert f"descending: +{-point['velocity_mm_yr']:.2f} mm/yr" in said
    found.page.evaluate("location.hash += `&labels=1`")
    relative = found.shot()
    found.after("related", lambda: found.page.click("#related button"))
    assert not found.page.locator("#related").is_visible() and not found.part("reference")
    assert found.page.locator("#legend .related").count() == 0 and found.shot() != relative


def test_on_a_phone_nothing_is_wider_than_the_screen(at):
    found = at(f"{HERE}&pid={PID}", PHONE)
    assert not found.page.locator("#controls").is_visible()
    for part in ("body > header", "#stage", "#panel"):
        box = found.page.locator(part).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"], part
    found.page.click("#toggle-controls")
    assert found.page.locator("#controls").is_visible()


def test_a_refused_question_is_shown(at):
    found = at()
    found.after(
        "errors",
        lambda: found.page.evaluate(
            "location.hash = 'zoom=14&lat=38.706&lon=13.18&release=1999_2000&level=L2b'"
        ),
    )
    assert "are not in the lake" in found.page.inner_text("#error")
    found.wrong = [text for text in found.wrong if "404" not in text]


def test_areas_are_outlines_with_a_popup_and_a_mean_series(at):
    found = at(HERE)
    found.page.locator("#map").focus()
    found.after("areas", lambda: found.page.keyboard.press("a"))
    tags = found.page.locator(".tag")
    assert tags.count() > 5 and found.part("areas") == "areas"
    found.after("area", lambda: tags.nth(3).press("Enter"))
    popup = found.page.inner_text(".leaflet-popup")
    assert "±" in popup and "points" in popup and "of 4" in popup and "L2b_2020_2024" in popup
    assert "mean and quartiles" in found.page.inner_text("#panel h2")
    assert found.page.locator("#panel canvas").is_visible()
    found.choose("Areas", "subareas")
    found.page.locator("#map").focus()
    found.page.keyboard.press("Escape")
    found.page.wait_for_selector(".leaflet-popup", state="detached")
    found.page.wait_for_selector("#panel", state="hidden")


def test_an_area_is_found_by_a_part_of_its_name(at, server):
    name = server.client.get("/-/egms/areas?limit=1").json()["columns"]["cluster"][0]
    found = at("")
    found.page.fill("#search input", name)
    found.page.press("#search input", "Enter")
    found.after("area", lambda: found.page.click(f"#matches >> text=area {name}: >> nth=0"))
    assert found.part("area") == f"area%3A{name}" and found.part("areas") == "areas"
    assert name in found.page.inner_text(".leaflet-popup")
    state = found.page.url.split("#")[1]
    assert name in at(state).page.inner_text(".leaflet-popup")


def test_east_and_up_are_cells_that_lead_to_both_geometries(at, server):
    found = at(f"{HERE}")
    found.after("loaded", lambda: found.choose("Show", "cells"))
    legend = found.page.inner_text("#legend")
    assert "Velocity up" in legend and "cells of 100 m" in legend and found.points() == 640
    assert not found.page.locator("#controls >> text=Coherence from").is_visible()
    up = found.shot()
    found.after("loaded", lambda: found.choose("Colour by", "east"))
    assert "Velocity east" in found.page.inner_text("#legend") and found.shot() != up
    cells = server.client.get("/-/egms/cells?bbox=13.17,38.70,13.19,38.71").json()["columns"]
    lat, lon = cells["latitude"][0], cells["longitude"][0]
    found.after("drawn", lambda: found.page.evaluate(f"location.hash += '&lat={lat}&lon={lon}&zoom=16'"))
    found.page.wait_for_url("**&zoom=16*")
    found.page.mouse.move(*found.middle())
    found.page.wait_for_selector("#hover:has-text('±')")
    found.after("series", lambda: found.page.mouse.click(*found.middle()))
    title = found.page.inner_text("#panel h2")
    assert "ascending" in title and "descending" in title
    again = at(found.page.url.split("#")[1])
    assert "Velocity east" in again.page.inner_text("#legend")


def test_a_corrected_series_lies_over_the_published_one(at):
    """The island has no suspected unwrapping error: the answer is given one."""
    found = at()

    def suspect(route):
        answer = route.fetch()
        (model,) = (content := answer.json())["models"]
        n = len(model["curve"]["model_mm"])
        model["corrected_mm"] = [27.7 * (i > n / 2) for i in range(n)]
        route.fulfill(response=answer, json=content)

    found.page.route("**/-/egms/model?*", suspect)
    found.page.evaluate(f"location.hash += '&pid={PID}'")
    found.page.wait_for_selector("#panel >> text=Corrected")
    before = found.page.evaluate("document.querySelector('#panel canvas').toDataURL()")
    found.page.click("#panel >> text=Corrected")
    assert "corrected" in found.page.inner_text("#panel h2") and found.part("corrected") == "1"
    assert found.page.evaluate("document.querySelector('#panel canvas').toDataURL()") != before
    found.page.unroute_all()


def test_a_link_holds_the_film_and_its_date(at):
    found = at(f"{HERE}&film=2022-06-01")
    shown = found.page.inner_text("#film output")
    assert "2022-04-01" < shown <= "2022-06-01" and found.count("film") == 1
    found.after("frames", lambda: found.page.locator("#film input").fill("50"))
    assert found.part("film") == found.page.inner_text("#film output") > shown


def test_an_axis_has_the_digits_that_its_step_needs(at):
    found = at()
    said = found.page.evaluate(
        "import(document.body.dataset.static + 'map/dom.js').then((m) => [m.labels([0, 2.5, 5]), m.labels([0.25, 0.5])])"
    )
    assert said == [["0.0", "2.5", "5.0"], ["0.25", "0.50"]]


def test_without_colour_the_map_is_read_by_its_numbers(at):
    found = at(f"{HERE}&ramp=grey")
    grey = found.shot()
    found.page.locator("#map").focus()
    found.page.keyboard.press("l")
    assert found.part("labels") == "1" and found.shot() != grey


def test_two_levels_side_by_side_are_named(at):
    found = at(f"{HERE}&swipe=data%3D2020_2024 L3")
    assert "L2b, 2020 to 2024" in found.page.inner_text("#legend")
    assert "L3, 2020 to 2024" in found.page.inner_text("#legend-right")


def test_east_and_up_of_one_place_are_shown_one_at_a_time(at):
    first = """import(document.body.dataset.static + 'map/filters.js').then((m) => m.firstViewing({ datasets: %s }, "r", "L3"))"""
    given = [{"release": "r", "level": "L3", "viewing": viewing} for viewing in ("east", "up")]
    page = at().page
    assert page.evaluate(first % given) == ["up"] and page.evaluate(first % given[:1]) == []


def test_sliders_and_lists_filter_as_the_api_does(at, server):
    found = at("lat=38.706&lon=13.18&zoom=13")

    def counted(**filters):
        box = "13.1,38.65,13.25,38.75"
        return server.client.get("/-/egms/viewport", params={"bbox": box, **filters}).json()["n"]

    def slide(label, value, nth=0):
        slider = found.page.locator(f"#controls .row:has-text('{label}') input >> nth={nth}")
        found.after("loaded", lambda: slider.fill(str(value)))

    slide("Coherence from", 0.7)
    assert found.points() == counted(min_temporal_coherence=0.7)
    slide("Velocity [mm/yr]", -2, 1)
    both = {"min_temporal_coherence": 0.7, "max_velocity_mm_yr": -2}
    assert found.points() == counted(**both) > 100
    product = "EGMS_L2b_117_0227_IW2_VV_2020_2024_1"
    found.after("loaded", lambda: found.choose("Product", product))
    assert found.points() == counted(**both, product=product)
    slide("Probability", 0.8)
    assert found.points() == counted(**both, product=product, min_probability=0.8) > 10
    found.after("loaded", lambda: found.page.click("text=All points again"))
    assert found.points() == counted()
    found.after("loaded", lambda: found.choose("Level, release", "2020_2024 L3"))
    assert found.part("level") == "L3" and found.points() == counted(level="L3")


def test_a_profile_is_relative_to_the_reference_too(at):
    found = at(f"{HERE}&line=13.16,38.70;13.19,38.71&reference=pid:166ax4atmn")
    assert "relative to 166ax4atmn" in found.page.inner_text("#panel h2")
