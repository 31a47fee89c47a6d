"""A copy of the catalogue in which a changed model can be tried by hand, with the plain `duckdb` shell."""

import contextlib
import uuid
from pathlib import Path

import duckdb

from egmsql.catalog import write_catalogue
from egmsql.errors import LakeError, ModelError
from egmsql.sources import open_source
from egmsql.storage import quoted

SANDBOX = "sandbox.duckdb"


def sandbox(lake, project, model, source=None):
    """Write `sandbox.duckdb` into the lake and return its path.

    It holds everything before `model`; the model and what follows from it are absent, so their files of
    `sql/` can be run by hand with `.read`. Nothing of it is ever published.

    Parameters
    ----------
    model : str
        The first model to be absent.
    source : path, optional
        A delivered csv, for models that read the file being delivered: `source.rows` becomes DuckDB's own
        reading of it (`read_egms`) and `source.file` its header and XML.
    """
    if model not in project.models:
        raise ModelError(model, "is no model", f"choose one of {', '.join(project.models)}")
    if not isinstance(lake.root, Path):
        raise LakeError(lake.root, "is not on disk, where a sandbox lies", "copy the lake to a folder first")
    if (lake.root / f"{SANDBOX}.wal").exists():
        raise LakeError(lake.root / SANDBOX, "is open in another process", "close that shell first")
    state = lake.load()
    without = frozenset(project.descendants(model))
    unfinished = lake.root / f".{uuid.uuid4().hex}.duckdb"  # not the scratch, which a writer would empty
    try:
        write_catalogue(unfinished, lake, project, state, without=without)
        if source is not None:
            _add_source(unfinished, project, open_source(source), without)
        return unfinished.replace(lake.root / SANDBOX)
    finally:
        unfinished.unlink(missing_ok=True)


def _add_source(path, project, source, without):
    if source.path.suffix.lower() != ".csv":
        raise LakeError(source.path, "is no csv", "unpack it: the plain shell reads csv only")
    with contextlib.closing(duckdb.connect(str(path))) as connection:
        connection.execute("create schema source")
        connection.execute(
            f"create view source.rows as from read_egms({quoted(str(source.path.absolute()))})"
        )
        connection.register("_file", source.file_table())
        connection.execute("create table source.file as from _file")
        for name, model in project.models.items():
            if model.kind == "view" and project.source_tables_of(model) and name not in without:
                connection.execute(model.text)
