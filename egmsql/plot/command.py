"""The command `egmsql plot`."""

from pathlib import Path

import click

from egmsql.options import LAKE
from egmsql.plot.picture import plot


@click.command("plot")
@LAKE
@click.argument("pid")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--product", help="Which product, if several hold the pid; default the last by name.")
def plot_command(lake, pid, out, product):
    """Draw the measurement point PID of LAKE into OUT (png, svg or pdf): series, model, break, class."""
    click.echo(str(plot(lake, pid, out, product)))
