"""The command `egmsql serve`: Datasette over a lake, with settings that are safe to show to strangers."""

import os

import click

from egmsql.errors import LakeError, SettingError
from egmsql.lake import SERVING, existing_lake
from egmsql.options import LAKE

_HERE = ("127.0.0.1", "localhost", "::1")
_LAKE_VARIABLE = "EGMSQL_LAKE"  # so that no page of Datasette's shows the path


def datasette_for(lake, base_url="/", cors=False, sql=True, processes=2):
    """Return a Datasette that serves the lake at a path.

    Parameters
    ----------
    lake : path
    base_url : str
        The path under which a proxy shows it.
    cors : bool
        Whether pages of other sites may read the answers.
    sql : bool
        Whether visitors may write SQL of their own.
    processes : int
        How many queries of tables and free SQL run at once, each in a process of its own.
    """
    from datasette.app import Datasette

    root = existing_lake(lake).root
    os.environ[_LAKE_VARIABLE] = str(root.absolute())
    settings = {
        "default_allow_sql": sql,
        "allow_csv_stream": False,
        "allow_download": False,
        "suggest_facets": False,
        "default_page_size": 50,
        "max_returned_rows": 1000,
        "sql_time_limit_ms": 5000,
        "facet_time_limit_ms": 3000,
        "base_url": base_url,
    }
    plugin = {"lake": {"$env": _LAKE_VARIABLE}, "processes": processes}
    ways = f'<p><a href="{base_url}-/map">Map</a>, or tables and SQL:</p>'
    metadata = {"title": "Ground motion", "description_html": ways, "plugins": {"egmsql": plugin}}
    datasette = Datasette([], settings=settings, metadata=metadata, cors=cors)
    datasette.remove_database("_memory")  # a SQLite that nobody asked for
    return datasette


def run(lake, host, port, **options):
    """Serve a lake until Ctrl-C."""
    import uvicorn

    app = datasette_for(lake, **options).app()
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False, access_log=False)


@click.command()
@LAKE
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True)
@click.option("--base-url", default="/", show_default=True, help="Path under which a proxy shows it.")
@click.option("--cors", is_flag=True, help="Let pages of other sites read the answers.")
@click.option(
    "--sql",
    type=click.Choice(["auto", "on", "off"]),
    default="auto",
    show_default=True,
    help="Visitors' own SQL; auto: only where nobody else can connect.",
)
@click.option(
    "--processes", type=click.IntRange(1, 64), default=2, show_default=True, help="Queries that run at once."
)
def serve(lake, host, port, base_url, cors, sql, processes):
    """Serve LAKE: tables, facets, SQL and the API in a browser. Shows a new state after each build."""
    if not base_url.startswith("/") or not base_url.endswith("/"):
        raise SettingError(
            f"base-url {base_url!r}", "is no path", "write it with slashes at both ends: /motion/"
        )
    if not (existing_lake(lake).root / SERVING).exists():
        raise LakeError(lake, "has no tables to serve", f"make them with `egmsql build {lake}`")
    is_free = sql == "on" or (sql == "auto" and host in _HERE)
    click.echo(f"http://{host}:{port}{base_url} serves {lake}; SQL {'on' if is_free else 'off'}; Ctrl-C ends")
    run(lake, host, port, base_url=base_url, cors=cors, sql=is_free, processes=processes)
