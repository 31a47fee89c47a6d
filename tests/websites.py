"""A served lake for tests: requests without a network, one after the other."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
from egmsql.web.plugin import served_of

from egmsql.serve import datasette_for


class Site:
    """Datasette over a lake, in this process; `get` is synchronous."""

    def __init__(self, lake, metadata=None, **options):
        self.lake = Path(lake)
        self.loop = asyncio.new_event_loop()
        self.datasette = datasette_for(lake, **options)
        self.datasette._metadata_local |= metadata or {}
        self.run(self.datasette.invoke_startup())

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def get(self, path, **options):
        return self.run(self.datasette.client.get(path, **options))

    def json(self, path, status=200):
        response = self.get(path)
        assert response.status_code == status, (path, response.status_code, response.text[:500])
        return response.json()

    def sql(self, text, **params):
        """Return the answer to visitors' own SQL."""
        return self.get("/egms.json", params={"sql": text, "_shape": "array", **params})

    @property
    def served(self):
        return served_of(self.datasette)

    def close(self):
        self.served.close()
        self.datasette.executor.shutdown()
        self.loop.close()


class Server:
    """`egmsql serve`, or Datasette with a file of metadata, as its own process, asked over a socket."""

    def __init__(self, lake, *options, environment=None, metadata=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = ["egmsql", "serve", str(lake)] if metadata is None else ["datasette", "-m", str(metadata)]
        command = [sys.executable, "-m", *command, "--port", str(self.port), *options]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        until = time.monotonic() + 120
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if self.client.get("/health").status_code == 200:
                    return
            time.sleep(0.1)
        self.close()
        raise RuntimeError("the server did not start")

    def sql(self, text):
        return self.client.get("/egms.json", params={"sql": text, "_shape": "array"})

    def close(self):
        self.client.close()
        self.process.terminate()
        self.process.wait(20)
