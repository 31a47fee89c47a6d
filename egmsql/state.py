"""What a lake knows of itself: its sources, its files, its runs and the findings of its audits.

The bookkeeping tables of the catalogue, `_sources`, `_files`, `_runs` and `_audits`, are these records, one
row each.
"""

import dataclasses
import datetime
import json
from dataclasses import dataclass, field

import pyarrow as pa

LAKE_FORMAT = 1

_ARROW = {str: pa.string(), int: pa.int64(), float: pa.float64(), list: pa.list_(pa.string())}
_ARROW[datetime.datetime] = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class SourceRecord:
    """One delivered file in the lake. `content` changes when its csv or XML does."""

    product: str
    replacement_key: str
    delivery: int | None
    release: str
    content: str
    csv_identity: str
    path: str  # where it was read from; needed again only when a model that reads it changes
    csv_bytes: int
    epochs: list  # ISO dates, to tell releases apart that share a name
    notes: list
    ingested_at: datetime.datetime


@dataclass(frozen=True)
class FileRecord:
    """One Parquet file: the rows of one model for one partition ('' = the whole lake).

    `fingerprint` says of what it was made, `inputs` the same in parts (JSON), `content` what it holds.
    """

    model: str
    partition: str
    path: str  # relative to the lake
    version: int
    fingerprint: str
    inputs: str
    content: str
    n_rows: int
    n_bytes: int
    easting_min: float | None
    easting_max: float | None
    northing_min: float | None
    northing_max: float | None
    pid_min: str | None
    pid_max: str | None
    built_at: datetime.datetime


@dataclass(frozen=True)
class RunRecord:
    """One task of one command: what was done for a model and partition, why, and what it took."""

    run: str  # shared by the tasks of one command
    command: str
    model: str
    partition: str
    action: str  # built, resumed (a finished file of a stopped run) or unchanged (equal rows)
    reason: str
    n_rows: int
    seconds: float
    ended_at: datetime.datetime


@dataclass(frozen=True)
class AuditRecord:
    """What an audit last found in one model and partition; `sample` holds a few of the rows (JSON)."""

    audit: str
    model: str
    partition: str
    severity: str
    n_rows: int
    sample: str
    checked_at: datetime.datetime


RECORDS = {"_sources": SourceRecord, "_files": FileRecord, "_runs": RunRecord, "_audits": AuditRecord}


@dataclass
class State:
    """The whole bookkeeping of a lake at one moment."""

    sources: dict[str, SourceRecord] = field(default_factory=dict)  # by product
    files: dict[tuple[str, str], FileRecord] = field(default_factory=dict)  # by model and partition
    runs: list[RunRecord] = field(default_factory=list)
    audits: dict[tuple[str, str], AuditRecord] = field(default_factory=dict)  # by audit and partition
    previous_paths: frozenset[str] = frozenset()  # what the catalogue before this one referenced

    def copy(self):
        """Return a state that can change without this one changing."""
        return State(
            dict(self.sources), dict(self.files), list(self.runs), dict(self.audits), self.previous_paths
        )

    def only(self, product):
        """Return a state that knows one product alone, for work that concerns no other."""
        return State(
            sources={p: s for p, s in self.sources.items() if p == product},
            files={k: r for k, r in self.files.items() if k[1] == product},
        )

    def files_of(self, model):
        """Return the FileRecords of one model, in order of partition."""
        return [record for (name, _), record in sorted(self.files.items()) if name == model]

    def by_key(self):
        """Return replacement key -> SourceRecord."""
        return {s.replacement_key: s for s in self.sources.values()}

    def forget_product(self, product):
        """Drop a product, its files and what was found in them; files on disk stay."""
        self.sources.pop(product, None)
        self.files = {k: r for k, r in self.files.items() if r.partition != product}
        self.audits = {k: r for k, r in self.audits.items() if r.partition != product}

    def tables(self):
        """Return table name -> pyarrow.Table of the bookkeeping."""
        rows = {
            "_sources": self.sources.values(),
            "_files": [record for _, record in sorted(self.files.items())],
            "_runs": self.runs,
            "_audits": [record for _, record in sorted(self.audits.items())],
        }
        return {name: _table(RECORDS[name], records) for name, records in rows.items()}


def load_state(connection):
    """Return the State that an open catalogue holds."""
    rows = {name: _records(connection, name, kind) for name, kind in RECORDS.items()}
    previous = connection.execute("select path from _previous_files").fetchall()
    return State(
        sources={r.product: r for r in rows["_sources"]},
        files={(r.model, r.partition): r for r in rows["_files"]},
        runs=rows["_runs"],
        audits={(r.audit, r.partition): r for r in rows["_audits"]},
        previous_paths=frozenset(path for (path,) in previous),
    )


def now():
    """Return the present moment in UTC."""
    return datetime.datetime.now(datetime.UTC)


def as_json(value):
    """Return JSON with sorted keys, the form in which inputs and samples are stored."""
    return json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)


def _records(connection, name, kind):
    columns = ", ".join(f'"{f.name}"' for f in dataclasses.fields(kind))
    table = connection.execute(f"select {columns} from {name}").to_arrow_table()
    return [kind(**row) for row in table.to_pylist()]


def _table(kind, records):
    schema = pa.schema([(f.name, _arrow_type(f.type)) for f in dataclasses.fields(kind)])
    return pa.Table.from_pylist([dataclasses.asdict(r) for r in records], schema=schema)


def _arrow_type(annotation):
    kinds = getattr(annotation, "__args__", (annotation,))
    return _ARROW[next(k for k in kinds if k is not type(None))]
