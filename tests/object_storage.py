"""Object storage on loopback: moto's S3 in a process of its own."""

import contextlib
import os
import socket
import subprocess
import sys
import time

import boto3

KEY_ID, SECRET = "AKIAEGMSQLTESTKEY00", "never-to-be-seen-Zq81"


class Storage(contextlib.AbstractContextManager):
    """`environment` holds what a user would set; `strict` storage knows no key at all."""

    def __init__(self, log, strict=False):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        rules = {"INITIAL_NO_AUTH_ACTION_COUNT": "0"} if strict else {}
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                command, stdout=said, stderr=said, env={**os.environ, **rules}, cwd=log.parent
            )
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.05)
        raise RuntimeError("the storage did not start")

    @property
    def client(self):
        """A client that is not egmsql's."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )

    def make_bucket(self, name):
        self.client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        return name

    def keys(self, bucket, prefix=""):
        """Return key -> bytes of the objects below a prefix."""
        found = {}
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            found |= {o["Key"]: o["Size"] for o in page.get("Contents", ())}
        return found

    def content(self, bucket, key):
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
