"""The client of one bucket, and what its errors mean in one line."""

import contextlib
import functools
import time
from email.utils import parsedate_to_datetime

from egmsql.credentials import access_to, missing
from egmsql.errors import LakeError, SettingError


class ConflictError(Exception):
    """An object that was put on a condition is no longer what it was."""


class Store:
    """The client of one bucket, made when it is first needed.

    `known` are keys that are there for certain; others are asked for, one by one.
    """

    def __init__(self, bucket):
        self.bucket, self.known = bucket, set()

    @functools.cached_property
    def client(self):
        """Boto's client; it retries what a network loses."""
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise missing("boto3") from None
        found = access_to(f"s3://{self.bucket}/")
        config = Config(
            connect_timeout=5,
            retries={"mode": "standard", "max_attempts": 4},
            s3={"addressing_style": "path" if found.has_path_style else "auto"},
            # Checksums of AWS alone would shut out the storage of others.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        held = {
            "aws_access_key_id": found.key_id,
            "aws_secret_access_key": found.secret,
            "aws_session_token": found.token,
        }
        try:
            session = boto3.session.Session(**held, region_name=found.region)
            return session.client("s3", endpoint_url=found.url, config=config)
        except ValueError:
            raise SettingError(
                "AWS_ENDPOINT_URL", "is no address", "write it like https://host:9000"
            ) from None

    @contextlib.contextmanager
    def asking(self, key):
        """Yield the client; its errors become one line, or FileNotFoundError or ConflictError."""
        client = self.client
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield client
        except (Boto3Error, BotoCoreError, ClientError) as error:
            raise _explained(error, f"s3://{self.bucket}/{key}", self.bucket) from None

    def require(self):
        """Raise LakeError unless the bucket is there."""
        try:
            with self.asking("") as client:
                client.head_bucket(Bucket=self.bucket)
        except FileNotFoundError:
            raise _no_bucket(self.bucket) from None

    def listed(self, prefix):
        """Yield (key, bytes, age in seconds by the storage's own clock) of the objects below a prefix."""
        with self.asking(prefix) as client:
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix):
                now = moment(page)
                for found in page.get("Contents", ()):
                    yield found["Key"], found["Size"], now - found["LastModified"].timestamp()

    def delete(self, keys):
        """Delete objects, a thousand at a time."""
        for start in range(0, len(keys), 1000):
            some = [{"Key": key} for key in keys[start : start + 1000]]
            with self.asking(keys[start]) as client:
                client.delete_objects(Bucket=self.bucket, Delete={"Objects": some, "Quiet": True})
        self.known.difference_update(keys)


def moment(answer):
    """Return the storage's present time, as seconds: ages must not depend on this machine's clock."""
    text = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(text).timestamp() if text else time.time()


def _no_bucket(bucket):
    return LakeError(f"s3://{bucket}", "there is no such bucket", "make it, or correct the address")


def _explained(error, address, bucket):
    """Return the one line, or the plain exception, that an error of boto's stands for."""
    answer = getattr(error, "response", None) or {}
    code = str(answer.get("Error", {}).get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    cause = error.__cause__ or error.__context__
    if not answer and hasattr(cause, "response"):  # an upload in parts hides it
        return _explained(cause, address, bucket)
    if code == "NoSuchBucket":
        return _no_bucket(bucket)
    if status == 404:
        return FileNotFoundError(address)
    if status in (409, 412):
        return ConflictError(address)
    if status in (400, 401, 403):
        advice = "check AWS_ACCESS_KEY_ID and the rest, or the persistent secret in DuckDB, and its rights"
        return LakeError(address, f"the storage refuses the credentials ({code or status})", advice)
    if status is None:
        advice = "check AWS_ENDPOINT_URL and the network, and run again; what was finished is kept"
        return LakeError(address, f"the storage does not answer ({type(error).__name__})", advice)
    return LakeError(address, f"the storage fails ({code or status})", "run again; what was finished is kept")
