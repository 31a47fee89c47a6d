"""What a critical eye found on the map: sides of a swipe that are alike, an empty view that leads back, what was clicked on in view."""

from test_map import HERE, at, browser, server  # noqa: F401 - fixtures

ALL = 11590 + 11759
_RING_IS_INSIDE = """async () => {
  const box = (name) => document.querySelector(name).getBoundingClientRect();
  while (box(".leaflet-marks-pane path").bottom > box("#map").bottom) await new Promise(requestAnimationFrame);
}"""


def test_both_sides_of_a_swipe_show_cells_where_one_holds_too_many_points(at):  # noqa: F811
    found = at()
    many = lambda url: "viewport" in url and "viewing=ascending&" in f"{url}&"  # noqa: E731
    found.page.route(many, lambda route: route.continue_(url=f"{route.request.url}&limit=100"))
    found.choose("Swipe", "viewing=ascending|descending")
    for place in ("#legend", "#legend-right"):
        found.page.wait_for_selector(f"{place}:has-text('cells of')")
    found.page.unroute(many)
    found.after("loaded", lambda: found.page.click(".leaflet-control-zoom-in"))
    for place in ("#legend", "#legend-right"):
        found.page.wait_for_selector(f"{place}:not(:has-text('cells of'))")


def test_an_empty_view_says_so_and_leads_back(at):  # noqa: F811
    found = at("lat=45&lon=5&zoom=12")
    assert found.points() == 0 and "No points in view" in found.page.inner_text("#legend")
    found.after("loaded", lambda: found.page.click("text=Show the whole lake"))
    assert found.points() == ALL


def test_what_was_clicked_on_stays_in_view_above_the_panel(at, server):  # noqa: F811
    path = "/-/egms/viewport?bbox=13.17,38.69,13.19,38.71&kind=points&viewing=descending"
    points = server.client.get(path).json()["columns"]
    lat, lon = points["latitude"][0], points["longitude"][0]
    south = 300 * 360 / 256 / 2**16 * 0.78  # of the middle of the map, in pixels as degrees
    found = at(f"lat={lat + south}&lon={lon}&zoom=16&viewing=descending")
    x, y = found.middle()
    found.after("series", lambda: found.page.mouse.click(x, y + 300))
    found.page.wait_for_selector(".leaflet-marks-pane path", state="attached")
    found.page.evaluate(_RING_IS_INSIDE)
    assert not found.page.is_visible("#hover")


def test_a_profile_shows_its_corridor(at):  # noqa: F811
    found = at(f"{HERE}&line=13.16,38.70;13.19,38.71;13.195,38.705&width=250")
    paths = found.page.locator(".leaflet-marks-pane path")
    narrow = [paths.nth(i).get_attribute("d") for i in range(2)]
    assert all(d.count("L") == 3 and d.endswith("z") for d in narrow)
    wide = found.page.get_by_label("Width of the corridor")
    found.after("profile", lambda: (wide.fill("500"), wide.press("Enter")))
    assert [paths.nth(i).get_attribute("d") for i in range(2)] != narrow


def test_a_ramp_is_offered_only_where_it_colours(at):  # noqa: F811
    found = at()
    ramp = found.page.locator("#controls label:has-text('Ramp')")
    assert ramp.is_visible()
    found.after("loaded", lambda: found.choose("Colour by", "class"))
    assert not ramp.is_visible()


def test_a_link_with_an_unknown_swipe_shows_one_map(at):  # noqa: F811
    found = at(f"{HERE}&swipe=viewing%3Dup%7Ceast")
    assert found.part("swipe") is None and not found.page.is_visible("#swipe")
