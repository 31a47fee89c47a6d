"""Who may read and write a lake on object storage: DuckDB's secrets, or the environment as AWS reads it.

Nothing here is ever written to a file or into a message: DuckDB is told in memory, by a temporary secret
whose values it hides.
"""

import contextlib
import functools
import os
import urllib.parse
from dataclasses import dataclass, field
from importlib import resources

import duckdb

from egmsql.errors import LakeError, SettingError
from egmsql.extensions import load_extension
from egmsql.storage import quoted

_SECRET = "egmsql"


@dataclass(frozen=True)
class Access:
    """What opens a bucket; `endpoint` is a host with its port, None for that of AWS."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)
    token: str | None = field(repr=False)
    region: str
    endpoint: str | None
    uses_tls: bool
    has_path_style: bool  # the bucket is in the path and not in the host's name

    @property
    def url(self):
        """The endpoint as a URL, or None."""
        return f"{'https' if self.uses_tls else 'http'}://{self.endpoint}" if self.endpoint else None


def access_to(address):
    """Return the Access to an `s3://` address: by the DuckDB secret that matches it, else the environment.

    Raises
    ------
    SettingError
        If the packages for object storage are not installed.
    LakeError
        If there are no credentials.
    """
    return _of_duckdb(address) or _of_environment(address)


def reach(connection, path):
    """Let a connection read what lies at a path: for an object with httpfs and the credentials."""
    address = str(path)
    if not address.startswith("s3://"):
        return
    found = access_to(address)
    given = {
        "key_id": found.key_id,
        "secret": found.secret,
        "session_token": found.token,
        "region": found.region,
        "endpoint": found.endpoint,
        "url_style": "path" if found.has_path_style else "vhost",
    }
    options = ", ".join(f"{name} {quoted(value)}" for name, value in given.items() if value)
    bucket = "/".join(address.split("/")[:3])
    try:
        load_extension(connection, httpfs_file())
        connection.execute(
            f"create or replace temporary secret {_SECRET} "
            f"(type s3, scope {quoted(bucket)}, use_ssl {str(found.uses_tls).lower()}, {options})"
        )
    except duckdb.Error:  # whose message shows the statement
        advice = "install the httpfs of the DuckDB in use: pip install 'egmsql[s3]'"
        raise LakeError(bucket, "DuckDB does not take its credentials", advice) from None


def httpfs_file():
    """Return the path of the httpfs extension for the DuckDB in use, by which a plain shell loads it."""
    try:
        folder = resources.files("duckdb_extension_httpfs") / "extensions" / f"v{duckdb.__version__}"
    except ModuleNotFoundError:
        raise missing("DuckDB's httpfs") from None
    return folder / "httpfs.duckdb_extension"


def missing(what):
    """Return the error that says how to install what object storage needs."""
    return SettingError(
        "a lake on object storage", f"needs {what}, which is not installed", "pip install 'egmsql[s3]'"
    )


def _of_duckdb(address):
    """Return the Access that a persistent secret of DuckDB's gives to an address, or None."""
    try:
        # Only this connection, which runs nothing but the next lines, may see what the secrets hold.
        with contextlib.closing(duckdb.connect(config={"allow_unredacted_secrets": True})) as connection:
            load_extension(connection, httpfs_file())
            found = connection.execute(
                f"select secret_string from duckdb_secrets(redact = false)"
                f" where name in (select name from which_secret({quoted(address)}, 's3'))"
            ).fetchone()
    except duckdb.Error:
        return None
    values = dict(part.partition("=")[::2] for part in found[0].split(";")) if found else {}
    if not values.get("key_id"):
        return None
    return Access(
        values["key_id"],
        values["secret"],
        values.get("session_token"),
        values.get("region") or "us-east-1",
        values.get("endpoint") or None,
        values.get("use_ssl", "true") != "false",
        values.get("url_style") == "path",
    )


def _of_environment(address):
    session = _session()
    held = session.get_credentials()
    if held is None:
        advice = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or make a persistent secret in DuckDB"
        raise LakeError(address, "has no credentials", advice)
    now = held.get_frozen_credentials()  # renewed by AWS's own code where they expire
    region = os.environ.get("AWS_REGION") or session.region_name or "us-east-1"
    url = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    endpoint = urllib.parse.urlsplit(url or "")
    # Storage of one's own rarely has a name for each bucket.
    return Access(
        now.access_key,
        now.secret_key,
        now.token,
        region,
        endpoint.netloc or None,
        endpoint.scheme != "http",
        bool(url),
    )


@functools.cache
def _session():
    try:
        import boto3
    except ImportError:
        raise missing("boto3") from None
    return boto3.session.Session()
