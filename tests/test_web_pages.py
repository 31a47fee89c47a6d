"""Datasette's pages in a browser: what each column means is to be seen, and nothing is in the way of the rows."""

import inspect
import shutil

import egmsql.web
import pytest
from conftest import skip_or_fail
from egmsql.web import plugin
from websites import Server

SIZES = {"desk": {"width": 1400, "height": 900}, "phone": {"width": 390, "height": 800}}
TABLES = ("points", "overviews", "products", "areas", "subareas", "cells", "motions", "models", "glossary")
SQL = "/egms?sql=select+class,+count(*)+as+n,+median(velocity_mm_yr)+as+velocity_mm_yr+from+points+group+by+1"


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


@pytest.fixture(params=SIZES)
def page(request, browser, server):
    """Return a page whose address starts at the server; it may not complain, nor ask anybody else."""
    base = f"http://127.0.0.1:{server.port}"
    context = browser.new_context(viewport=SIZES[request.param], base_url=base)
    page, wrong = context.new_page(), []
    page.on("console", lambda m: m.type in ("error", "warning") and wrong.append(m.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda r: r.url.startswith((f"{base}/", "data:")) or wrong.append(r.url))
    page.is_wide = request.param == "desk"
    yield page
    context.close()
    assert wrong == []


def overflow(page, selector):
    """Return how many pixels of a box lie beyond its side."""
    return page.locator(selector).evaluate("box => box.scrollWidth - box.clientWidth")


@pytest.mark.parametrize("table", TABLES)
def test_a_table_says_what_its_columns_mean_and_its_rows_are_lines(page, table):
    page.goto(f"/egms/{table}?_size=20")
    named = page.locator(".column-descriptions dt").all_inner_texts()
    shown = page.locator("table.rows-and-columns thead th[data-column]")
    columns = [
        name for name in shown.evaluate_all("all => all.map(each => each.dataset.column)") if name != "Link"
    ]
    assert named == columns
    assert overflow(page, "html") == 0 and overflow(page, ".column-descriptions") == 0
    if page.is_wide:
        heights = page.locator("table.rows-and-columns tbody tr").evaluate_all(
            "all => all.map(each => each.offsetHeight)"
        )
        assert max(heights) < 60, max(heights)


def test_an_answer_to_sql_says_what_its_columns_mean(page):
    page.goto(SQL)
    page.wait_for_selector(".column-descriptions")
    assert page.locator(".column-descriptions dt").all_inner_texts() == ["class", "velocity_mm_yr"]
    assert "[mm/yr]" in page.locator(".column-descriptions dd").last.inner_text()


def test_a_row_shows_each_column_with_its_meaning(page):
    page.goto("/egms/areas?_size=1")
    page.locator("table.rows-and-columns tbody a").first.click()
    rows = page.locator("table.egms-row tbody tr")
    assert rows.count() > 20
    meanings = page.locator("table.egms-row td.meaning").all_inner_texts()
    assert len(meanings) == rows.count() and all(meanings)


def test_every_page_leads_to_the_map(page):
    for path in ("/", "/egms", "/egms/points", SQL):
        page.goto(path)
        page.locator("nav .nav-menu summary").click()
        assert page.locator("nav .nav-menu a").first.get_attribute("href") == "/-/map"


def test_every_hook_is_one_that_datasette_finds():
    hooks = {name for name, each in inspect.getmembers(plugin) if hasattr(each, "datasette_impl")}
    assert hooks and hooks == set(egmsql.web.__all__)
