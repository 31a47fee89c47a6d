"""What is installed: everything the commands need, nothing that is not ours to give."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import forge
import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel, built from what git would commit."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    names = [n for n in listed.stdout.decode().split("\0") if n and (ROOT / n).is_file()]
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Return a folder with the wheel's content, as pip would lay it."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed, folder, *arguments):
    """Run the installed command in some folder; the checkout is not on the path."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "egmsql", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_every_model_macro_and_audit_is_inside(installed):
    ours = {p.relative_to(ROOT / "sql").as_posix() for p in (ROOT / "sql").rglob("*.sql")}
    inside = {
        p.relative_to(installed / "egmsql/sql").as_posix() for p in (installed / "egmsql/sql").rglob("*.sql")
    }
    assert inside == ours
    assert {"contracts.txt", "glossary.csv"} <= {p.name for p in (installed / "egmsql" / "sql").iterdir()}


def test_no_data_no_tests_no_documents_are_inside(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    kinds = {Path(name).suffix for name in names if name.startswith("egmsql/")}
    assert kinds == {".py", ".sql", ".txt", ".csv", ".json", ".html", ".css", ".js"}
    assert [n for n in names if n.split("/")[0] not in ("egmsql", "egmsql-0.1.0.dist-info")] == []
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_it_works_from_any_folder(installed, tmp_path):
    path = forge.product().write_zip(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where = run(installed, elsewhere, "sandbox", "none", "features.fits")
    assert where.returncode == 1 and "is no lake" in where.stderr
    for arguments in (
        ["ingest", "../lake", path],
        ["build", "../lake"],
        ["check", "../lake"],
        ["report", "../lake", "--html", "page.html"],
    ):
        done = run(installed, elsewhere, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    shown = run(installed, elsewhere, "lineage", "features.fits.velocity_mm_yr")
    assert "source.rows.displacements" in shown.stdout
    listed = subprocess.run(
        [sys.executable, "-c", "import egmsql; print(egmsql.load_project().folder)"],
        env={**os.environ, "PYTHONPATH": str(installed)}, cwd=elsewhere, capture_output=True, text=True,
    )  # fmt: skip
    assert listed.stdout.strip() == str(installed / "egmsql" / "sql")
