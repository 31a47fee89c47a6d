"""Taking delivered files into a lake: which of them count, reading them, publishing what went well."""

import concurrent.futures
import dataclasses
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
from egmsql.state import SourceRecord, State, now
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
            inside = [
                p for p in sorted(path.rglob("*")) if p.suffix.lower() in (".zip", ".csv") and p.is_file()
            ]
            if not inside:
                raise SourceError(pattern, "holds no zip and no csv", "name a folder with EGMS files")
        elif not path.exists() and glob.has_magic(pattern):
            inside = [Path(p) for p in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207 - may be absolute
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
        if accepted or recorder.moved:
            with interruptible():
                _read_all(recorder, accepted, settings, progress)
    return recorder.outcome


def _choose(recorder, paths, progress):
    """Open the files and return the Sources to read: of one product's deliveries the newest."""
    chosen, held_by_lake = {}, recorder.state.by_key()
    for path in paths:
        try:
            source = open_source(path)
            key = source.name.key
            verdict = _beside(source, chosen.get(key)) or _against(recorder, source, held_by_lake.get(key))
        except EgmsqlError as error:
            _refused(recorder, path, error, progress)
            continue
        if verdict:
            _tell(recorder, path, verdict, progress)
            continue
        if key in chosen:
            _tell(recorder, chosen[key].path, f"skipped: {path.name} is a newer delivery", progress)
        chosen[key] = source
    return list(chosen.values())


def _beside(source, other):
    """Return why a file is not read, by another file of the call with the same key, or None."""
    if other is None:
        return None
    if other.csv_identity == source.csv_identity:
        return f"skipped: the same content as {other.path.name}"
    if _version(other.name.version) == _version(source.name.version):
        wrong = f"another file of this call is the same delivery with other content: {other.path}"
        raise SourceError(source.path.name, wrong, "ingest the right one of them")
    if _version(other.name.version) > _version(source.name.version):
        return f"skipped: an older delivery than {other.path.name}"
    return None


def _against(recorder, source, record):
    """Return why a file is not read, by what the lake holds of its product, or None."""
    if record is None:
        return None
    _refuse_other_release(source, record)
    same = record.csv_identity == source.csv_identity and (
        record.content == source.content or _has_no_xml(source)
    )
    if record.product == source.product and same:
        if any(recorder.planner.reason(n, source.product) for n in recorder.project.source_models):
            return None
        if not Path(record.path).exists():
            # Found again elsewhere: a changed model can be built from it.
            moved = dataclasses.replace(record, path=str(source.path.absolute()))
            recorder.state.sources[source.product] = moved
            recorder.moved = True
        return "nothing to do: already in the lake"
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
    share, held = settings.divided(workers), recorder.state.by_key()
    published = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        futures = {}
        for source in sources:
            trial = _trial(recorder, source, held.get(source.name.key))
            futures[pool.submit(read_source, trial, source, share, progress)] = source, trial
        try:
            for future in concurrent.futures.as_completed(futures):
                source, trial = futures.pop(future)
                try:
                    future.result()
                except EgmsqlError as error:
                    _refused(recorder, source.path, error, progress)
                    continue
                _enter(recorder, trial, source.product, held.get(source.name.key))
                _tell(recorder, source.path, _sentence(trial, source, held.get(source.name.key)), progress)
                if time.monotonic() - published > _PUBLISH_EVERY:
                    publish(recorder.lake, recorder.project, recorder.state)
                    published = time.monotonic()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            running.interrupt()
            raise
    if recorder.outcome.runs or recorder.moved:
        publish(recorder.lake, recorder.project, recorder.state)


def _trial(recorder, source, replaced):
    """Return a Recorder that knows only this product: what it records counts when the file went well."""
    state = (
        recorder.state.only(replaced.product) if replaced and replaced.product == source.product else State()
    )
    state.sources[source.product] = _record_of(source)
    return Recorder(recorder.lake, recorder.project, state, "ingest")


def _enter(recorder, trial, product, replaced):
    """Move what a trial recorded about its product into the state of the command."""
    state = recorder.state
    if replaced and replaced.product != product:
        state.forget_product(replaced.product)
    state.sources[product] = trial.state.sources[product]
    state.files.update(trial.state.files)
    state.audits.update(trial.state.audits)
    state.runs += trial.outcome.runs
    recorder.outcome.runs += trial.outcome.runs
    recorder.outcome.warnings += trial.outcome.warnings


def _sentence(trial, source, replaced):
    rows = trial.state.files["observed.points", source.product].n_rows
    words = [f"{rows:,} points, {len(source.epochs)} epochs"]
    if replaced and replaced.product != source.product:
        words.append(f"replaces {replaced.product}")
    elif replaced and replaced.csv_identity != source.csv_identity:
        words.append("replaces the content ingested before")
    return "; ".join([*words, *source.notes])


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
