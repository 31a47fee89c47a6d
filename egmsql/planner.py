"""What would be built, and why: fingerprints of (model, partition), compared with what the lake holds.

A fingerprint covers everything that decides a model's rows: the tokens of its text and of the views and
macros in it, the code of its UDFs, the content of the files it reads. What upstream *holds* counts, not how
it was made: an upstream built again with equal rows changes nothing below it.
"""

import hashlib
import io
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from egmsql.errors import LakeError, ModelError
from egmsql.project import SOURCE_PARTITION
from egmsql.state import as_json
from egmsql.storage import STORAGE_VERSION
from egmsql.udfs import registry

WHOLE = ""  # the partition of a model that has none


@dataclass(frozen=True)
class Step:
    """One (model, partition) to be done, and the reason a person reads."""

    model: str
    partition: str
    reason: str
    blocked: bool = False  # the delivered file is gone: the old rows stay

    def __str__(self):
        partition = f"  {self.partition}" if self.partition else ""
        return f"{self.model}{partition}  {self.reason}"


class Planner:
    """Compares a project with the state of a lake; reads the catalogue's records, no rows.

    Parameters
    ----------
    lake : Lake
    project : Project
    state : State
        Read at each call, so a build that records what it finished sees what follows from it.
    refit : bool
        Let changed rows upstream count for models that are held, too.
    """

    def __init__(self, lake, project, state, refit=False):
        self._lake, self._project, self._state, self._refit = lake, project, state, refit
        self._reading = {}  # partition kind and files -> partition -> rows of its reading list
        self._products = {}  # partition kind -> its reading list, partition -> products
        self._texts = {}  # model -> the inputs that no partition changes

    @cached_property
    def _udfs(self):
        return registry()

    def plan(self):
        """Return the Steps of a build, upstream first.

        A step below one that will be built is listed, although it will be skipped if the rows upstream
        turn out equal.
        """
        steps, pending = self._gone(), set()
        for name, model in self._project.tables.items():
            defining = self._project.partitions.get(model.partition)
            if defining and defining.name in pending:
                steps.append(Step(name, WHOLE, f"upstream {defining.name}, which says its partitions"))
                pending.add(name)
            for partition in self.partitions(name):
                reason = self.reason(name, partition)
                if reason is None:
                    reason = self._pending_reason(name, partition, pending)
                if reason is None:
                    continue
                blocked = reason.startswith("source missing")
                steps.append(Step(name, partition, reason, blocked))
                if not blocked:
                    pending |= {name, (name, partition)}
        return steps

    def _gone(self):
        """Return a Step for each record that a build drops: its model or its partition is no more."""
        tables = self._project.tables
        gone = [Step(*key, "model deleted") for key in sorted(self._state.files) if key[0] not in tables]
        for name in tables:
            held = {r.partition for r in self._state.files_of(name)} - set(self.partitions(name))
            gone += [Step(name, partition, "dropped: nothing to read") for partition in sorted(held)]
        return gone

    def partitions(self, name):
        """Return the partitions of a stored model, by what the lake holds now."""
        kind = self._project.tables[name].partition
        if kind is None:
            return [WHOLE] if self._state.sources else []
        if kind == SOURCE_PARTITION:
            return sorted(self._state.sources)
        return sorted(self._reading_list(kind))

    def reads(self, name, partition):
        """Return upstream model -> the FileRecords that one partition of `name` reads."""
        model = self._project.tables[name]
        return {
            up: self._records(up, model.partition, partition) for up in self._project.upstream_tables(model)
        }

    def reads_as(self, upstream, name, partition):
        """Return the FileRecords of any model that a partition of `name` would read."""
        return self._records(upstream, self._project.tables[name].partition, partition)

    def inputs(self, name, partition):
        """Return everything that decides the rows of (model, partition), in parts that give reasons."""
        upstream = {up: _contents(records) for up, records in self.reads(name, partition).items()}
        listing = self._project.reading_list_of(self._project.tables[name])
        if listing in upstream:  # of which a partition sees its own rows only
            rows = self._reading_list(self._project.tables[name].partition).get(partition, [])
            upstream[listing] = hashlib.sha256(as_json(rows).encode()).hexdigest()[:20]
        described = {**self._text_inputs(name), "upstream": upstream}
        if self._project.tables[name].held:
            described["n_read"] = {up: len(records) for up, records in self.reads(name, partition).items()}
        if name in self._project.source_models:
            described["source"] = self._state.sources[partition].content
        return described

    def _text_inputs(self, name):
        """Return the inputs that are text: the same for every partition, so found once."""
        if name not in self._texts:
            project, model = self._project, self._project.tables[name]
            calls = project.calls_of(model)
            self._texts[name] = {
                "version": model.version,
                "sql": model.digest,
                "views": {v: project.models[v].digest for v in project.upstream_views(model)},
                "macros": {m: project.macros[m].digest for m in project.macros_of(model)},
                "udfs": {u: [f.version, f.digest] for u, f in self._udfs.items() if u in calls},
                "storage": STORAGE_VERSION,
            }
        return self._texts[name]

    def fingerprint(self, inputs, partition):
        """Return the name of the rows that `inputs` decide."""
        return hashlib.sha256(as_json([inputs, partition]).encode()).hexdigest()[:20]

    def reason(self, name, partition):
        """Return why (model, partition) has to be built by what the lake holds now, or None."""
        record = self._state.files.get((name, partition))
        inputs = self.inputs(name, partition)
        if record and record.fingerprint == self.fingerprint(inputs, partition):
            if (self._lake.root / record.path).exists():
                return None
            why = "file lost"
        else:
            why = self._difference(record, inputs)
            if why.startswith("upstream") and self._is_held(name):
                return None if (self._lake.root / record.path).exists() else "file lost"
        if name in self._project.source_models and not self._source_available(partition):
            return f"source missing: ingest {self._state.sources[partition].path} again ({why})"
        return why

    def _is_held(self, name):
        return self._project.tables[name].held and not self._refit

    def stale(self):
        """Return a sentence about each held model whose upstream has changed since it was built."""
        found = []
        for name in self._project.tables:
            record = self._state.files.get((name, WHOLE))
            if not record or not self._is_held(name):
                continue
            inputs = self.inputs(name, WHOLE)
            if record.fingerprint != self.fingerprint(inputs, WHOLE) and self.reason(name, WHOLE) is None:
                before, after = (sum(i["n_read"].values()) for i in (json.loads(record.inputs), inputs))
                found.append(f"{name} is held: made from {before} files, now {after}; --refit makes it anew")
        return found

    def _difference(self, record, inputs):
        if record is None:
            return "new"
        old = json.loads(record.inputs)
        if old["version"] != inputs["version"]:
            return f"version {old['version']} -> {inputs['version']}"
        if old["sql"] != inputs["sql"]:
            return "sql changed"
        for part, word in (("views", "view"), ("macros", "macro"), ("udfs", "udf")):
            changed = _changed(old[part], inputs[part])
            if changed:
                return f"{word} {changed} changed"
        if old.get("source") != inputs.get("source"):
            return "source replaced"
        changed = _changed(old["upstream"], inputs["upstream"])
        return f"upstream {changed}" if changed else "storage changed"

    def _pending_reason(self, name, partition, pending):
        model = self._project.tables[name]
        if self._is_held(name) and (name, partition) in self._state.files:
            return None
        for up in self._project.upstream_tables(model):
            same_kind = self._project.tables[up].partition == model.partition
            if ((up, partition) if same_kind else up) in pending:
                return f"upstream {up}"
        return None

    def _records(self, upstream, kind, partition):
        """Return what a partition of some kind reads of `upstream`.

        Its own partition; of products those that its list names; of another kind those partitions whose list
        names one of its products; else all.
        """
        own_kind = self._project.tables[upstream].partition
        if own_kind == kind:
            partitions = [partition]
        elif own_kind == SOURCE_PARTITION and kind is not None:
            partitions = sorted(self._products_of(kind).get(partition, ()))
        elif own_kind is not None and kind is not None:
            ours = {partition} if kind == SOURCE_PARTITION else self._products_of(kind).get(partition, set())
            lists = self._products_of(own_kind)
            partitions = sorted(name for name, products in lists.items() if products & ours)
        else:
            return self._state.files_of(upstream)
        found = (self._state.files.get((upstream, p)) for p in partitions)
        return [record for record in found if record is not None]

    def _reading_list(self, kind):
        """Return partition -> rows of the model that defines a kind."""
        model = self._project.partitions[kind]
        paths = tuple(self._lake.root / r.path for r in self._state.files_of(model.name))
        if (kind, paths) not in self._reading:
            found = {}
            for path in paths:
                for row in _reading_rows(model, path):
                    check_partition_name(model, row["partition"])
                    found.setdefault(row["partition"], []).append(row)
            self._reading[kind, paths] = found
        return self._reading[kind, paths]

    def _products_of(self, kind):
        """Return partition -> set of products for a kind that a model defines."""
        lists = self._reading_list(kind)
        if self._products.get(kind, (None,))[0] is not lists:
            found = {name: {row["product"] for row in rows} for name, rows in lists.items()}
            self._products[kind] = lists, found
        return self._products[kind][1]

    def lost_upstream(self, name, partition):
        """Return the name of an upstream model whose file for this partition is lost, or None."""
        for upstream, records in self.reads(name, partition).items():
            if any(not (self._lake.root / r.path).exists() for r in records):
                return upstream
        return None

    def _source_available(self, product):
        return Path(self._state.sources[product].path).exists()


def check_partition_name(model, partition):
    """Raise ModelError for a partition that cannot be a folder's name."""
    if re.fullmatch(r"[\w.+-]*\w[\w.+-]*", partition or "") is None:
        wrong = f"names the partition {partition!r}, which cannot be a folder's name"
        raise ModelError(model.path, wrong, "use letters, digits, _ and -")


def _reading_rows(model, path):
    """Return the rows of a reading list; a lost one has none until it is made again."""
    if not path.exists():
        return []
    try:
        table = pq.read_table(io.BytesIO(path.read_bytes()))
    except (OSError, pa.ArrowInvalid):
        raise LakeError(path, "is damaged", "say `egmsql check --repair` and build again") from None
    absent = {"partition", "product"} - set(table.column_names)
    if absent:
        wrong = f"defines a partition but has no column {' or '.join(sorted(absent))}"
        raise ModelError(model.path, wrong, "give a row (partition, product) for each product that one reads")
    return table.to_pylist()


def _contents(records):
    digest = hashlib.sha256()
    for record in sorted(records, key=lambda r: r.partition):
        digest.update(f"{record.partition}\0{record.content}\n".encode())
    return digest.hexdigest()[:20]


def _changed(old, new):
    return next((n for n in sorted({*old, *new}) if old.get(n) != new.get(n)), None)
