"""Delivered EGMS files, read: zip or csv in, Arrow batches out."""

from egmsql.sources.schema import FILE_SCHEMA, ROWS_SCHEMA
from egmsql.sources.source import Source, open_source

__all__ = ["FILE_SCHEMA", "ROWS_SCHEMA", "Source", "open_source"]
