"""Shared fixtures: the real files, a lake of them, and where tests may not be skipped."""

import os
import shutil
from pathlib import Path

import pytest

import egmsql
from egmsql import project

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("EGMSQL_DATA", ROOT.parent / "shared" / "data"))


def skip_or_fail(reason):
    """Skip by name; where EGMSQL_NO_SKIPS is set, as in .ci/run, a skip is a failure."""
    if os.environ.get("EGMSQL_NO_SKIPS"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def ustica():
    """Return the folder of the real Ustica files."""
    folder = DATA / "ustica"
    if not folder.is_dir():
        skip_or_fail(f"no real files in {folder}: set EGMSQL_DATA")
    return folder


@pytest.fixture(scope="module")
def first_models(tmp_path_factory):
    """Let the installed models be those down to features.fits, so that laws of the runner name few steps."""
    folder = tmp_path_factory.mktemp("first") / "sql"
    shutil.copytree(egmsql.load_project().folder, folder)
    for path in folder.glob("[4-9]?_*/*.sql"):
        if path.stem != "fits":
            path.unlink()
    for audit in egmsql.load_project().audits:
        if audit.audits not in ("observed.points", "series.displacement", "features.fits"):
            (folder / "audits" / audit.path.name).unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "sql_folder", lambda: folder)
        yield folder


@pytest.fixture(scope="session")
def real_lake(ustica, tmp_path_factory):
    """Return a lake with the real files, built; tests only read it."""
    lake = tmp_path_factory.mktemp("real") / "lake"
    done = egmsql.ingest(lake, [ustica])
    assert not done.errors
    egmsql.build(lake)
    return lake


@pytest.fixture(scope="session")
def real_site(real_lake):
    """Return the real lake, served; SQL is on."""
    from websites import Site

    site = Site(real_lake)
    yield site
    site.close()
