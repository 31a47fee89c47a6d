"""A served lake for tests: requests without a network, one after the other."""

import asyncio
import contextlib
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
from egmsql.web.plugin import served_of

from egmsql.serve import datasette_for

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(
    ["egmsql.cli", "datasette.app", "egmsql.web.plugin", "uvicorn", "pytest", "forge"]
)


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

    def __init__(self, lake, *options, environment=None, metadata=None, awaited=True):
        self._listen()
        command = ["egmsql", "serve", str(lake)] if metadata is None else ["datasette", "-m", str(metadata)]
        command = [sys.executable, "-m", *command, "--port", str(self.port), *options]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        if awaited:
            self._wait()

    def _listen(self):
        """Choose a port and make a client of it."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)

    def _wait(self):
        until = time.monotonic() + 120
        while time.monotonic() < until and self.is_running():
            with contextlib.suppress(httpx.TransportError):
                if self.client.get("/health").status_code == 200:
                    return
            time.sleep(0.02)
        self.close()
        raise RuntimeError("the server did not start")

    def is_running(self):
        return self.process.poll() is None

    def sql(self, text):
        return self.client.get("/egms.json", params={"sql": text, "_shape": "array"})

    def children(self):
        """Return the processes that it started."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in found.read_text().split()] if found.exists() else []

    def kill(self):
        self.client.close()
        self.process.kill()
        self.process.wait(20)

    def close(self):
        self.client.close()
        self.process.terminate()
        self.process.wait(20)


class ForkedServer(Server):
    """`egmsql serve LAKE` in a fresh process that is forked from one with everything imported: a third of a second.

    `folder` is its home and its place for temporary files; what it says is in `folder`.log. With a file of
    `metadata` it is plain Datasette.
    """

    def __init__(self, lake, folder, *options, metadata=None):
        self._listen()
        self._log = folder.with_name(f"{folder.name}.log")
        command = ["serve", str(lake)] if metadata is None else ["-m", str(metadata)]
        arguments = [*command, "--port", str(self.port), *options]
        self.process = _FORKED.Process(target=_serve, args=(arguments, str(folder), str(self._log)))
        self.process.start()
        self._wait()

    def is_running(self):
        return self.process.is_alive()

    @property
    def said(self):
        """What it has written to its output."""
        return self._log.read_text(encoding="utf-8")

    def close(self):
        self.client.close()
        self.process.terminate()
        self.process.join(20)


def _serve(arguments, folder, log):
    """Run in the child: what `egmsql` does, or `datasette`."""
    if arguments[0] == "serve":
        from egmsql.cli import main
    else:
        from datasette.cli import cli as main

    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(HOME=folder, TMPDIR=folder)
    main(arguments)
