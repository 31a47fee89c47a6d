"""Taking delivered files into a lake: which of them count, reading them, publishing what went well."""

import concurrent.futures
import glob
import time
from dataclasses import dataclass, field
from pathlib import Path

from egmsql.builder import Outcome, Recorder, interruptible, read_source
from egmsql.catalog import publish
from egmsql.errors import EgmsqlError, SourceError
from egmsql.progress import Silent
from egmsql.settings import Settings
from egmsql.sources import open_source
from egmsql.state import SourceRecord, now
from egmsql.tasks import running

_PUBLISH_EVERY = 30.0  # seconds: what a kill may cost of finished files' visibility, never of their work


@dataclass
class Ingested(Outcome):
    """What became of each file of a call, in words; `errors` are the files that were refused."""

    lines: list = field(default_factory=list)  # (path, sentence)

    @property
    def n_ingested(self):
        """How many files entered the lake."""
        return len({run.partition for run in self.runs})


def find_files(patterns):
    """Return the files that paths, folders and glob patterns name, zips first, each once.

    A folder stands for the EGMS zips and csv files in it, below it too. A csv whose zip is named as well
    comes after it, so that the zip with its XML wins.
    """
    found = {}
    for pattern in map(str, patterns):
        path = Path(pattern)
        if path.is_dir():
            inside = [p for p in sorted(path.rglob("*")) if p.suffix.lower() in (".zip", ".csv") and p.is_file()]
            if not inside:
                raise SourceError(pattern, "holds no zip and no csv", "name a folder with EGMS files")
        elif not path.exists() and glob.has_magic(pattern):
            inside = [Path(p) for p in sorted(glob.glob(pattern, recursive=True))]
            if not inside:
                raise SourceError(pattern, "matches no file", "check the pattern")
        else:
            inside = [path]
        for each in inside:
            found.setdefault(each.resolve(), each)
    return sorted(found.values(), key=lambda p: (p.suffix.lower() != ".zip", str(p)))


def ingest(lake, project, patterns, settings=None, wait=0.0, progress=None):
    """Read delivered files into a lake and return what became of each, as Ingested.

    Files are independent: one that is refused leaves nothing in the lake, the others are done. A file
    that is in the lake already is skipped; a newer delivery replaces an older one.
    """
    settings, progress = settings or Settings(), progress or Silent()
    paths = find_files(patterns)
    with lake.writing(wait):
        recorder = Recorder(lake, project, lake.load().copy(), "ingest")
        recorder.outcome = Ingested()
        accepted = _choose(recorder, paths, progress)
        if accepted or not lake.exists():
            with interruptible():
                _read_all(recorder, accepted, settings, progress)
    return recorder.outcome


def _choose(recorder, paths, progress):
    """Open the files and return the Sources to read: of one product's deliveries the newest."""
    chosen = {}
    for path in paths:
        try:
            source = open_source(path)
            held = chosen.get(source.name.key)
            verdict = _verdict(recorder, source, held)
        except EgmsqlError as error:
            _refused(recorder, path, error, progress)
            continue
        if verdict:
            _tell(recorder, path, verdict, progress)
            continue
        if held:
            _tell(recorder, held.path, f"skipped: {path.name} is a newer delivery", progress)
        chosen[source.name.key] = source
    return list(chosen.values())


def _verdict(recorder, source, held):
    """Return why a file is not read, or None."""
    if held is not None:
        if held.csv_identity == source.csv_identity:
            return f"skipped: the same content as {held.path.name}"
        if _version(held.name.version) == _version(source.name.version):
            advice = "ingest one of them"
            raise SourceError(source.path.name, f"another file of this call is the same delivery: {held.path}", advice)
        if _version(held.name.version) > _version(source.name.version):
            return f"skipped: an older delivery than {held.path.name}"
    record = recorder.state.source_for(source.name.key)
    if record is None:
        return None
    _refuse_other_release(source, record)
    same = record.csv_identity == source.csv_identity and (record.content == source.content or _has_no_xml(source))
    if record.product == source.product and same:
        complete = all(recorder.planner.reason(n, source.product) is None for n in recorder.project.source_models)
        return "nothing to do: already in the lake" if complete else None
    if _version(record.delivery) > _version(source.name.version):
        return f"skipped: the lake holds the newer delivery {record.product}"
    return None


def _refuse_other_release(source, record):
    """Names without a release say nothing of the period; two periods must not replace each other."""
    release = _release(source)
    if source.name.release is None and record.release != release:
        wrong = f"the lake holds release {record.release} under this name, the file is release {release}"
        advice = f"rename it to {source.name.key}_{release}_1{source.path.suffix} to keep both"
        raise SourceError(source.path.name, wrong, advice)


def _read_all(recorder, sources, settings, progress):
    """Read files, as many at once as there are threads, and publish as they are done."""
    workers = max(1, min(settings.threads, len(sources)))
    share = settings.divided(workers)
    published = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(_read, recorder, s, share, progress): s for s in sources}
        try:
            for future in concurrent.futures.as_completed(futures):
                source = futures[future]
                try:
                    _tell(recorder, source.path, future.result(), progress)
                except EgmsqlError as error:
                    _refused(recorder, source.path, error, progress)
                if time.monotonic() - published > _PUBLISH_EVERY:
                    publish(recorder.lake, recorder.project, recorder.state)
                    published = time.monotonic()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            running.interrupt()
            raise
    publish(recorder.lake, recorder.project, recorder.state)


def _read(recorder, source, settings, progress):
    """Read one file into records of its own, and enter them only when it went well."""
    state, product = recorder.state, source.product
    replaced = state.source_for(source.name.key)
    trial = Recorder(recorder.lake, recorder.project, state.copy(), "ingest")
    if replaced and replaced.product != product:
        trial.state.forget_product(replaced.product)
    trial.state.sources[product] = _record_of(source)
    read_source(trial, source, settings, progress)
    _enter(recorder, trial, product, replaced)
    (rows,) = {r.n_rows for (m, p), r in trial.state.files.items() if p == product and m == "observed.points"}
    words = [f"{rows:,} points, {len(source.epochs)} epochs"]
    if replaced:
        same = replaced.product == product
        words.append("replaces the content ingested before" if same else f"replaces {replaced.product}")
    return "; ".join([*words, *source.notes])


def _enter(recorder, trial, product, replaced):
    """Move what a trial recorded about one product into the state of the command."""
    state = recorder.state
    if replaced:
        state.forget_product(replaced.product)
    state.sources[product] = trial.state.sources[product]
    state.files.update({k: r for k, r in trial.state.files.items() if k[1] == product})
    state.audits.update({k: a for k, a in trial.state.audits.items() if k[1] == product})
    state.runs += trial.outcome.runs
    recorder.outcome.runs += trial.outcome.runs
    recorder.outcome.warnings += trial.outcome.warnings


def _record_of(source):
    return SourceRecord(
        product=source.product,
        replacement_key=source.name.key,
        delivery=source.name.version,
        release=_release(source),
        content=source.content,
        csv_identity=source.csv_identity,
        path=str(source.path.absolute()),
        csv_bytes=source.csv_bytes,
        epochs=[epoch.isoformat() for epoch in source.epochs],
        notes=list(source.notes),
        ingested_at=now(),
    )


def _release(source):
    return source.file_table().column("release")[0].as_py()


def _has_no_xml(source):
    return source.content.endswith("-")


def _version(delivery):
    """A name without a version is older than any with one."""
    return delivery or 0


def _tell(recorder, path, sentence, progress):
    recorder.outcome.lines.append((str(path), sentence))
    progress.say(f"{Path(path).name}: {sentence}")


def _refused(recorder, path, error, progress):
    recorder.outcome.errors.append(error)
    progress.say(f"refused: {error}")

