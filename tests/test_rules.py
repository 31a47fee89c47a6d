"""Our own rules about the tree: who imports whom, sizes, words that must not be committed."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sorted(
    p for folder in ("egmsql", "udfs", "datasette_plugins") for p in (ROOT / folder).rglob("*.py")
)
UDF_MAY_IMPORT = {
    *("numpy", "scipy", "sklearn", "numba", "threadpoolctl", "pyarrow"),
    *("egmsql.udfs.contract", "egmsql.udfs.kernels"),
}
STANDARD_IN_UDFS = {
    "ast",
    "collections.abc",
    "concurrent.futures",
    "dataclasses",
    "functools",
    "hashlib",
    "importlib",
    "inspect",
    "itertools",
    "pkgutil",
    "re",
    "math",
    "pathlib",
    "collections",
    "typing",
}


def imports(path):
    """Return the dotted names that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    return found


def ours(path):
    """Return the modules of egmsql that a module imports, without the package's name."""
    names = {name.removeprefix("egmsql.") for name in imports(path) if name and name.startswith("egmsql")}
    return {name.split(".")[0] for name in names}


def closure(module):
    """Return every module of egmsql that one reaches by imports."""
    seen, pending = set(), [module]
    while pending:
        name = pending.pop()
        path = ROOT / "egmsql" / f"{name}.py"
        if name not in seen and path.exists():
            seen.add(name)
            pending += ours(path)
    return seen


def test_udfs_import_only_the_scientific_stack_and_the_contract():
    for path in (ROOT / "udfs").rglob("*.py"):
        foreign = imports(path) - STANDARD_IN_UDFS
        assert {
            name for name in foreign if not any(name == a or name.startswith(f"{a}.") for a in UDF_MAY_IMPORT)
        } == set()


@pytest.mark.parametrize("module", ["models", "contracts", "project"])
def test_reading_models_never_needs_duckdb(module):
    for name in closure(module):
        assert "duckdb" not in imports(ROOT / "egmsql" / f"{name}.py"), name


def test_imports_point_from_the_command_line_down_to_the_models():
    assert {"builder", "ingestion", "upkeep"} & closure("planner") == set()
    assert {"planner", "builder", "catalog", "lake"} & closure("tasks") == set()
    assert {"cli", "api"} & (closure("builder") | closure("ingestion") | closure("upkeep")) == set()


def test_the_web_reads_and_never_builds():
    """Neither Python functions nor the runner; and the worker nothing of ours but its guard."""
    for path in (ROOT / "datasette_plugins").glob("*.py"):
        names = {name for name in imports(path) if name and name.startswith("egmsql")}
        reached = set().union(*(closure(n.split(".")[1]) for n in names if not n.startswith("egmsql.web")))
        assert {
            "udfs",
            "builder",
            "ingestion",
            "tasks",
            "workspace",
            "catalog",
            "planner",
            "api",
        } & reached == set(), path
        assert not [n for n in names if n.startswith("egmsql.udfs")], path
    foreign = imports(ROOT / "datasette_plugins" / "guard.py") | imports(
        ROOT / "datasette_plugins" / "worker.py"
    )
    assert {n for n in foreign if n.startswith(("egmsql", "datasette", "numpy", "pyarrow"))} == {
        "egmsql.web.guard"
    }


def test_the_web_may_be_imported_before_datasette():
    """Datasette loads us as a plugin; an import of ours that loads its plugins would find us half made."""
    script = "import sys, egmsql.web.plugin; sys.exit('datasette.plugins' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_only_the_shell_and_the_command_line_talk_to_the_terminal():
    for path in PYTHON:
        if path.name not in ("shell.py", "cli.py"):
            calls = [
                n.func.id
                for n in ast.walk(ast.parse(path.read_text()))
                if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
            ]
            assert "print" not in calls, path


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_modules_and_functions_stay_small_and_public_names_are_documented(path):
    text = path.read_text()
    assert text.count("\n") <= 310
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            documented = ast.get_docstring(node) or ""
            assert node.end_lineno - node.lineno - documented.count("\n") < 50, node.name
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")]
    for node in [*tree.body, *(member for each in classes for member in each.body)]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            assert node.name.startswith("_") or ast.get_docstring(node), node.name


def tracked():
    """Return the files that git tracks or would; outside a checkout all of the tree's own."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_machine_path_or_registry_host_is_committed():
    words = [
        "/wo" + "rk/",
        "/tmp/bash" + "_jobs",
        "files.python" + "hosted",
        "py" + "pi.org",
        "registry.npm" + "js",
        "deb.deb" + "ian",
    ]
    for path in tracked():
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert [word for word in words if word in text] == [], path


def test_no_delivered_file_is_committed():
    assert [
        p
        for p in tracked()
        if p.suffix.lower() in (".zip", ".tiff", ".parquet", ".duckdb", ".csv") and p.name != "glossary.csv"
    ] == []


def test_every_sql_file_is_lower_case_with_four_spaces_and_no_select_star_after_staging():
    for path in sorted((ROOT / "sql").rglob("*.sql")):
        code = "\n".join(re.sub(r"--.*", "", line) for line in path.read_text().splitlines())
        code = re.sub(r"'[^']*'", "''", code)
        assert "\t" not in code, path
        assert re.search(r"\b(SELECT|FROM|WHERE|JOIN|GROUP|ORDER|CREATE)\b", code) is None, path
        layer = path.parent.name
        if layer[:2].isdigit() and int(layer[:2]) > 20:
            assert "select *" not in code, path


def test_versions_are_pinned_exactly_and_without_hosts():
    lines = [
        line
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", line)] == []
    pins = dict(line.lower().replace("_", "-").split("==") for line in lines)
    assert pins["duckdb"] == pins["duckdb-cli"] == pins["duckdb-extension-spatial"]
