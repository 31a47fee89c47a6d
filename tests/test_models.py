"""Reading `sql/`: the shipped tree keeps its rules, and a broken file is told in one line."""

import shutil
import textwrap

import pytest

import egmsql
from egmsql.errors import ModelError
from egmsql.lineage import lineage_of
from egmsql.models import read_model

HEADER = "-- What a row tells.\n--\n-- version: 1\n-- grain:   pid\n\n"


def model(folder, place, text):
    """Write one file of a project."""
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def refusal(folder):
    with pytest.raises(ModelError) as caught:
        egmsql.load_project(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"{folder}/", "")


def table(name, query="select 1 as pid", header=HEADER):
    return f"{header}create or replace table {name} as\n\n{query}\n;\n"


def test_the_shipped_models_stand_upstream_first():
    project = egmsql.load_project()
    seen = set()
    for name, found in project.models.items():
        assert found.reads <= seen | {"source.rows", "source.file"}
        seen.add(name)
    assert list(project.tables) == sorted(project.tables, key=lambda n: project.tables[n].layer)


def test_the_shipped_contracts_are_what_duckdb_describes():
    project = egmsql.load_project()
    assert egmsql.infer_contracts(project) == project.contracts


def test_every_shipped_file_has_header_version_and_grain():
    for found in egmsql.load_project().models.values():
        assert found.description.endswith(".")
        assert found.grain
        assert set(found.grain) <= set(egmsql.load_project().contracts[found.name].columns)


def test_the_query_is_the_text_after_as_to_the_letter(tmp_path):
    text = table("features.one", "select 'ä as;' as pid,   -- a comment → kept\n    2  as  b")
    found = read_model(model(tmp_path, "40_features/one.sql", text), 40, "features.one")
    assert found.query == "select 'ä as;' as pid,   -- a comment → kept\n    2  as  b"
    assert found.comments == {"pid": "a comment → kept"}


def test_the_digest_ignores_comments_and_layout_but_not_a_constant(tmp_path):
    def digest(query):
        return read_model(
            model(tmp_path, "40_features/one.sql", table("features.one", query)), 40, "features.one"
        ).digest

    assert digest("select 1 as pid") == digest("select -- why\n    1\n    as pid")
    assert digest("select 1 as pid") != digest("select 2 as pid")


def test_reading_a_higher_or_the_same_layer_is_refused(tmp_path):
    model(tmp_path, "80_clusters/members.sql", table("clusters.members"))
    model(
        tmp_path,
        "40_features/kinematics.sql",
        table("features.kinematics", "select pid from clusters.members"),
    )
    assert refusal(tmp_path) == (
        "40_features/kinematics.sql: reads clusters.members of layer 80; "
        "a model may only read lower layers than its own (40)"
    )
    model(tmp_path, "80_clusters/members.sql", table("clusters.members", "select pid from clusters.other"))
    model(tmp_path, "80_clusters/other.sql", table("clusters.other"))
    model(tmp_path, "40_features/kinematics.sql", table("features.kinematics"))
    assert "reads clusters.other of layer 80; a model may only read lower layers" in refusal(tmp_path)


REFUSED = {
    "an unknown key": (
        "40_features/one.sql",
        table("features.one", header="-- A row.\n--\n-- version: 1\n-- owner: me\n\n"),
        "40_features/one.sql: unknown header key 'owner'; known keys of a model: version, grain, partition, stored, defines",
    ),
    "no header": (
        "40_features/one.sql",
        table("features.one", header=""),
        "has no header; say in the first line",
    ),
    "a bad version": (
        "40_features/one.sql",
        table("features.one", header="-- A row.\n--\n-- version: 1.2\n\n"),
        "version '1.2' is not a whole number from 1; count versions 1, 2, 3",
    ),
    "another target": (
        "40_features/one.sql",
        table("features.two"),
        "creates features.two; a file creates what its path says",
    ),
    "two statements": (
        "40_features/one.sql",
        table("features.one") + "select 2;",
        "holds 2 statements; keep one statement a file",
    ),
    "a bare name": (
        "40_features/one.sql",
        table("features.one", "select pid from points"),
        "reads points, which is no CTE of it",
    ),
    "an unknown model": (
        "40_features/one.sql",
        table("features.one", "select pid from observed.points"),
        "reads observed.points, which no model creates; correct the name or add the model",
    ),
    "no layer": ("loose/one.sql", table("features.one"), "loose/one.sql: lies in no layer"),
    "not SQL": ("40_features/one.sql", table("features.one", "select from where ("), "cannot be read as SQL"),
    "a pivot": (
        "40_features/one.sql",
        HEADER + "create or replace table features.one as\npivot x on y using sum(z)\n;\n",
        "a pivot goes into a CTE",
    ),
    "an insert": (
        "40_features/one.sql",
        HEADER + "insert into features.one values (1);",
        "is neither a model, nor a macro",
    ),
    "an unknown partition": (
        "40_features/one.sql",
        table("features.one", header="-- A row.\n--\n-- version: 1\n-- partition: tile\n\n"),
        "partition 'tile' is unknown; known: product; another kind needs a model with `defines: tile`",
    ),
    "an unknown store": (
        "40_features/one.sql",
        table("features.one", header="-- A row.\n--\n-- version: 1\n-- stored: cloud\n\n"),
        "stored 'cloud' is unknown; choose one of files, catalogue",
    ),
    "a source model without partition": (
        "20_observed/one.sql",
        table("observed.one", "select pid from source.rows"),
        "reads the file being delivered; such a model has `partition: product`",
    ),
    "a view that calls a UDF": (
        "40_features/one.sql",
        table("features.one", "select fit_weights([], []) as pid").replace("table", "view"),
        "is a view that calls the UDF fit_weights; call it in a table",
    ),
    "an audit of nothing": (
        "audits/one.sql",
        "-- A rule.\n--\n-- severity: error\n-- audits:   features.gone\n\nselect 1 where false\n;\n",
        "audits features.gone; name the model it judges",
    ),
    "an unknown severity": (
        "audits/one.sql",
        "-- A rule.\n--\n-- severity: bad\n\nselect 1 where false\n;\n",
        "severity 'bad' is unknown; choose one of error, warning",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_broken_file_is_refused_in_one_line(tmp_path, case):
    place, text, expected = REFUSED[case]
    model(tmp_path, place, text)
    assert expected in refusal(tmp_path)


def test_a_changed_column_breaks_the_contract_until_the_version_is_raised(tmp_path):
    import shutil

    folder = tmp_path / "sql"
    shutil.copytree(egmsql.load_project().folder, folder)
    path = folder / "92_report" / "agreement.sql"
    path.write_text(path.read_text().replace("as pearson_r", "as r"))
    project = egmsql.load_project(folder)
    changed = egmsql.infer_contracts(project)["report.agreement"]
    from egmsql.contracts import check_columns

    with pytest.raises(ModelError, match=r"breaks the contract of version 1 in pearson_r, r; raise"):
        check_columns(project.models["report.agreement"], project.contracts, changed.columns)


def test_two_files_that_create_one_model_are_refused(tmp_path):
    folder = shutil.copytree(egmsql.load_project().folder, tmp_path / "sql")
    (folder / "44_features").mkdir()
    shutil.copy(folder / "42_features" / "kinematics.sql", folder / "44_features")
    with pytest.raises(
        ModelError, match=r"creates features.kinematics, as .*kinematics.sql does; delete one of them"
    ):
        egmsql.load_project(folder)


def test_the_shipped_lineage_is_what_the_models_say_now():
    project = egmsql.load_project()
    assert lineage_of(project) == lineage_of(project, known={}), "run `egmsql --sql sql contracts --write`"
    keys = {
        line.split()[0]: line
        for line in (project.folder / "lineage.txt").read_text().splitlines()
        if line[:1].strip()
    }
    assert list(keys) == list(project.contracts)


def test_a_changed_model_s_lineage_is_found_again(tmp_path):
    folder = shutil.copytree(egmsql.load_project().folder, tmp_path / "sql")
    path = folder / "42_features" / "kinematics.sql"
    path.write_text(
        path.read_text().replace("    ols_velocity_mm_yr\n", "    rmse_mm as ols_velocity_mm_yr\n")
    )
    found = {row[1:] for row in lineage_of(egmsql.load_project(folder)) if row[0] == "features.kinematics"}
    assert ("ols_velocity_mm_yr", "features.fits", "rmse_mm") in found
    assert ("ols_velocity_mm_yr", "features.fits", "ols_velocity_mm_yr") not in found


def test_lineage_follows_a_value_to_the_delivered_file():
    rows = {(m, c) for _, m, c in egmsql.trace(egmsql.load_project(), "features.fits", "velocity_mm_yr")}
    assert {
        ("series.displacement", "displacements"),
        ("source.rows", "displacements"),
        ("source.file", "epochs"),
    } <= rows
    assert ("observed.points", "easting") not in rows


@pytest.mark.parametrize(
    ("name", "column", "expected"),
    [
        ("features.none", "x", "features.none: is no model"),
        ("features.fits", "x", "features.fits.x: is no column"),
    ],
)
def test_lineage_of_what_is_not_there(name, column, expected):
    with pytest.raises(ModelError, match=expected):
        egmsql.trace(egmsql.load_project(), name, column)
