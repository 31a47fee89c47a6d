"""The documentation: every block runs, everything a user can name is in it, the reference is the code's."""

import contextlib
import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT
from egmsql.udfs import registry
from websites import Server

import egmsql
from egmsql import errors
from egmsql.cli import cli

BIN = Path(sys.executable).parent
CHAPTERS = sorted(p for p in ROOT.glob("*/README.md") if not p.parent.name.startswith("."))
DOCUMENTS = [ROOT / "README.md", *CHAPTERS, *sorted(ROOT.glob("docs/*.md"))]
REFERENCE = ROOT / "docs" / "reference"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = {"text", "mermaid"}  # blocks to look at
NOT_RUN = ("make", "git clone")
TARGETS = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def name_of(document):
    return document.relative_to(ROOT).as_posix()


def blocks_of(document):
    text = document.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 2
        yield f"{name_of(document)}, line {line}", match[1], match[2]


@pytest.fixture
def desk(tmp_path, ustica, monkeypatch):
    """Return a folder like a checkout, with real zips in ~/Downloads, made the working directory."""
    downloads = tmp_path / "home" / "Downloads"
    downloads.mkdir(parents=True)
    for path in [*ustica.glob("*.zip"), *ustica.glob("*.md5")]:
        shutil.copy(path, downloads)
    folder = tmp_path / "desk"
    skip = shutil.ignore_patterns("__pycache__", ".spill")
    shutil.copytree(ROOT / "sql", folder / "sql", ignore=skip)
    shutil.copytree(ROOT / "docs", folder / "docs")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(folder)
    return folder


def run(where, command):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600)
    assert done.returncode == 0, f"{where}\n{done.stdout}\n{done.stderr}"


def run_shell(where, block):
    """Run a block as one script; make and git clone are only looked at."""
    script = []
    for line in block.splitlines():
        if line.startswith(NOT_RUN):
            check_make(where, line)
        else:
            script.append(line)
    run(where, ["bash", "-euxo", "pipefail", "-c", "\n".join(script)])


def check_make(where, line):
    words = shlex.split(line, comments=True)
    if words[0] == "make":
        unknown = [word for word in words[1:] if "=" not in word and word not in TARGETS]
        assert not unknown, f"{where}: no target {unknown} in the Makefile"


def run_sql(where, block):
    run(where, ["duckdb", "-bail", "-readonly", "lake/egmsql.duckdb", "-c", block])


def run_python(where, block):
    exec(compile(block, where, "exec"), {"__name__": "docs"})


RUNNERS = {"sh": run_shell, "console": run_shell, "sql": run_sql, "python": run_python}


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_block_runs_in_the_order_of_its_document(document, desk, real_lake):
    if document.parent != ROOT:  # the README makes its own lake
        shutil.copytree(real_lake, desk / "lake")
    with served(document, desk / "lake") as at_its_port:
        for where, language, block in blocks_of(document):
            if language in SHOWN:
                continue
            assert language in RUNNERS, f"{where}: a block of {language or 'no language'} cannot be run"
            RUNNERS[language](where, at_its_port(block))


@contextlib.contextmanager
def served(document, lake):
    """Serve the lake while a document that asks port 8001 is run; yield what puts the true port into a block."""
    if "http://127.0.0.1:8001" not in document.read_text(encoding="utf-8"):
        yield lambda block: block
        return
    server = Server(lake)
    try:
        yield lambda block: block.replace("127.0.0.1:8001", f"127.0.0.1:{server.port}")
    finally:
        server.close()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_block_ends(document):
    fences = re.findall(r"^```", document.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(fences) == 2 * len(list(blocks_of(document)))


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CHANGELOG.md"], ids=name_of)
def test_links_lead_to_files(document):
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8"))
    broken = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not broken


def test_the_reference_is_what_the_code_says_now(tmp_path):
    run("make docs", [sys.executable, "-m", "egmsql.reference", str(tmp_path)])
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in REFERENCE.iterdir()}
    stale = sorted(name for name in {*written, *kept} if written.get(name) != kept.get(name))
    assert not stale, "run `make docs`"


def test_the_reference_says_it_is_written():
    for path in REFERENCE.iterdir():
        assert path.read_text(encoding="utf-8").startswith("Written by `make docs`; do not edit.\n"), path


def test_the_reference_knows_the_errors_of_every_module():
    """Errors are found by reading the source: each class has rows, and none is a mere placeholder."""
    text = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    for part in text.split("\n## ")[1:]:
        assert part.count("\n| ") > 2, part.splitlines()[0]
    assert "{wrong}" not in text
    assert "such as 2GiB or 500MB" in text


def nameable():
    project = egmsql.load_project()
    yield from (f"egmsql {name}" for name in cli.commands)
    yield from (f"`{name}`" for name in project.models)
    yield from (f"`{name}`" for name in registry())
    yield from (name for name, kind in vars(errors).items() if inspect.isclass(kind))
    yield from (f"make {target}" for target in TARGETS)


@pytest.mark.parametrize("name", list(nameable()))
def test_what_a_user_can_name_is_in_the_documents_written_by_hand(name):
    pattern = re.escape(name) + (r"\b" if name[-1].isalnum() else "")
    assert any(re.search(pattern, document.read_text(encoding="utf-8")) for document in DOCUMENTS)


def test_macros_and_audits_are_in_the_reference():
    project = egmsql.load_project()
    headings = {
        page: re.findall(r"^## (\S+)$", (REFERENCE / page).read_text(encoding="utf-8"), re.MULTILINE)
        for page in ("macros.md", "audits.md", "models.md")
    }
    assert headings["macros.md"] == sorted(project.macros)
    assert headings["audits.md"] == [audit.name for audit in project.audits]
    assert headings["models.md"] == list(project.models)


def test_bookkeeping_tables_are_in_docs_lake(real_lake):
    connection = egmsql.connect(real_lake, spatial=False, udfs=False)
    tables = connection.execute("select table_name from duckdb_tables() where table_name[1] = '_'").fetchall()
    connection.close()
    text = (ROOT / "docs" / "lake.md").read_text(encoding="utf-8")
    assert not [name for (name,) in tables if f"`{name}`" not in text]


def test_third_party_names_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]]
    text = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8")
    assert not [name for name in names if f"| {name} |" not in text]


def contract_columns():
    return {column for contract in egmsql.load_project().contracts.values() for column in contract.columns}


def test_the_glossary_explains_every_column():
    unexplained = contract_columns() - set(egmsql.load_project().glossary)
    assert not sorted(unexplained)


def test_the_glossary_explains_nothing_else():
    unused = set(egmsql.load_project().glossary) - contract_columns()
    assert not sorted(unused)
