"""Looking after a lake: judging it again, removing a product, deleting what nothing names any more."""

import concurrent.futures
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from egmsql import serving
from egmsql.builder import Recorder
from egmsql.catalog import publish
from egmsql.errors import EgmsqlError, LakeError
from egmsql.lake import SERVING
from egmsql.progress import Silent
from egmsql.settings import Settings
from egmsql.storage import hash_file
from egmsql.tasks import audit_records

_DAY = 24 * 3600.0


@dataclass
class Findings:
    """What a check found: damaged files and the web's file as sentences, and the audits that found rows."""

    damaged: list = field(default_factory=list)
    served: str | None = None
    audits: list = field(default_factory=list)
    n_files: int = 0
    n_audits: int = 0

    @property
    def is_clean(self):
        """Whether nothing is damaged and no rule of severity `error` is broken."""
        return not self.damaged and not self.served and not any(a.severity == "error" for a in self.audits)


def check(lake, project, settings=None, progress=None):
    """Compare every file with its recorded content and run every audit again; nothing is changed."""
    settings, progress = settings or Settings(), progress or Silent()
    state, found = lake.load(), Findings()
    found.damaged = _damaged_files(lake, state, settings, progress)
    found.served = serving.defect(lake, project, state)
    found.n_files = len(state.files)
    if found.damaged:
        return found  # an audit could not even read them
    recorder = Recorder(lake, project, state, "check")
    todo = [
        (name, partition)
        for name, partition in sorted(state.files)
        if name in project.tables and project.audits_of(name)
    ]
    share = settings.divided(settings.threads)
    with (
        # not the lake's own scratch: a writer that begins meanwhile empties it
        tempfile.TemporaryDirectory(prefix="egmsql-") as scratch,
        concurrent.futures.ThreadPoolExecutor(settings.threads) as pool,
        progress.tasks("audits", len(todo)) as done,
    ):
        futures = [
            pool.submit(_audit, recorder, *each, Path(scratch) / str(number), share)
            for number, each in enumerate(todo)
        ]
        for future in futures:
            records = future.result()
            found.n_audits += len(records)
            found.audits += [record for record in records if record.n_rows]
            done(1)
    return found


def _audit(recorder, name, partition, scratch, settings):
    files = dict(recorder.reads(name, partition).files)
    files[name] = [recorder.lake.root / recorder.state.files[name, partition].path]
    return audit_records(recorder.project, name, partition, files, scratch, settings)


def _damaged_files(lake, state, settings, progress):
    def look(record):
        path = lake.root / record.path
        if not path.exists():
            return f"{record.path}: is lost"
        return None if hash_file(path) == record.content else f"{record.path}: is not what was written"

    records = list(state.files.values())
    with (
        concurrent.futures.ThreadPoolExecutor(settings.threads) as pool,
        progress.tasks("files", len(records)) as done,
    ):
        damaged = []
        for sentence in pool.map(look, records):
            done(1)
            if sentence:
                damaged.append(sentence)
    return damaged


def repair(lake, project, wait=0.0):
    """Forget and delete the files that `check` finds damaged, so that the next build makes them again.

    A server goes on with the `serving.duckdb` that it has open.

    Returns the sentences about them.
    """
    with lake.writing(wait):
        state = lake.load().copy()
        damaged = _damaged_files(lake, state, Settings(), Silent())
        names = {sentence.split(":")[0] for sentence in damaged}
        for key, record in list(state.files.items()):
            if record.path in names:
                del state.files[key]
                (lake.root / record.path).unlink(missing_ok=True)
        if damaged:
            publish(lake, project, state)
        served = serving.defect(lake, project, state)
        if served:
            (lake.root / SERVING).unlink(missing_ok=True)
            damaged.append(served)
    return damaged


def remove(lake, project, product, wait=0.0):
    """Take a product and everything made from it alone out of the lake.

    Models that join products keep their rows until the next build, which `plan` shows. The files stay on
    disk until `clean`.
    """
    with lake.writing(wait):
        state = lake.load().copy()
        if product not in state.sources:
            held = ", ".join(sorted(state.sources)[:5]) or "no product"
            raise LakeError(product, "is no product of this lake", f"the lake holds {held}")
        state.forget_product(product)
        publish(lake, project, state)


def clean(lake, keep=_DAY, wait=0.0):
    """Delete Parquet files that the last two catalogues do not name and that are older than `keep` seconds.

    Returns (number of files, bytes freed).
    """
    with lake.writing(wait):
        if not lake.exists():
            raise LakeError(lake.root, "is no lake", "make one with `egmsql ingest LAKE FILE...`")
        found = lake.unreferenced(lake.load(), keep)
        lake.delete(list(found))
    return len(found), sum(found.values())


def raise_for(findings):
    """Raise EgmsqlError when a check was not clean."""
    if findings.is_clean:
        return
    advice = (
        "run `egmsql check LAKE --repair`, then `egmsql build LAKE`"
        if findings.damaged or findings.served
        else "see the rows above"
    )
    raise EgmsqlError("check", "the lake is not as it should be", advice)
