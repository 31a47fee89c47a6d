"""Building a lake: do what the plan says, wave by wave, and publish once.

A wave is one model: its partitions run at the same time, each in a workspace of its own. What a stopped
run finished lies under its final name and is only audited by the next.
"""

import contextlib
import dataclasses
import time
import uuid
from dataclasses import dataclass, field

from egmsql import serving
from egmsql.catalog import is_current, publish
from egmsql.changes import cluster_changes
from egmsql.errors import LakeError, SourceError
from egmsql.places import Cluster, Here, Task
from egmsql.planner import Planner, Step
from egmsql.progress import Silent
from egmsql.settings import Settings
from egmsql.sources import open_source
from egmsql.state import FileRecord, RunRecord, as_json, now
from egmsql.tasks import Reads, run_source_tasks, running

# What DuckDB may hold of one file before it spills. Its merge pins whole partitions of the sorted series
# for each of its threads: with one thread three million points of 206 epochs pass in 256 MiB, with two
# they fail in 384. The reader and the models of a file are threads enough.
_READING_MEMORY = 448 * 2**20


@dataclass
class Outcome:
    """What a command did: runs, warnings found by audits, and what could not be done."""

    runs: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    blocked: list = field(default_factory=list)  # Steps whose delivered file is gone
    errors: list = field(default_factory=list)


class Recorder:
    """Turns finished tasks into the records of a State; the only place that changes one during a run."""

    def __init__(self, lake, project, state, command, refit=False):
        self.lake, self.project, self.state = lake, project, state
        self.planner = Planner(lake, project, state, refit)
        self.outcome = Outcome()
        self.dropped = 0  # files of partitions that are no more
        self.moved = False  # whether a delivered file was found at another path
        self._command, self._run = command, uuid.uuid4().hex[:12]

    def drop(self, keys):
        """Forget files of models or partitions that are no more, with what audits found in them."""
        gone = set(keys)
        self.state.files = {k: r for k, r in self.state.files.items() if k not in gone}
        self.state.audits = {k: a for k, a in self.state.audits.items() if (a.model, a.partition) not in gone}
        self.dropped += len(gone)

    def block(self, name, partition, reason):
        """Leave (model, partition) as it is, for a reason that only the user can lift."""
        self.outcome.blocked.append(Step(name, partition, reason, blocked=True))

    def target(self, name, partition):
        """Return (inputs, fingerprint, path relative to the lake) of (model, partition) as things are now."""
        inputs = self.planner.inputs(name, partition)
        fingerprint = self.planner.fingerprint(inputs, partition)
        kind = self.project.tables[name].partition
        return inputs, fingerprint, self.lake.file_for(name, kind, partition, fingerprint)

    def reads(self, name, partition):
        """Return the Reads of (model, partition): its upstream, and what its audits judge it by."""
        records = self.planner.reads(name, partition)
        for audit in self.project.audits_of(name):
            for upstream in self.project.upstream_tables(audit):
                if upstream not in records and upstream != name:
                    records[upstream] = self.planner.reads_as(upstream, name, partition)
        paths = {up: [self.lake.root / r.path for r in found] for up, found in records.items()}
        return Reads({up: [path for path in found if path.exists()] for up, found in paths.items()})

    def record(self, name, partition, target, written, reason, seconds):
        """Enter what one task wrote; equal rows keep their old file, so nothing follows from them."""
        inputs, fingerprint, path = target
        old = self.state.files.get((name, partition))
        action = "resumed" if written.resumed else "built"
        kept = old and old.content == written.facts.content and (self.lake.root / old.path).exists()
        if kept:
            action = "unchanged"
            if old.path != path and path not in self.state.previous_paths:
                (self.lake.root / path).unlink()
            path = old.path
        facts = dict(vars(written.facts))
        self.state.files[name, partition] = FileRecord(
            model=name,
            partition=partition,
            path=path,
            version=self.project.tables[name].version,
            fingerprint=fingerprint,
            inputs=as_json(inputs),
            built_at=old.built_at if kept else now(),
            **facts,
        )
        self._record_findings(name, partition, written.findings)
        run = RunRecord(
            self._run,
            self._command,
            name,
            partition,
            action,
            reason,
            facts["n_rows"],
            round(seconds, 3),
            now(),
        )
        self.state.runs.append(run)
        self.outcome.runs.append(run)

    def _record_findings(self, name, partition, findings):
        for audit in self.project.audits_of(name):
            self.state.audits.pop((audit.name, partition), None)
        for finding in findings:
            self.state.audits[finding.audit, partition] = finding
            if finding.n_rows and finding.severity == "warning":
                self.outcome.warnings.append(finding)


def build(lake, project, settings=None, models=None, wait=0.0, progress=None, refit=False, scheduler=None):
    """Bring every model of a lake up to date and publish the result; return an Outcome.

    Parameters
    ----------
    lake : Lake
    project : Project
    settings : Settings, optional
        Threads and memory; divided among the tasks that run at once.
    models : list of str, optional
        Build only these and what they need.
    wait : float
        Seconds to wait for another writer.
    refit : bool
        Make models that are held anew where what they read has changed.
    scheduler : str, optional
        Address of a Dask scheduler on whose workers the tasks run; see `places.Cluster`.

    Raises
    ------
    EgmsqlError
        If a task fails or an audit of severity `error` finds rows: nothing is published, and what was
        finished is kept for the next run.
    """
    settings, progress = settings or Settings(), progress or Silent()
    with lake.writing(wait):
        before = lake.load()
        recorder = Recorder(lake, project, before.copy(), "build", refit)
        recorder.drop(k for k in recorder.state.files if k[0] not in project.tables)
        with interruptible(), Cluster(scheduler, settings) if scheduler else Here(settings) as place:
            for name in _wanted(project, models):
                _build_model(recorder, name, place, settings, progress)
        if recorder.outcome.runs or recorder.dropped or not is_current(lake, project):
            publish(lake, project, recorder.state, cluster_changes(lake, before, recorder.state, settings))
        # Texts of models beside the ones that were asked for wait for a whole build.
        by = "content" if models else "whole"
        if not serving.is_current(lake, project, recorder.state, by):
            serving.publish_serving(lake, project, recorder.state, settings)
    return recorder.outcome


@contextlib.contextmanager
def interruptible():
    """Stop running queries on Ctrl-C, so that the command ends at once."""
    try:
        yield
    except KeyboardInterrupt:
        running.interrupt()
        raise


def _wanted(project, models):
    if not models:
        return list(project.tables)
    wanted = set()
    for name in models:
        if name not in project.tables:
            raise LakeError(name, "is no stored model", f"choose among {', '.join(project.tables)}")
        pending = [name]
        while pending:
            name = pending.pop()
            if name not in wanted:
                wanted.add(name)
                pending += project.upstream_tables(project.tables[name])
                defining = project.partitions.get(project.tables[name].partition)
                pending += [defining.name] if defining else []
    return [name for name in project.tables if name in wanted]


def _build_model(recorder, name, place, settings, progress):
    """Run one wave: all partitions of one model that are not up to date."""
    planner = recorder.planner
    due = [(p, planner.reason(name, p)) for p in planner.partitions(name)]
    due = [(p, reason) for p, reason in due if reason is not None]
    present = set(planner.partitions(name))
    recorder.drop(k for k in recorder.state.files if k[0] == name and k[1] not in present)
    if name in recorder.project.source_models:
        _build_from_sources(recorder, name, due, settings, progress)
        return
    if not due:
        return
    wave = place.wave(recorder.project, len(due))
    with progress.tasks(name, len(due)) as advance, wave as (submit, completed, share):
        futures = {}
        for partition, reason in due:
            lost = planner.lost_upstream(name, partition)
            if lost:
                recorder.block(name, partition, f"upstream {lost} is lost and could not be made again")
                continue
            target = recorder.target(name, partition)
            futures[submit(_task(recorder, name, partition, target, share))] = partition, target, reason
        for future in completed(list(futures)):
            partition, target, reason = futures.pop(future)
            written, seconds = future.result()
            recorder.record(name, partition, target, written, reason, seconds)
            advance(1)


def _task(recorder, name, partition, target, share):
    lake, reads = recorder.lake, recorder.reads(name, partition)
    root = lake.root.absolute()
    return Task(root, name, partition, reads, root / target[2], lake.new_scratch().absolute(), share)


def _build_from_sources(recorder, name, due, settings, progress):
    """Read delivered files again, where they still are, for all models that need it."""
    for partition, reason in due:
        if reason.startswith("source missing"):
            recorder.block(name, partition, reason)
            continue
        record = recorder.state.sources[partition]
        try:
            source = open_source(record.path)
        except SourceError as error:
            recorder.block(name, partition, f"source unreadable: {error}")
            continue
        if source.content != record.content:
            recorder.block(name, partition, f"source replaced: ingest {record.path} again ({reason})")
            continue
        read_source(recorder, source, settings, progress)


def read_source(recorder, source, settings, progress, reason=None):
    """Write all models of one delivered file that are not up to date, and record them."""
    product, planner = source.product, recorder.planner
    reasons = {n: reason or planner.reason(n, product) for n in recorder.project.source_models}
    reasons = {n: why for n, why in reasons.items() if planner.reason(n, product) is not None}
    if not reasons:
        return
    targets = {n: recorder.target(n, product) for n in reasons}
    held = {
        n: [recorder.lake.root / r.path for r in recorder.state.files_of(n) if r.partition == product]
        for n in recorder.project.source_models
        if n not in targets
    }
    # More than that only where much is allowed: a file larger than any known may need it.
    memory = max(min(settings.memory, _READING_MEMORY), settings.memory // 2)
    share = dataclasses.replace(settings, threads=1, memory=memory)
    started = time.perf_counter()
    with progress.reading(source.path.name, source.csv_bytes) as advance:
        written = run_source_tasks(
            recorder.project,
            source,
            {n: recorder.lake.root / t[2] for n, t in targets.items()},
            Reads(held),
            recorder.lake.new_scratch(),
            share,
            advance,
        )
    seconds = time.perf_counter() - started
    for name, why in reasons.items():
        recorder.record(name, product, targets[name], written[name], why, seconds)
