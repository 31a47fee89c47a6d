"""`egmsql report`: the command."""

from pathlib import Path

import click
from rich.console import Console

from egmsql.arguments import LAKE
from egmsql.settings import Settings, parse_bytes


@click.command()
@LAKE
@click.option(
    "--html", type=click.Path(path_type=Path), metavar="FILE", help="Also write one page to send or print."
)
@click.option("--threads", type=click.IntRange(min=1), help="Cores to use; default all.")
@click.option("--memory", metavar="SIZE", help="Memory for DuckDB before it spills; default 1GiB.")
def report(lake, html, threads, memory):
    """Tell how LAKE agrees with EGMS's published numbers, and how the ground in it moves."""
    from egmsql.api import report as make_report
    from egmsql.report.text import show

    given = {"threads": threads, "memory": parse_bytes(memory) if memory else None}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    show(make_report(lake, html, settings), Console(stderr=False))
    if html:
        click.echo(f"\npage: {html}")
