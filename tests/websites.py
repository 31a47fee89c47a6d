"""A served lake for tests: requests without a network, one after the other."""

import asyncio
from pathlib import Path

from egmsql.serve import datasette_for
from egmsql.web.plugin import served_of


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
