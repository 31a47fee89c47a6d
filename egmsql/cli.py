"""The command line: arguments in, one line each out; what it does is in the other modules."""

import contextlib
import errno
import sys
from pathlib import Path

import click
from rich.console import Console

import egmsql
from egmsql.errors import EgmsqlError, SettingError
from egmsql.export.command import export_command, zones_command
from egmsql.options import LAKE, MEMORY, THREADS, given_settings
from egmsql.plot.command import plot_command
from egmsql.progress import Bars
from egmsql.raster import raster_command
from egmsql.report.command import report
from egmsql.serve import serve
from egmsql.simulator.command import simulate
from egmsql.upkeep import raise_for
from egmsql.workspace import spatial_file

_WAIT = click.option(
    "--wait", default=0.0, metavar="SECONDS", help="Wait this long for another writer to end."
)
_REFIT = click.option("--refit", is_flag=True, help="Make held models anew too, such as the mixture.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("--sql", type=click.Path(path_type=Path), help="Folder of models; default the installed ones.")
@click.version_option(egmsql.__version__, prog_name="egmsql")
@click.pass_context
def cli(context, debug, sql):
    """EGMS ground motion files as a lake that you query with SQL."""
    context.obj = {"debug": debug, "sql": sql}


def main(arguments=None):
    """Run the command line; errors are one line and exit code 1, Ctrl-C is 130."""
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    try:
        sys.exit(cli.main(arguments, standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted: what was finished is kept; run the same command again to go on")
        code = 130
    except EgmsqlError as error:
        _complain(error)
        code = 1
        if debug:
            raise
    except OSError as error:
        _complain(_system_error(error))
        code = 1
        if debug:
            raise
    except Exception as error:
        text = " ".join(str(error).split())[:300]
        _complain(
            f"egmsql: {type(error).__name__}: {text}; run it again with `egmsql --debug ...` and report it"
        )
        code = 1
        if debug:
            raise
    sys.exit(code)


def _system_error(error):
    where = error.filename or "the disk"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{where}: the disk is full; free some space and run again, what was finished is kept"
    return f"{where}: {error.strerror or error}; check the path and its permissions"


def _complain(text):
    click.echo(str(text), err=True)


def _project(context):
    return egmsql.load_project(context.obj["sql"])


def _bars():
    return Bars(Console(stderr=False))


@cli.command()
@LAKE
@click.argument("files", nargs=-1, required=True)
@THREADS
@MEMORY
@_WAIT
@click.pass_context
def ingest(context, lake, files, threads, memory, wait):
    """Read delivered zips or csv FILES (also folders and patterns) into LAKE; make it if need be.

    A file that is in the lake already is skipped, a newer delivery replaces an older one, and a file that
    is refused leaves nothing behind: the others are done, and the exit code is 1.
    """
    done = egmsql.ingest(
        lake, files, given_settings(threads, memory), project=_project(context), wait=wait, progress=_bars()
    )
    _print_warnings(done.warnings)
    click.echo(
        f"{done.n_ingested} ingested, {len(done.lines) - done.n_ingested} skipped, {len(done.errors)} refused"
    )
    if done.n_ingested:
        click.echo(f"next: egmsql build {lake}")
    if done.errors:
        context.exit(1)


@cli.command()
@LAKE
@_REFIT
@click.pass_context
def plan(context, lake, refit):
    """Show what `build` would do in LAKE and why, a line each."""
    steps = egmsql.plan(lake, project=_project(context), refit=refit)
    for step in steps:
        click.echo(str(step))
    for sentence in [] if refit else egmsql.stale(lake, project=_project(context)):
        click.echo(sentence)
    click.echo(f"{len(steps)} to do" if steps else "nothing to do: everything is up to date")


@cli.command()
@LAKE
@click.argument("models", nargs=-1)
@_REFIT
@THREADS
@MEMORY
@_WAIT
@click.option(
    "--scheduler", metavar="ADDRESS", help="Run the tasks on a Dask cluster, such as tcp://host:8786."
)
@click.pass_context
def build(context, lake, models, refit, threads, memory, wait, scheduler):
    """Build MODELS (default all) of LAKE that are not up to date, judge them and publish the result."""
    options = {"project": _project(context), "wait": wait, "progress": _bars(), "refit": refit}
    done = egmsql.build(lake, models, given_settings(threads, memory), scheduler=scheduler, **options)
    for run in done.runs:
        partition = f"  {run.partition}" if run.partition else ""
        click.echo(
            f"{run.action}  {run.model}{partition}  {run.reason}  {run.n_rows:,} rows in {run.seconds:.1f} s"
        )
    for step in done.blocked:
        click.echo(f"kept as it was  {step}")
    _print_warnings(done.warnings)
    if done.runs or done.blocked:
        kept = f", {len(done.blocked)} kept as they were" if done.blocked else ""
        click.echo(f"{len(done.runs)} done{kept}")
    else:
        click.echo("nothing to do: everything is up to date")


@cli.command()
@LAKE
@click.option("--repair", is_flag=True, help="Forget damaged files, so that the next build makes them again.")
@THREADS
@MEMORY
@click.pass_context
def check(context, lake, repair, threads, memory):
    """Compare the files of LAKE with what was written and run every audit again."""
    project = _project(context)
    if repair:
        forgotten = egmsql.repair(lake, project=project)
        for sentence in forgotten:
            click.echo(f"forgotten: {sentence}")
        if forgotten:
            click.echo(f"next: egmsql build {lake}")
            return
    found = egmsql.check(lake, given_settings(threads, memory), project=project, progress=_bars())
    for sentence in [*found.damaged, *filter(None, [found.served])]:
        click.echo(f"damaged: {sentence}")
    _print_warnings(found.audits)
    click.echo(f"{found.n_files} files and {found.n_audits} audits checked")
    raise_for(found)


@cli.command()
@LAKE
@click.argument("product")
@_WAIT
@click.pass_context
def remove(context, lake, product, wait):
    """Take PRODUCT, and what was made from it alone, out of LAKE."""
    egmsql.remove(lake, product, project=_project(context), wait=wait)
    click.echo(f"removed {product}; next: egmsql build {lake}, then egmsql clean {lake} to free the disk")


@cli.command()
@LAKE
@click.option(
    "--keep",
    default="1d",
    show_default=True,
    metavar="AGE",
    help="Keep files younger than this: 30s, 5m, 2h, 1d.",
)
@_WAIT
def clean(lake, keep, wait):
    """Delete files of LAKE that neither the catalogue nor the one before it names."""
    count, n_bytes = egmsql.clean(lake, keep, wait=wait)
    click.echo(f"deleted {count} files, {n_bytes / 1e6:.1f} MB")


@cli.command()
@LAKE
@click.argument("model")
@click.option(
    "--source",
    type=click.Path(path_type=Path),
    help="A delivered csv, for models that read the delivered file.",
)
@click.pass_context
def sandbox(context, lake, model, source):
    """Copy the catalogue of LAKE without MODEL and what follows from it, to try a changed file by hand."""
    project = _project(context)
    path = egmsql.sandbox(lake, model, source, project=project)
    if any(name.startswith("st_") for name in project.calls_of(project.models[model])):
        click.echo(f"in that shell first: load '{spatial_file()}';")
    click.echo(f"duckdb {path} -c \".read '{project.models[model].path}'\"")


@cli.command()
@LAKE
def shell(lake):
    """Open an SQL prompt on LAKE with spatial, the UDFs and a history; reads statements from a pipe too."""
    from egmsql.shell import run_shell

    with contextlib.closing(egmsql.connect(lake)) as connection:
        run_shell(connection, lake)


@cli.command()
@click.argument("column", metavar="MODEL.COLUMN")
@click.pass_context
def lineage(context, column):
    """Show from which columns MODEL.COLUMN (such as features.fits.velocity_mm_yr) comes."""
    model, _, name = column.rpartition(".")
    if not model:
        raise SettingError(column, "is no MODEL.COLUMN", "write it like features.fits.velocity_mm_yr")
    for depth, upstream, upstream_column in egmsql.trace(_project(context), model, name):
        click.echo(f"{'    ' * depth}{upstream}.{upstream_column}")


@cli.command()
@click.option("--write", is_flag=True, help="Write them, and the lineage, to the folder of models.")
@click.pass_context
def contracts(context, write):
    """Show what the models promise now: version, columns, types."""
    from egmsql.contracts import write_contracts
    from egmsql.lineage import write_known

    project = _project(context)
    text = write_contracts(egmsql.infer_contracts(project))
    if write:
        (project.folder / "contracts.txt").write_text(text, encoding="utf-8")
        write_known(_project(context))
    else:
        click.echo(text, nl=False)


for _command in (export_command, plot_command, raster_command, report, serve, simulate, zones_command):
    cli.add_command(_command)


def _print_warnings(findings):
    for finding in findings:
        rows = f"{finding.n_rows:,} rows of {finding.model} {finding.partition}".rstrip()
        click.echo(f"{finding.severity}: {finding.audit}: {rows}, such as {finding.sample}")
