"""What several commands of the command line have in common."""

from pathlib import Path

import click


class LakeAddress(click.ParamType):
    """A folder, or an address such as `s3://bucket/lake`, which must not become a path."""

    name = "lake"

    def convert(self, value, param, ctx):
        """Return a Path, or the address as it is."""
        return value if "://" in str(value) else Path(value)


LAKE = click.argument("lake", type=LakeAddress())
