"""Doing one task: run a model's text for one partition, write its rows, judge them.

A task needs the project, a folder and the files it reads, nothing of the lake's state: the same task can
run on another machine that shares the lake's storage.
"""

import concurrent.futures
import contextlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from egmsql.contracts import check_columns
from egmsql.errors import AuditError, EgmsqlError
from egmsql.objects import ObjectPath, brought, moved
from egmsql.state import AuditRecord, as_json, now
from egmsql.storage import is_whole, read_facts, write_parquet
from egmsql.stream import SharedRows
from egmsql.workspace import Interruptible, Workspace, explained

_SAMPLE = 5  # rows of a finding that are kept and shown

running = Interruptible()


@dataclass(frozen=True)
class Reads:
    """Upstream model -> absolute paths of the files that a partition reads."""

    files: dict[str, list[Path]] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What a task left: facts of its file, what its audits found, whether the file was already there."""

    facts: object
    findings: list
    resumed: bool = False


def run_table_task(project, name, partition, reads, target, scratch, settings):
    """Write the rows of model `name` for one partition to `target` and audit them.

    A file that is already there was finished by a run that was stopped later: it is only audited. One that
    is cut short is written again.

    Raises
    ------
    AuditError
        If an audit of severity `error` finds rows; the file is removed if this call wrote it.
    ModelError, LakeError
        If the statement fails, the disk is full or memory does not suffice.
    """
    model = project.models[name]
    resumed = _is_finished(target)
    with _workspace(project, scratch, settings) as workspace:
        if resumed:
            near = brought(target, scratch)
        else:
            workspace.prepare_functions([model])
            listing = project.reading_list_of(model)
            for upstream in project.upstream_tables(model):
                own = partition if upstream == listing else None
                workspace.bind_files(upstream, reads.files[upstream], own)
            workspace.prepare_views([model])
            near = _write(workspace.connection, project, model, target, scratch)
        findings = audit_files(project, workspace, name, partition, {**reads.files, name: [near]})
        _refuse(findings, [] if resumed else [target])  # what was there may be in a reader's catalogue
        return Written(read_facts(near), findings, resumed)


def run_source_tasks(project, source, targets, reads, scratch, settings, progress=None):
    """Write the rows of several models (name -> target) from one reading of a delivered file.

    Returns name -> Written. All or nothing: if the file, a model or an audit fails, none of the targets
    that this call wrote remains.
    """
    missing = [project.models[name] for name, path in targets.items() if not _is_finished(path)]
    written = {}
    with _workspace(project, scratch, settings) as workspace:
        try:
            near = {}
            if missing:
                near = _write_from_source(workspace, project, source, missing, targets, scratch, progress)
            near |= {name: brought(path, scratch) for name, path in targets.items() if name not in near}
            files = {**reads.files, **{name: [path] for name, path in near.items()}}
            for name, path in near.items():
                findings = audit_files(project, workspace, name, source.product, files)
                _refuse(findings, [])
                written[name] = Written(read_facts(path), findings, project.models[name] not in missing)
        except BaseException:
            for model in missing:
                targets[model.name].unlink(missing_ok=True)
            raise
    return written


def audit_records(project, name, partition, files, scratch, settings):
    """Run the audits of model `name` over files that are there already; return their AuditRecords."""
    with _workspace(project, scratch, settings) as workspace:
        return audit_files(project, workspace, name, partition, files)


def audit_files(project, workspace, name, partition, files):
    """Return an AuditRecord for each audit of model `name`, with the rows found in `files`."""
    audits = project.audits_of(name)
    if not audits:
        return []
    workspace.prepare_functions(audits)
    listing = project.reading_list_of(project.models[name])
    for upstream in sorted(set().union(*(project.upstream_tables(a) for a in audits))):
        own = partition if upstream == listing else None
        workspace.bind_files(upstream, files.get(upstream, []), own)
    workspace.prepare_views(audits)
    return [_judge(workspace, audit, partition) for audit in audits]


def _judge(workspace, audit, partition):
    with running.holding(workspace.connection), explained(audit):
        (count,) = workspace.connection.execute(f"select count(*) from ({audit.query})").fetchone()
        sample = "[]"
        if count:
            found = workspace.connection.execute(f"from ({audit.query}) limit {_SAMPLE}").to_arrow_table()
            sample = as_json(found.to_pylist())
    return AuditRecord(audit.name, audit.audits, partition, audit.severity, count, sample, now())


def _refuse(findings, targets):
    broken = [f for f in findings if f.severity == "error" and f.n_rows]
    if not broken:
        return
    for target in targets:
        target.unlink(missing_ok=True)
    first = broken[0]
    rows = "1 row breaks" if first.n_rows == 1 else f"{first.n_rows} rows break"
    wrong = f"{rows} the audit {first.audit} of {first.model}, such as {first.sample}"
    raise AuditError(
        first.partition or "the lake", wrong, "correct the file or the model; what was there before stays"
    )


def _write_from_source(workspace, project, source, models, targets, scratch, progress):
    """Read a delivered file once and let every model write its rows from that reading at the same time.

    Returns name -> where this machine reads what was written.
    """
    connection = workspace.connection
    workspace.bind_row("source.file", source.file_table())
    with SharedRows(source, len(models), progress) as shared:
        connection.register("_delivered", shared.reader(0))
        connection.execute("create or replace view source.rows as select * from _delivered")
        workspace.prepare(models)

        def write(index, model):
            try:
                with connection.cursor() as cursor:
                    cursor.register("_delivered", shared.reader(index))
                    return _write(cursor, project, model, targets[model.name], scratch)
            finally:
                shared.leave(index)

        with concurrent.futures.ThreadPoolExecutor(len(models)) as pool:
            futures = {pool.submit(write, i, m): m.name for i, m in enumerate(models)}
            try:
                return {futures[f]: f.result() for f in concurrent.futures.as_completed(futures)}
            except BaseException as error:
                shared.stop()
                # The reader's own word about the file says more than the queries that it ended.
                if isinstance(error, Exception) and isinstance(shared.error, EgmsqlError):
                    raise shared.error from None
                raise


def _write(connection, project, model, target, scratch):
    """Stream a model's rows into one Parquet file that appears whole or not at all.

    Returns where this machine reads it.
    """
    with running.holding(connection), explained(model):
        columns = {r[0]: r[1] for r in connection.execute(f"describe {model.query}").fetchall()}
        check_columns(model, project.contracts, columns)
        unfinished = scratch / f"{target.stem}-{model.name}.parquet"
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(connection, model.query, columns, unfinished)
        return moved(unfinished, target)


def _is_finished(target):
    """Return whether an earlier run wrote a file; one that is cut short (a power loss) is removed."""
    if not target.exists():
        return False
    if isinstance(target, ObjectPath) or is_whole(target):  # an object appears whole
        return True
    target.unlink()
    return False


@contextlib.contextmanager
def _workspace(project, scratch, settings):
    """Yield a Workspace; the task's folder of unfinished files ends with it."""
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        with Workspace(project, settings, scratch / "spill") as workspace:
            yield workspace
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
