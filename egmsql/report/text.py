"""The report as text: tables for a terminal, readable in a pipe."""

import io

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from egmsql.report import wording as say

_WIDTH = 144  # of a pipe, which has none of its own


def plain(report):
    """Return the report as plain text, without colour."""
    console = Console(file=io.StringIO(), width=_WIDTH, color_system=None)
    show(report, console)
    return console.file.getvalue()


def show(report, console):
    """Print the report on a rich console."""
    if not console.is_terminal:
        console.width = _WIDTH
    console.print(_head(report), soft_wrap=True)
    for section in report.sections:
        if section.name in _TABLES:
            console.print(Text(f"\n{section.title}", style="bold"))
            console.print(_TABLES[section.name](report.answers))


def _head(report):
    lake = report.lake
    lines = [
        f"{report.name}: {say.number(lake['n_products'])} products, {say.number(lake['n_points'])} points,"
        f" built {say.moment(lake['built_at'])}"
    ]
    if "agreement" in report.answers:
        lines.append(say.headline(report.answers["agreement"]))
    if lake["n_products_not_built"]:
        lines.append(f"{say.number(lake['n_products_not_built'])} products are not built yet: egmsql build")
    return Text("\n".join(lines))


def _table(columns, rows):
    """Return a table; a column's name that ends in > is of numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(name.rstrip(">"), justify="right" if name.endswith(">") else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def _products(answers):
    rows = answers["products"]
    table = _table(
        ("product", "direction", "place", "points>", "epochs>", "from", "to", "producer"),
        (
            (
                row["product"],
                row["look"],
                say.place(row),
                say.number(row["n_points"]),
                say.number(row["n_epochs"]),
                row["first_epoch"],
                row["last_epoch"],
                row["facility"] or "–",
            )
            for row in rows[: say.MOST_PRODUCTS]
        ),
    )
    return _with_rest(table, len(rows) - say.MOST_PRODUCTS, "observed.products")


def _agreement(answers):
    products, left = say.by_product(answers["agreement"])
    parts = []
    for product, rows in products:
        parts += [Text(f"\n{product}, {say.number(rows[0]['n_points'])} points"), _agreement_of(rows)]
    return _with_rest(Group(*parts), left, "report.agreement")


def _agreement_of(rows):
    return _table(
        ("refitted", "unit", "RMSE>", "bias>", "largest>", "r>", "equal>", "goal", ""),
        (
            (
                say.field_name(row),
                say.unit(row),
                say.number(row["root_mean_square_difference"], 4),
                say.number(row["mean_difference"], 4),
                say.number(row["largest_difference"], 4),
                say.number(row["pearson_r"], 5),
                say.percent(row["share_equal"]),
                say.goal(row),
                say.verdict(row),
            )
            for row in rows
        ),
    )


def _movements(answers):
    return _table(
        ("level, direction, release", "points>", "5 %>", "median mm/yr>", "95 %>", "−>", "still>", "+>"),
        (
            (
                say.group_name(row),
                say.number(row["n_points"]),
                *(say.number(v, 1) for v in row["velocity_mm_yr"] or (None, None, None)),
                *(say.percent(row[f"share_{name}"]) for name in ("negative", "still", "positive")),
            )
            for row in answers["movements"]
        ),
    )


def _errors(answers):
    rows = answers["errors"]
    table = _table(
        ("product", "EGMS's std mm/yr>", "sigma mm/yr>", "ratio>", "correlation>"),
        (
            (
                row["product"],
                say.number(row["velocity_std_mm_yr"], 3),
                say.number(row["velocity_sigma_mm_yr"], 3),
                say.number(row["velocity_ratio"], 2),
                say.number(row["residual_correlation_1"], 2),
            )
            for row in rows[: say.MOST_PRODUCTS]
        ),
    )
    return _with_rest(table, len(rows) - say.MOST_PRODUCTS, "features.kinematics")


def _audits(answers):
    return _table(
        ("audit", "severity", "judged>", "with findings>", "rows>"),
        (
            (
                row["audit"],
                row["severity"],
                say.number(row["n_judged"]),
                say.number(row["n_with_findings"]),
                say.number(row["n_rows"]),
            )
            for row in answers["audits"]
        ),
    )


def _with_rest(part, left, model):
    if left <= 0:
        return part
    return Group(part, Text(f"and {say.number(left)} more products: query {model}"))


_TABLES = {
    "products": _products,
    "movements": _movements,
    "agreement": _agreement,
    "errors": _errors,
    "audits": _audits,
}
