"""Answers of the API: JSON, Arrow, GeoJSON and CSV, each with attribution, ETag and safe headers."""

import hashlib
import io
import json

import numpy as np
import orjson
import pyarrow as pa
from datasette.utils.asgi import Response

from egmsql.about import ATTRIBUTION, __version__

ARROW = "application/vnd.apache.arrow.stream"
_MICRODEGREES = ("longitude", "latitude")  # int32 in Arrow: 0.11 m, where float32 would slip
_DICTIONARIES = ("viewing", "product", "class", "release", "level")


def etag_of(snapshot, request):
    """Return the ETag of any answer: it depends on the state and the request alone."""
    text = f"{__version__}\n{snapshot.digest}\n{request.path}\n{request.query_string}"
    return f'"{hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]}"'


def headers_for(etag=None, cors=False, private=False):
    """Return the headers that every answer has."""
    headers = {
        "Attribution": ATTRIBUTION,
        "Cache-Control": "private, no-cache" if private else "no-cache",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }
    if etag:
        headers["ETag"] = etag
    if cors:
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = (
            "ETag, Attribution, Server-Timing, X-Total-Count, X-Rendered-Count"
        )
    return headers


def as_json(content, status=200):
    """Return a JSON answer."""
    body = orjson.dumps(
        {**content, "attribution": ATTRIBUTION} if isinstance(content, dict) else content,
        option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS,
        default=_plain,
    )
    return Response(body, status=status, content_type="application/json; charset=utf-8")


def as_error(text, status):
    """Return an error: one line."""
    line = " ".join(str(text).split())[:500]
    return Response(
        orjson.dumps({"error": line, "attribution": ATTRIBUTION}),
        status=status,
        content_type="application/json; charset=utf-8",
    )


def columnar(table):
    """Return name -> list of an Arrow table, ready for JSON; NaN becomes null."""
    return {name: _values(column) for name, column in zip(table.column_names, table.columns, strict=True)}


def _values(column):
    if pa.types.is_floating(column.type):
        return np.ascontiguousarray(column.to_numpy())
    if pa.types.is_integer(column.type) and not column.null_count:
        return np.ascontiguousarray(column.to_numpy())
    return column.to_pylist()


def rows_of(table):
    """Return the rows of an Arrow table as dicts; a FLOAT is the number meant, not the nearest double."""
    for index, column in enumerate(table.columns):
        if column.type == pa.float32():
            meant = [None if v is None else float(str(np.float32(v))) for v in column.to_pylist()]
            table = table.set_column(index, table.column_names[index], pa.array(meant, pa.float64()))
    return table.to_pylist()


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def as_arrow(table, described):
    """Return an Arrow IPC stream; its schema's metadata `egms` holds what JSON says beside the columns."""
    for name in table.column_names:
        index = table.column_names.index(name)
        if name in _MICRODEGREES:
            micro = np.rint(table[name].to_numpy() * 1e6).astype(np.int32)
            table = table.set_column(index, name, pa.array(micro))
        elif name in _DICTIONARIES:
            table = table.set_column(index, name, table[name].combine_chunks().dictionary_encode())
    text = json.dumps({**described, "degrees": 1e-6, "attribution": ATTRIBUTION})
    table = table.replace_schema_metadata({"egms": text})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return Response(sink.getvalue(), content_type=ARROW)


def as_geojson(table, described):
    """Return a GeoJSON FeatureCollection of points from columns `longitude` and `latitude`."""
    rows = rows_of(table)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row.pop("longitude"), row.pop("latitude")]},
            "properties": row,
        }
        for row in rows
    ]
    return feature_collection(features, described)


def feature_collection(features, described):
    """Return a GeoJSON FeatureCollection with more members beside its features."""
    response = as_json({"type": "FeatureCollection", **described, "features": features})
    response.content_type = "application/geo+json"
    return response


def as_csv(table):
    """Return a csv with a header."""
    from pyarrow import csv

    sink = io.BytesIO()
    csv.write_csv(table, sink)
    return Response(sink.getvalue(), content_type="text/csv; charset=utf-8")
