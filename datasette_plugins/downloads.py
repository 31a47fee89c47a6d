"""The route `download`: points of a box or polygon as a stream of csv or Arrow, batch by batch."""

import asyncio
import io

import pyarrow as pa
from egmsql.web import parameters as p
from egmsql.web.limits import DOWNLOAD_MS, MAX_DOWNLOAD_ROWS
from egmsql.web.parameters import RequestError
from egmsql.web.queries import box_around, inside, listed, points_where
from egmsql.web.routes import PREFIX, Route
from pyarrow import csv

_BATCH_ROWS = 20_000
_PART_SECONDS = 30  # a client that takes longer for a part is let go


class Stream:
    """An answer that is sent while it is made.

    Parameters
    ----------
    call : Call
        Held until the end: the state that it is made of must not close.
    parts : callable
        From a cursor to an iterator of bytes.
    """

    def __init__(self, call, parts, content_type, name):
        self._call, self._parts = call, parts
        self.status, self.headers = 200, {"content-disposition": f'attachment; filename="{name}"'}
        self.content_type = content_type

    async def asgi_send(self, send):
        """Send head and parts; a client that is gone or too slow ends it."""
        headers = {**self.headers, "content-type": self.content_type}
        raw = [[k.lower().encode(), v.encode()] for k, v in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        loop = asyncio.get_running_loop()

        def work(cursor):
            """Send each part as it comes; the client's pace is this thread's."""
            for part in self._parts(cursor):
                message = {"type": "http.response.body", "body": part, "more_body": True}
                asyncio.run_coroutine_threadsafe(send(message), loop).result(timeout=_PART_SECONDS)

        await self._call.run(work, DOWNLOAD_MS, "bulk")
        await send({"type": "http.response.body", "body": b""})


async def download(call):
    """Answer the points of a box or polygon, whole rows, as a file."""
    box, corners = call["bbox"], call["polygon"]
    if (box is None) == (corners is None):
        raise RequestError("bbox, polygon", "one of them is needed", "give either")
    where = points_where(call.snapshot, call.filters, box or box_around(corners))
    table = call.snapshot.tables["points"]
    text = f"select {listed(table, table.columns)} from points where {where} limit {MAX_DOWNLOAD_ROWS:d}"

    def batches(cursor):
        """Yield the schema, then record batches of the points inside."""
        reader = cursor.execute(text, where.params).to_arrow_reader(_BATCH_ROWS)
        yield reader.schema
        for batch in reader:
            if corners:
                chosen = inside(corners, batch["longitude"].to_numpy(), batch["latitude"].to_numpy())
                batch = batch.filter(pa.array(chosen))
            yield batch

    if call["format"] == "arrow":
        content_type = "application/vnd.apache.arrow.stream"
        return Stream(call, lambda cursor: _arrow(batches(cursor)), content_type, "egms.arrows")
    return Stream(call, lambda cursor: _csv(batches(cursor)), "text/csv; charset=utf-8", "egms.csv")


def _csv(batches):
    schema = next(batches)
    return _written(batches, lambda sink: csv.CSVWriter(sink, schema))


def _arrow(batches):
    schema = next(batches)
    return _written(batches, lambda sink: pa.ipc.new_stream(sink, schema))


def _written(batches, open_writer):
    """Yield what a writer of Arrow's makes of batches, as it comes."""
    sink = io.BytesIO()
    with open_writer(sink) as writer:
        for batch in batches:
            writer.write_batch(batch)
            if sink.tell():
                yield sink.getvalue()
                sink.seek(0)
                sink.truncate()
    if sink.tell():
        yield sink.getvalue()


ROUTES = (
    Route(
        f"{PREFIX}/download",
        "Points of a box or polygon, whole rows, as a file.",
        (
            p.bbox(required=False),
            p.path("polygon", 3, "the corners", required=False),
            p.choice("format", "form of the file", "csv", "arrow"),
            *p.FILTERS,
        ),
        download,
        ("text/csv", "application/vnd.apache.arrow.stream"),
    ),
)
