"""The folder `sql/` as a whole: layers, reading order, macros, audits, contracts and the glossary."""

import csv
import graphlib
import re
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from egmsql import udfs
from egmsql.contracts import read_contracts
from egmsql.errors import ModelError
from egmsql.models import SOURCE_TABLES, Model, read_model

SOURCE_PARTITION = "product"  # the partition that reads a delivered file

_LAYER = re.compile(r"(\d{2})_([a-z_]+)")


@dataclass(frozen=True)
class GlossaryEntry:
    """What a column name means, wherever it stands."""

    column: str
    unit: str
    meaning: str
    origin: str


@dataclass(frozen=True)
class Project:
    """Every file of one `sql/` folder, checked, in the order in which it can be built."""

    folder: Path
    macros: dict[str, Model]
    models: dict[str, Model]  # tables and views, upstream first
    audits: tuple[Model, ...]
    contracts: dict
    glossary: dict[str, GlossaryEntry]

    @cached_property
    def tables(self):
        """The models that are stored, upstream first."""
        return {name: model for name, model in self.models.items() if model.kind == "table"}

    @cached_property
    def partitions(self):
        """Partition kind -> the model that says what each partition reads (not for `product`)."""
        return {m.defines: m for m in self.tables.values() if m.defines}

    def reading_list_of(self, model):
        """Return the name of the model that says what each partition of `model` reads, or None."""
        defining = self.partitions.get(model.partition)
        return defining.name if defining else None

    @cached_property
    def source_models(self):
        """The stored models that read a delivered file, themselves or through staging views."""
        return {n: m for n, m in self.tables.items() if self.source_tables_of(m)}

    def source_tables_of(self, model):
        """Return which of `source.rows` and `source.file` a model reads in the end."""
        found = model.reads & set(SOURCE_TABLES)
        for name in self.upstream_views(model):
            found |= self.models[name].reads & set(SOURCE_TABLES)
        return found

    def upstream_views(self, model):
        """Return the names of the views a model reads, also through views, in build order."""
        direct = {n for n in model.reads if n in self.models and self.models[n].kind == "view"}
        every = set(direct)
        for name in direct:
            every |= set(self.upstream_views(self.models[name]))
        return [n for n in self.models if n in every]

    def upstream_tables(self, model):
        """Return the names of the stored models a model reads, also through views, in build order."""
        readers = [model, *(self.models[n] for n in self.upstream_views(model))]
        every = set().union(*(m.reads for m in readers))
        return [n for n in self.tables if n in every]

    def macros_of(self, model):
        """Return the names of the macros a model calls, also through macros and views."""
        pending = [model, *(self.models[n] for n in self.upstream_views(model))]
        found = set()
        while pending:
            called = {n for n in pending.pop().calls if n in self.macros} - found
            found |= called
            pending += [self.macros[n] for n in called]
        return [n for n in self.macros if n in found]

    def calls_of(self, model):
        """Return every function name that the model, its views and its macros call."""
        parts = [model, *(self.models[n] for n in self.upstream_views(model))]
        parts += [self.macros[n] for n in self.macros_of(model)]
        return set().union(*(p.calls for p in parts))

    def audits_of(self, name):
        """Return the audits that judge one model."""
        return [a for a in self.audits if a.audits == name]

    def descendants(self, name):
        """Return `name` and every model that follows from it, in build order."""
        every = {name}
        for other, model in self.models.items():
            if model.reads & every:
                every.add(other)
        return [n for n in self.models if n in every]


def sql_folder():
    """Return the folder of models that was installed with this package."""
    return Path(str(resources.files("egmsql.sql")))


def load_project(folder=None):
    """Return the Project in `folder` (default: the installed models); ModelError names a broken rule."""
    folder = Path(folder) if folder is not None else sql_folder()
    if not folder.is_dir():
        raise ModelError(folder, "is no folder of models", "give the path of a `sql/` folder")
    found = [read_model(path, layer, name) for path, layer, name in _files(folder)]
    _refuse_namesakes(found)
    macros = _ordered_macros({m.name: m for m in found if m.kind == "macro"})
    for stored in (m for m in found if m.kind in ("macro", "view")):
        _refuse_udfs(stored)
    models = {m.name: m for m in found if m.kind in ("table", "view")}
    audits = tuple(m for m in found if m.kind == "audit")
    for model in models.values():
        _check_model(model, models)
    for audit in audits:
        _check_audit(audit, models)
    order = graphlib.TopologicalSorter({n: sorted(m.reads & set(models)) for n, m in sorted(models.items())})
    ordered = sorted(order.static_order(), key=lambda name: models[name].layer)  # stable within a layer
    project = Project(
        folder=folder,
        macros=macros,
        models={name: models[name] for name in ordered},
        audits=audits,
        contracts=read_contracts(folder / "contracts.txt"),
        glossary=read_glossary(folder / "glossary.csv"),
    )
    for model in project.source_models.values():
        if model.partition != SOURCE_PARTITION or project.upstream_tables(model):
            rule = f"such a model has `partition: {SOURCE_PARTITION}` and reads no stored table"
            raise ModelError(model.path, "reads the file being delivered", rule)
    return project


def _refuse_namesakes(found):
    """Two folders may carry one layer word: a name must still be in one file only."""
    seen = {}
    for model in found:
        other = seen.setdefault(model.name, model)
        if other is not model:
            raise ModelError(model.path, f"creates {model.name}, as {other.path} does", "delete one of them")


def read_glossary(path):
    """Return column -> GlossaryEntry from `glossary.csv` (column, unit, meaning, origin)."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["column"]: GlossaryEntry(**row) for row in csv.DictReader(lines)}


def _files(folder):
    """Yield (path, layer, name) of every SQL file; a name without a dot is a macro's or an audit's."""
    for path in sorted(folder.rglob("*.sql")):
        place = path.parent.relative_to(folder).as_posix()
        match = _LAYER.fullmatch(place)
        if place == "audits":
            yield path, 100, path.stem
        elif match is None:
            raise ModelError(path, "lies in no layer", "put it into a folder such as 40_features")
        elif match[2] == "macros":
            yield path, int(match[1]), path.stem
        else:
            yield path, int(match[1]), f"{match[2]}.{path.stem}"


def _check_model(model, models):
    for name in sorted(model.reads - set(SOURCE_TABLES)):
        upstream = models.get(name)
        if upstream is None:
            raise ModelError(
                model.path, f"reads {name}, which no model creates", "correct the name or add the model"
            )
        # A view stores nothing: it may say the rows of its own layer's tables in other words.
        beside = model.kind == "view" and upstream.kind == "table" and upstream.layer == model.layer
        if upstream.layer >= model.layer and not beside:
            rule = f"a model may only read lower layers than its own ({model.layer})"
            raise ModelError(model.path, f"reads {name} of layer {upstream.layer}", rule)
    if model.kind == "view" and model.partition:
        raise ModelError(model.path, "is a view with a partition", "only a stored table has partitions")
    kinds = {SOURCE_PARTITION, *(m.defines for m in models.values() if m.defines)}
    if model.partition and model.partition not in kinds:
        advice = (
            f"known: {', '.join(sorted(kinds))}; another kind needs a model with `defines: {model.partition}`"
        )
        raise ModelError(model.path, f"partition {model.partition!r} is unknown", advice)


def _refuse_udfs(stored):
    """The plain shell knows no UDF: what is stored in the catalogue must work there."""
    for name in udfs.names():
        if name in stored.calls:
            raise ModelError(
                stored.path, f"is a {stored.kind} that calls the UDF {name}", "call it in a table"
            )


def _check_audit(audit, models):
    if audit.audits not in models:
        raise ModelError(
            audit.path, f"audits {audit.audits}", "name the model it judges: `audits: layer.name`"
        )
    for name in sorted(audit.reads):
        if name not in models:
            raise ModelError(audit.path, f"reads {name}, which no model creates", "correct the name")
        if models[name].layer > models[audit.audits].layer:
            rule = "an audit reads the model it judges and what lies in or below its layer"
            raise ModelError(audit.path, f"reads {name}", rule)


def _ordered_macros(macros):
    """Return the macros so that each stands after those it calls."""
    graph = {n: sorted((m.calls & set(macros)) - {n}) for n, m in sorted(macros.items())}
    return {name: macros[name] for name in graphlib.TopologicalSorter(graph).static_order()}
