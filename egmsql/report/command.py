"""`egmsql report`: the command."""

from pathlib import Path

import click
from rich.console import Console

from egmsql.options import LAKE, MEMORY, THREADS, given_settings


@click.command()
@LAKE
@click.option(
    "--html", type=click.Path(path_type=Path), metavar="FILE", help="Also write one page to send or print."
)
@THREADS
@MEMORY
def report(lake, html, threads, memory):
    """Tell how LAKE agrees with EGMS's published numbers, and how the ground in it moves."""
    from egmsql.api import report as make_report
    from egmsql.report.text import show

    show(make_report(lake, html, given_settings(threads, memory)), Console(stderr=False))
    if html:
        click.echo(f"\npage: {html}")
