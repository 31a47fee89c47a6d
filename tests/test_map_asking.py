"""What the map asks for, and when: a move at once, no more than the server answers, pids only of cells that are clicked on."""

import pytest
from test_map import HERE, at, browser, server  # noqa: F401 - fixtures

FAR = "lat=38.706&lon=13.18&zoom=11&viewing=descending"

_PACE = """async ([url, answers]) => {
  const { Pace } = await import(url);
  const asked = [];
  let answer;
  const pace = new Pace((since) => { asked.push(since); return new Promise((done, fail) => { answer = { done, fail }; }); });
  const soon = async () => { for (let i = 0; i < 9; i += 1) await null; return asked.length; };
  const counts = [];
  for (let i = 0; i < 3; i += 1) { pace.moved(); counts.push(await soon()); }
  const last = pace.wish;
  if (answers) { answer.done(); counts.push(await soon()); answer.done(); counts.push(await soon()); }
  else while (asked.length < 2) await new Promise(requestAnimationFrame);
  return [counts, asked.at(-1) === last];
}"""


def _pace(found, answers):
    url = found.page.get_attribute("body", "data-static") + "map/pace.js"
    return found.page.evaluate(_PACE, [url, answers])


def test_a_move_is_asked_at_once_and_of_those_that_follow_the_last_after_the_answer(at):  # noqa: F811
    assert _pace(at(), True) == [[1, 1, 1, 2, 2], True]


def test_a_map_that_rests_asks_again_though_no_answer_came(at):  # noqa: F811
    assert _pace(at(), False) == [[1, 1, 1], True]


def test_cells_are_asked_without_pids(at):  # noqa: F811
    asked = []
    found = at(f"{HERE}&viewing=descending")
    found.page.on("request", lambda request: "viewport" in request.url and asked.append(request.url))
    further = "location.hash = location.hash.replace('zoom=14', 'zoom=11')"
    found.after("loaded", lambda: found.page.evaluate(further))
    assert len(asked) == 1 and "movers=none" in asked[0] and "kind=cells" in asked[0]


@pytest.mark.parametrize("zoom", [8, 11, 12])
def test_a_click_on_a_cell_shows_its_strongest_mover(at, zoom):  # noqa: F811
    found = at(f"{FAR}&zoom={zoom}")
    cell_m = int(
        found.page.inner_text("#legend")
        .split("cells of ")[1]
        .split(" m")[0]
        .replace("\u00a0", "")
        .replace(" ", "")
    )
    path = "/-/egms/viewport?bbox=12.2,38.6,14.2,38.8&kind=cells&viewing=descending&movers=strongest"
    given = found.server.client.get(f"{path}&width={width_for(cell_m)}").json()
    assert given["cell_m"] == cell_m
    cells = given["columns"]
    strength = [
        max(-low, high)
        for low, high in zip(cells["velocity_min_mm_yr"], cells["velocity_max_mm_yr"], strict=True)
    ]
    k = strength.index(max(strength))
    lat, lon = cells["latitude"][k], cells["longitude"][k]
    found.open(f"{FAR}&zoom={zoom}&lat={lat}&lon={lon}")
    found.after("series", lambda: found.page.mouse.click(*found.middle()))
    assert found.part("pid") == cells["pid"][k]


def width_for(cell_m):
    """Return a width in pixels at which the box of 2 degrees is answered with cells of a size."""
    metres = 2 * 111_320 * 0.7804  # cos 38.7°
    return max(1, round(metres * 4 / (0.75 * cell_m)))
