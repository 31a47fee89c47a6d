"""Arguments and options that several commands share."""

from pathlib import Path

import click

from egmsql.settings import Settings, parse_bytes

THREADS = click.option("--threads", type=click.IntRange(min=1), help="Cores to use; default all.")
MEMORY = click.option(
    "--memory", metavar="SIZE", help="Memory for DuckDB before it spills, such as 2GiB; default 1GiB."
)


class LakeAddress(click.ParamType):
    """A folder, or an address such as `s3://bucket/lake`, which must not become a path."""

    name = "lake"

    def convert(self, value, param, ctx):
        """Return a Path, or the address as it is."""
        return value if "://" in str(value) else Path(value)


LAKE = click.argument("lake", type=LakeAddress())


def given_settings(threads, memory):
    """Return the Settings that --threads and --memory say; what is None keeps its default."""
    given = {"threads": threads, "memory": parse_bytes(memory) if memory else None}
    return Settings(**{name: value for name, value in given.items() if value is not None})
