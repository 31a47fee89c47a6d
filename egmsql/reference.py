"""Writing `docs/reference` from the code: `python -m egmsql.reference docs/reference`."""

import ast
import inspect
import itertools
import re
import sys
from pathlib import Path

import click

import egmsql
from egmsql import cli, errors, udfs
from egmsql.lineage import lineage_of

_SIGNATURE = re.compile(r"macro\s+(\w+\s*\([^)]*\))", re.IGNORECASE)


def pages(project):
    """Return file name -> text of every page of the reference."""
    makers = (_commands, _models, _columns, _udfs, _errors, _macros, _audits)
    texts = {m.__name__.strip("_"): ["Written by `make docs`; do not edit.", *m(project)] for m in makers}
    return {f"{name}.md": "\n\n".join(text) + "\n" for name, text in texts.items()}


def _commands(_project):
    yield "# Commands"
    yield "Exit codes: 0 done; 1 an error, in one line on standard error; 2 a wrong command line; 130 Ctrl-C."
    for name, command in {"egmsql": cli.cli, **cli.cli.commands}.items():
        context = click.Context(command, info_name=f"egmsql {name}".replace("egmsql egmsql", "egmsql"))
        usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
        yield from (f"## {context.info_name}", f"```text\n{usage}\n```", inspect.cleandoc(command.help))
        records = [p.get_help_record(context) for p in command.params if isinstance(p, click.Option)]
        if records:
            yield _table(("option", "meaning"), [(f"`{option}`", meaning) for option, meaning in records])


def _models(project):
    yield "# Models"
    yield "In build order. A table is stored, one Parquet file for each partition; a view stores nothing."
    every = project.models.values()
    rows = [(f"`{m.name}`", m.kind, m.layer, m.partition, m.description) for m in every]
    yield _table(("model", "kind", "layer", "partition", "a row is"), rows)
    for model in every:
        is_table = model.kind == "table"
        facts = {
            "kind": f"{model.kind}, version {model.version}",
            "grain": ", ".join(model.grain),
            "partition": is_table and (model.partition or "none: built once, over everything"),
            "stored in": is_table and model.stored,
            "reads": _names(sorted(model.reads)),
            "calls": _names(sorted(model.calls & {*udfs.registry(), *project.macros})),
            "read by": _names(m.name for m in every if model.name in m.reads),
            "judged by": _names(audit.name for audit in project.audits_of(model.name)),
        }
        yield from _file(project, model, facts)


def _columns(project):
    yield "# Columns"
    yield "What each model promises, what the names mean, and of which columns the values are made."
    made_of = {}
    for model, column, upstream, upstream_column in lineage_of(project):
        made_of.setdefault((model, column), []).append(f"{upstream}.{upstream_column}")
    for name, model in project.models.items():
        rows = []
        for column, sql_type in project.contracts[name].columns.items():
            word = project.glossary[column]
            meaning = "; ".join(t for t in (word.meaning, model.comments.get(column)) if t)
            upstream = _names(sorted(made_of.get((name, column), ())))
            rows.append((f"`{column}`", f"`{sql_type}`", word.unit, meaning, word.origin, upstream))
        yield f"## {name}, version {model.version}"
        yield _table(("column", "type", "unit", "meaning", "origin", "made of"), rows)


def _udfs(_project):
    yield "# Python functions"
    yield "The runner, `egmsql shell` and `egmsql.connect` know them; the plain `duckdb` shell does not."
    for f in udfs.registry().values():
        yield from (f"## {f.name}", f"Version {f.version}.", f"```text\n{f.signature}\n\n{f.doc}\n```")


def _macros(project):
    yield "# Macros"
    yield "Our words in SQL. They are stored in the catalogue, so the plain `duckdb` shell knows them."
    for macro in sorted(project.macros.values(), key=lambda m: m.name):
        yield from _file(project, macro, {"call": f"`{_SIGNATURE.search(macro.text)[1]}`"})


def _audits(project):
    yield "# Audits"
    yield "Queries that must return no rows. An `error` stops the command; a `warning` is said and recorded."
    for audit in project.audits:
        facts = {"severity": audit.severity, "judges": f"`{audit.audits}`"}
        facts["reads"] = _names(sorted(audit.reads))
        yield from _file(project, audit, facts)


def _file(project, model, facts):
    path = f"`sql/{model.path.relative_to(project.folder).as_posix()}`"
    rows = [row for row in {**facts, "file": path}.items() if row[1]]
    yield from (f"## {model.name}", model.description, _table(("", ""), rows))
    if model.why:
        yield model.why


def _errors(_project):
    yield "# Errors"
    yield "One line each: `<where>: <what is wrong>; <what to do>`. Of texts parted by ` / ` one is shown."
    found = dict.fromkeys(_messages(Path(egmsql.__file__).parent))
    for name, kind in vars(errors).items():
        if inspect.isclass(kind):
            yield from (f"## {name}", inspect.getdoc(kind))
            rows = [row for error, *row in found if error == name]
            yield _table(("where", "what is wrong", "what to do", "said by"), rows)


def _messages(package):
    """Yield (class, where, wrong, advice, module) of every error that the package's source words."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(package.rglob("*.py"))}
    shared = {k: v for tree in trees.values() for k, v in _assigned(tree.body).items() if k[0] != "_"}
    for path, tree in trees.items():
        names = shared | _assigned(tree.body)
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        scopes = [(f, names | _assigned(ast.walk(f))) for f in functions] + [(tree, names)]
        rows = [row for scope in scopes for row in _worded(*scope)]
        kinds = {kind for kind, *_ in rows} - {None}
        for kind, *parts in rows:
            if parts[1:] != ["{wrong}", "{advice}"] and (kind or len(kinds) == 1):
                yield kind or min(kinds), *parts, f"`egmsql/{path.relative_to(package).as_posix()}`"


def _worded(scope, names):
    """Yield (class, where, wrong, advice); class None for two texts that are passed on to an error."""
    for node in ast.walk(scope):
        name = getattr(getattr(node, "func", None), "id", None)
        parts = getattr(node, "elts" if isinstance(node, ast.Tuple) else "args", None)
        if isinstance(parts, list) and len(parts) > 1:
            where, wrong, advice = (" / ".join(_texts(part, names)) for part in (parts[0], *parts[-2:]))
            if name in vars(errors) and scope.__class__ is ast.FunctionDef:
                yield name, where, wrong, advice
            elif all(re.match(r"[^(]+ ", t) for t in (wrong, advice)) and name not in vars(errors):
                yield None, "{where}", wrong, advice


def _assigned(nodes):
    """Return name -> the texts, or choices of texts, that are assigned to it."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            first = node.value.body if isinstance(node.value, ast.IfExp) else node.value
            if isinstance(first, ast.JoinedStr) or isinstance(getattr(first, "value", None), str):
                found.setdefault(node.targets[0].id, []).append(node.value)
    return found


def _texts(node, names):
    """Return the texts that an expression may be, with {placeholders}."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, names), *_texts(node.orelse, names)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(parts) for parts in itertools.product(*(_texts(v, names) for v in node.values))]
    if isinstance(node, ast.FormattedValue):
        return _texts(node.value, names)
    if isinstance(node, ast.Name) and node.id in names:
        others = {name: values for name, values in names.items() if name != node.id}
        return [text for value in names[node.id] for text in _texts(value, others)]
    return [f"{{{_shown(node)}}}"]


def _shown(node):
    """Return a word for what an expression shows: `', '.join(sorted(missing)[:5])` shows missing."""
    if isinstance(node, ast.Subscript) and isinstance(getattr(node.slice, "value", None), str):
        return node.slice.value
    if isinstance(node, ast.Name | ast.Attribute):
        return ast.unparse(node).removeprefix("self.").strip("_").replace("._", ".")
    inner = [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
    return _shown(inner[-1 if isinstance(node, ast.Call) else 0]) if inner else "..."


def _names(names):
    return ", ".join(f"`{name}`" for name in names)


def _table(head, rows):
    cells = [["" if cell is None else str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *cells])


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for page, content in pages(egmsql.load_project()).items():
        (folder / page).write_text(content, encoding="utf-8")
