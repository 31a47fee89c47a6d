"""`egmsql report`: every number is the answer to a query, and the page needs nothing but itself."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import forge
import numpy as np
import pyarrow as pa
import pytest
from conftest import ROOT

import egmsql
from egmsql.report import pictures, sections, wording
from egmsql.report.page import page, write_page

BIN = Path(sys.executable).parent
VOID = {"meta", "link", "br", "hr", "img", "input", "col", "wbr"}


class Reader(HTMLParser):
    """A page taken apart: tables of cells, ids, links, and tags that do not close."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.ids, self.links, self.fetched, self.wrong, self.text = {}, [], [], [], [], []
        self._open, self._cell, self._label = [], None, None
        self.feed(text)
        self.close()
        self.wrong += self._open

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        for name, value in given.items():
            if tag == "a" and name == "href":
                self.links.append(value)
            elif name in ("src", "srcset", "href", "xlink:href", "data", "action", "poster", "background"):
                self.fetched.append(value)
            elif value and "url(" in value:
                self.fetched += re.findall(r"url\((.*?)\)", value)
        if given.get("role") == "region":
            self._label = given["aria-label"]
        if tag == "tr":
            self.tables.setdefault(self._label, []).append([])
        if tag in ("td", "th"):
            self._cell = []
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.wrong.append(tag)
        if tag in ("td", "th"):
            self.tables[self._label][-1].append(" ".join("".join(self._cell).split()).replace("\u200b", ""))
            self._cell = None

    def handle_data(self, data):
        self.text.append(data)
        if self._cell is not None:
            self._cell.append(data)


@pytest.fixture(scope="module")
def report(real_lake):
    return egmsql.report(real_lake)


@pytest.fixture(scope="module")
def text(report):
    return page(report)


@pytest.fixture(scope="module")
def read(text):
    return Reader(text)


@pytest.fixture
def ask(real_lake):
    with egmsql.connect(real_lake, spatial=False, udfs=False) as connection:
        yield lambda query: connection.sql(query).fetchall()


@pytest.fixture(scope="module")
def small_lake(tmp_path_factory):
    """Return a built lake of one product with three points: too few for anything to be judged."""
    folder = tmp_path_factory.mktemp("small")
    lake = folder / 'a <b>[red] & "c"'
    egmsql.ingest(lake, [forge.product().write_zip(folder)])
    egmsql.build(lake)
    return lake


def run(*arguments):
    command = [BIN / "egmsql", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def shown(value, decimals):
    """Return a number as the page shows it, by Python's own rounding."""
    if value is None:
        return "–"
    text = f"{value:,.{decimals}f}"
    return text.replace("-", "" if not float(text.replace(",", "")) else "−")


def share(value):
    return f"{shown(100 * value, 1)} %"


def test_the_agreement_on_the_page_is_the_model(read, ask):
    columns = "root_mean_square_difference, mean_difference, largest_difference, pearson_r, share_equal"
    for (product,) in ask("select product from observed.products"):
        rows = ask(
            f"select field, is_gnss_corrected, n_points, {columns} from report.agreement where product = '{product}'"
        )
        found = {cells[0]: cells[1:] for cells in read.tables[f"Agreement of {product}"][1:]}
        assert len(found) == len(rows)
        for field, is_corrected, n_points, rmse, bias, largest, r, equal in rows:
            words, unit, _ = wording.FIELDS[field]
            name = ", ".join(part for part in (words, "corrected" if is_corrected else "", unit) if part)
            numbers = [shown(n_points, 0), *(shown(v, 4) for v in (rmse, bias, largest)), shown(r, 5)]
            assert found[name][:6] == [*numbers, share(equal)]


def test_the_products_on_the_page_are_the_model(read, ask):
    rows = ask("select product, n_points, n_epochs, first_epoch, last_epoch from observed.products")
    expected = [
        (p, shown(n_points, 0), str(epochs), f"{first} to {last}")
        for p, n_points, epochs, first, last in rows
    ]
    found = [(c[0], c[4], c[5], c[6]) for c in read.tables["Products"][1:]]
    assert sorted(found) == sorted(expected)


def test_the_figures_beside_the_maps_are_those_of_the_points(read, ask):
    rows = ask(
        "select level, coalesce(direction, 'east'), release,"
        " quantile_cont(velocity_mm_yr, [0.05, 0.5, 0.95]), quantile_cont(rmse_mm, [0.05, 0.5, 0.95]),"
        " quantile_cont(temporal_coherence, [0.05, 0.5, 0.95]),"
        " quantile_cont(residual_correlation_1, [0.05, 0.5, 0.95])"
        " from features.kinematics join observed.products using (product) group by 1, 2, 3"
    )
    assert len(rows) == 3
    for level, look, release, *quantiles in rows:
        cells = read.tables[f"Figures of {level} {look} {release}"][1:]
        for row, values, decimals in zip(cells, quantiles, (1, 1, 2, 2), strict=True):
            assert row[1:] == [shown(value, decimals) for value in values]


def test_shares_of_moving_points_are_those_of_the_points(read, ask):
    whole = " ".join("".join(read.text).split())
    rows = ask(
        "select avg((velocity_mm_yr < -2)::int), avg((velocity_mm_yr > 2)::int)"
        " from features.kinematics group by product"
    )
    for negative, positive in rows:
        assert f"{share(negative)} move faster" in whole
        assert f"{share(positive)} move" in whole


def test_standard_errors_on_the_page_are_medians(read, ask):
    rows = ask(
        "select product, median(velocity_std_mm_yr), median(velocity_sigma_mm_yr),"
        " median(velocity_sigma_mm_yr / velocity_std_mm_yr), median(acceleration_std_mm_yr2),"
        " median(acceleration_sigma_mm_yr2), median(seasonality_std_mm), median(seasonality_sigma_mm),"
        " median(residual_correlation_1) from features.kinematics group by product order by product"
    )
    expected = [
        [p, *(shown(v, d) for v, d in zip(values, (3, 3, 2, 3, 3, 3, 3, 2), strict=True))]
        for p, *values in rows
    ]
    assert read.tables["Standard errors"][2:] == expected


def test_audits_models_and_runs_on_the_page_are_the_bookkeeping(read, ask):
    audits = dict(ask("select replace(audit, '_', ' '), count(*) from _audits group by all"))
    found = {c[0].lower(): c[2:5] for c in read.tables["Audits"][1:]}
    assert found == {name: [str(n), "0", "0"] for name, n in audits.items()}
    models = ask("select model, version::varchar from _models where layer >= 20")
    assert {(c[0], c[1]) for c in read.tables["Models"][1:]} == set(models)
    rows = dict(ask("select model, sum(n_rows)::bigint from _files group by model"))
    stored = {c[0]: c[3] for c in read.tables["Models"][1:] if c[3] != "view"}
    # A model without a partition, such as one that joins releases where there is one release, has no file.
    assert {m: n for m, n in stored.items() if m in rows or n != "0"} == {
        m: shown(n, 0) for m, n in rows.items()
    }
    (n_runs,) = ask("select count(distinct run) from _runs")[0]
    assert len(read.tables["Runs"]) - 1 == min(10, n_runs)


def test_the_real_lake_meets_the_goals(report):
    judged = [row for row in report.answers["agreement"] if row["is_met"] is not None]
    assert len(judged) == 23 and all(row["is_met"] for row in judged)
    velocities = [row for row in judged if row["field"] == "mean_velocity"]
    assert [row["root_mean_square_difference"] <= 0.030 for row in velocities] == [True] * 3


def test_the_text_says_what_the_page_says(report, read):
    lines = [" ".join(line.split()) for line in str(report).splitlines()]
    for label, rows in read.tables.items():
        if label.startswith("Agreement of "):
            for _, _, *numbers in rows[1:]:
                assert any(line.endswith(" ".join(numbers)) for line in lines), numbers
    assert wording.headline(report.answers["agreement"]) in lines


def test_every_question_runs_in_the_plain_shell(real_lake):
    for path in sorted((sections.HERE / "questions").glob("*.sql")):
        command = [BIN / "duckdb", "-bail", "-readonly", real_lake / "egmsql.duckdb", "-c", f".read '{path}'"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"{path.name}\n{done.stderr}"


def test_questions_and_parts_are_those_of_the_sections():
    asked = {"lake", *(name for section in sections.SECTIONS for name in section.questions)}
    assert asked == {path.stem for path in (sections.HERE / "questions").glob("*.sql")}
    frame = {"page", "summary", "unknown"}
    parts = {path.stem for path in (sections.HERE / "parts").glob("*.html")}
    assert parts == frame | {section.name for section in sections.SECTIONS}


def test_the_page_is_well_formed(text, read):
    assert text.startswith("<!DOCTYPE html>") and not read.wrong
    assert len(read.ids) == len(set(read.ids))
    drawn = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(drawn) == 3 * 5 + 2 * 2
    for picture in drawn:
        assert ElementTree.fromstring(picture).get("aria-label")
    assert not re.findall(r"[^\w](?:nan|None|inf)[^\w]", "".join(read.text))


def test_the_page_asks_for_nothing_but_itself(text, read):
    inside = {f"#{name}" for name in read.ids}
    assert all(link in inside or link.startswith("https://") for link in read.links)
    assert all(found in inside or found.startswith("data:image/png;base64,") for found in read.fetched)
    style = "".join(re.findall(r"<style.*?>(.*?)</style>", text, re.DOTALL))
    assert "@import" not in style and "url(" not in style and "<script" not in text


def test_the_same_lake_gives_the_same_page(real_lake, text, tmp_path):
    copy = tmp_path / real_lake.name
    shutil.copytree(real_lake, copy)
    assert page(egmsql.report(copy, settings=egmsql.Settings(threads=1))) == text


def test_names_are_shown_as_they_are_and_never_obeyed(small_lake):
    found = egmsql.report(small_lake)
    text = page(found)
    assert "a &lt;b&gt;[red] &amp; &#34;c&#34;" in text and "<b>" not in text
    assert not Reader(text).wrong
    assert str(found).startswith('a <b>[red] & "c": 1 products')


def test_of_a_few_points_nothing_is_judged(small_lake):
    found = egmsql.report(small_lake)
    assert all(row["is_met"] is None for row in found.answers["agreement"])
    assert "No goal could be judged" in str(found) and "No goal could be judged" in page(found)


def test_it_is_said_where_only_some_points_were_looked_at(report):
    answers = {
        name: [{**row, "every": 60} if "every" in row else row for row in rows]
        for name, rows in report.answers.items()
    }
    whole = " ".join(Reader(page(sections.Report("large", report.sections, answers))).text)
    assert "ne point in 60" not in page(report)
    assert whole.count("ne point in 60") == 3 + 1 + 1  # each map's figures, the scatter, the errors


def test_a_section_without_its_model_is_left_out(report):
    for section in report.sections:
        answers = {name: report.answers[name] for name in ("lake", *section.questions)}
        read = Reader(page(sections.Report("alone", (section,), answers)))
        assert not read.wrong
        assert [i for i in read.ids if i in {s.name for s in sections.SECTIONS}] == [section.name]


def test_goals_are_those_of_the_audit():
    """On made-up agreement, near every limit, the report misses exactly what the audit finds."""
    random = np.random.default_rng(7)
    n = 4000
    rows = pa.table(
        {
            "product": [f"P{i % 400}" for i in range(n)],
            "field": random.choice([*wording.FIELDS], n),
            "is_gnss_corrected": random.random(n) < 0.3,
            "n_points": random.integers(98, 103, n),
            "root_mean_square_difference": random.choice([0.029, 0.030, 0.031], n),
            **dict.fromkeys(("mean_difference", "largest_difference", "pearson_r"), random.random(n)),
            "share_equal": random.choice([0.82, 0.83, 0.84, 0.92, 0.94, 0.96, 0.97, 0.98, 0.99, 1.0], n),
        }
    )
    audit = (ROOT / "sql" / "audits" / "statistics_agree_with_egms.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute("create schema report")
        connection.register("made_up", rows)
        connection.execute(
            "create table report.agreement as select * from made_up"
            " qualify row_number() over (partition by product, field, is_gnss_corrected) = 1"
        )
        found = {row[:3] for row in connection.execute(audit).fetchall()}
        reported = connection.sql(sections.question("agreement").rstrip("; \n"))
        missed = set(reported.filter("not is_met").project("product, field, is_gnss_corrected").fetchall())
    assert found == missed and len(found) > 500


@pytest.mark.parametrize("extent", [3e3, 9.9e4, 4e6])
def test_a_map_has_few_cells_however_large_the_lake(extent):
    with duckdb.connect() as connection:
        connection.execute("create schema observed")
        connection.execute(
            "create table observed.products as select 'P' as product, 'L2b' as level, 'LOS' as component,"
            " 'ascending' as direction, '2020_2024' as release, 1e6 as easting_min, 1e6 + $1 as easting_max,"
            " 1e6 as northing_min, 1e6 + $1 / 3 as northing_max",
            [extent],
        )
        connection.execute(
            "create table observed.points as select 'P' as product, -1.5 as mean_velocity,"
            " 1e6 + $1 * (i % 1000) / 1000 as easting, 1e6 + $1 * (i // 1000) / 600 as northing"
            " from range(200000) t(i)",
            [extent],
        )
        cells = connection.execute(sections.question("cells")).to_arrow_table().to_pylist()
    assert sum(cell["n_points"] for cell in cells) == 200_000
    assert {cell["mean_velocity"] for cell in cells} == {-1.5}
    columns = [cell["column_number"] for cell in cells]
    assert max(columns) - min(columns) <= 170
    assert cells[0]["cell"] >= 100
    assert "<svg" in pictures.velocity_map(cells, "m", "Map", 5.0, wording.signs("ascending"))


def test_many_products_are_told_together_and_those_that_miss_come_first(report):
    row = report.answers["agreement"][0]
    many = [{**row, "product": f"P{i:03d}", "is_met": i != 77} for i in range(100)]
    first, left = wording.by_product(many)
    assert first[0][0] == "P077" and len(first) == 12 and left == 88
    answers = {**report.answers, "agreement": many}
    read = Reader(page(sections.Report("many", report.sections, answers)))
    assert "Agreement by level" in read.tables and "Agreement of P077" in read.tables
    assert "1 of 100 goals" in wording.headline(many)


def test_a_product_read_after_the_build_is_said(small_lake, tmp_path):
    lake = tmp_path / "lake"
    shutil.copytree(small_lake, lake)
    egmsql.ingest(lake, [forge.product(level="L3").write_zip(tmp_path)])
    found = egmsql.report(lake)
    assert found.lake["n_products_not_built"] == 1
    assert "not built yet" in str(found) and "Not everything is built" in page(found)


def test_errors_are_one_line_that_says_what_to_do(tmp_path, small_lake):
    lake = tmp_path / "lake"
    egmsql.ingest(lake, [forge.product().write_zip(tmp_path)])
    unbuilt, none = run("report", lake), run("report", tmp_path / "none")
    page_nowhere = run("report", small_lake, "--html", tmp_path / "no" / "folder.html")
    for done, words in (
        (unbuilt, f"run `egmsql build {lake}`"),
        (none, "is no lake"),
        (page_nowhere, "cannot be written (No such file or directory)"),
    ):
        assert done.returncode == 1 and words in done.stderr and done.stderr.count("\n") == 1
    egmsql.remove(lake, egmsql.connect(lake).sql("select product from observed.products").fetchone()[0])
    with pytest.raises(egmsql.LakeError, match="holds no product"):
        egmsql.report(lake)


def test_a_lost_file_is_said(small_lake, tmp_path):
    lake = tmp_path / "lake"
    shutil.copytree(small_lake, lake)
    for path in (lake / "features" / "kinematics").rglob("*.parquet"):
        path.unlink()
    with pytest.raises(egmsql.LakeError, match="egmsql check"):
        egmsql.report(lake)


def test_a_page_is_written_whole_or_not_at_all(report, tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    path.write_text("before")
    with pytest.raises(egmsql.SettingError, match="cannot be written"):
        write_page(report, tmp_path)  # a folder

    def fails(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fails)
        with pytest.raises(egmsql.SettingError, match="No space left"):
            write_page(report, path)
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]
    write_page(report, path)
    assert path.read_text().startswith("<!DOCTYPE html>") and list(tmp_path.iterdir()) == [path]


def test_the_command_prints_plain_text_to_a_pipe_and_writes_the_page(small_lake, tmp_path):
    done = run("report", small_lake, "--html", tmp_path / "page.html", "--threads", "1", "--memory", "256MiB")
    assert done.returncode == 0 and not done.stderr
    assert "\x1b" not in done.stdout and "Rules that the lake keeps" in done.stdout
    assert done.stdout.endswith(f"page: {tmp_path / 'page.html'}\n")
    assert not Reader((tmp_path / "page.html").read_text()).wrong
