"""The benchmarks' own bookkeeping is right: verdicts, rows that are kept, growth and what follows from it."""

import csv
from pathlib import Path

import pytest

BENCH = Path(__file__).with_name("bench")


@pytest.fixture
def results(monkeypatch):
    monkeypatch.syspath_prepend(BENCH)
    import results

    return results


@pytest.fixture
def scale_page(results):
    import scale_page

    return scale_page


def figure(results, **given):
    return results.Figure("part", "what", "size", **{"value": 5.0, "unit": "s"} | given)


def test_the_ratio_is_judged_where_there_is_one_else_the_value(results):
    assert figure(results).verdict == ""
    assert figure(results, goal=5).verdict == "met"
    assert figure(results, goal=5.1).verdict == "MISSED"
    assert figure(results, goal=5.1, at_most=True).verdict == "met"
    assert figure(results, goal=2, ratio=1.9).verdict == "MISSED"
    assert figure(results, goal=2, ratio=1.9, at_most=True).verdict == "met"


def test_each_run_adds_its_rows(results, tmp_path):
    path = tmp_path / "results.csv"
    for value in (1.23456, 2.0):
        run = results.Results()
        run.add("ingest", "from zip", "1,000 points", value, "MB/s", "bare parse", 0.5, 0.85)
        run.write(path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["value"] for row in rows] == ["1.235", "2"]
    assert {row["verdict"] for row in rows} == {"MISSED"}
    assert all(row["machine"] and row["measured_on"] for row in rows)


def taken(*seconds, names=("ingest", "features", "serving")):
    return [
        {"step": n, "seconds": s, "processor": s, "peak": 0, "resumed": False}
        for n, s in zip(names, seconds, strict=True)
    ]


def test_growth_is_the_power_of_the_points(scale_page):
    found = [(1e6, {}, taken(10.0, 20.0, 0.1)), (4e6, {}, taken(10 * 4**1.2, 60.0, 9.0))]
    assert scale_page._growth(found, 0) == pytest.approx(1.2)
    assert scale_page._growth(found, 1) == pytest.approx(0.792, abs=1e-3)
    assert scale_page._growth(found, 2) is None  # a tenth of a second tells nothing


def test_what_lies_ahead_is_a_power_above_one_and_a_straight_line_below(scale_page):
    found = [(1e6, {}, taken(10.0, 20.0, 5.0)), (4e6, {}, taken(10 * 4**1.2, 50.0, 5.0))]
    assert scale_page._ahead(found, 0, 1.2, 100e6) == pytest.approx(10 * 100**1.2)
    assert scale_page._ahead(found, 1, 0.66, 104e6) == pytest.approx(50 + 10 * 100)
    assert scale_page._ahead(found, 2, 0.0, 104e6) == 5.0


def test_the_page_sums_from_files_to_the_web(scale_page):
    held = {"features": 300e6, "serving": 100e6}
    found = [(1e6, held, taken(10.0, 20.0, 5.0)), (4e6, held, taken(40.0, 80.0, 20.0))]
    page = "\n".join(scale_page._page(found, 2))
    assert "| **ingest to web** | 35 | |  | 140 | |  | 100 |" in page
    assert "28,571 points/s from files to the web; the most takes `features`, 57%" in page
