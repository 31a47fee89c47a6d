"""A delivered file as a stream of csv text: zipped or bare, checked to the last byte."""

import hashlib
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from egmsql.errors import SourceError

try:
    from isal import isal_zlib as inflater  # four times as fast as zlib, same interface
except ImportError:  # no wheel for the platform
    inflater = zlib

PIECE = 1 << 20  # bytes of csv text handed on at a time
AGAIN = "download the file again"
LARGEST_XML = 64 << 20


@dataclass
class Delivery:
    """A csv and its XML, wherever they lie.

    `pieces` is a function without arguments that returns a fresh generator of the csv's bytes; the
    generator raises SourceError where they turn out to be damaged.
    """

    csv_name: str
    csv_bytes: int
    csv_crc32: int
    xml: bytes | None
    pieces: Callable


def open_bare(path):
    """Return the Delivery of an unzipped csv, with `<stem>.xml` beside it if there is one."""
    crc, size = 0, 0
    for piece in _file_pieces(path):
        crc, size = inflater.crc32(piece, crc), size + len(piece)

    def pieces():
        return checked(
            path.name, _file_pieces(path), size, crc, "the file changed while it was read", "ingest it again"
        )

    return Delivery(path.name, size, crc, read_beside(path, ".xml"), pieces)


def read_beside(path, suffix):
    """Return the bytes of the file of the same stem with another suffix (in lower or upper case), or None."""
    for candidate in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
        if candidate != path and candidate.is_file():
            with candidate.open("rb") as file:
                return file.read(LARGEST_XML)
    return None


def check_md5(path):
    """Return the md5 of a file that has an md5 sidecar, and None if it has none.

    Raises
    ------
    SourceError
        If the sidecar names another sum.
    """
    sidecar = (read_beside(path, ".md5") or b"").decode("ascii", "replace").split()
    if not sidecar or len(sidecar[0]) != 32:
        return None
    # The sidecar of a zip must not be held against the csv that was unpacked beside it.
    if len(sidecar) > 1 and Path(sidecar[1]).suffix.lower() != path.suffix.lower():
        return None
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "md5").hexdigest()
    if found != sidecar[0].lower():
        raise SourceError(
            path.name, f"its md5 is {found}, the .md5 file beside it says {sidecar[0].lower()}", AGAIN
        )
    return found


def checked(where, pieces, size, crc, wrong, advice):
    """Yield the pieces; raise SourceError as soon as they exceed `size`, or at the end if the CRC differs."""
    found_crc, found_size = 0, 0
    try:
        for piece in pieces:
            found_crc, found_size = inflater.crc32(piece, found_crc), found_size + len(piece)
            if found_size > size:
                break
            yield piece
    finally:
        pieces.close()
    if (found_crc, found_size) != (crc, size):
        raise SourceError(where, wrong, advice)


def prefetched(pieces):
    """Yield the pieces of a generator, each made by another thread while the last one is used."""
    with ThreadPoolExecutor(1, "egmsql-prefetch") as pool:
        try:
            coming = pool.submit(next, pieces, None)
            while (piece := coming.result()) is not None:
                coming = pool.submit(next, pieces, None)
                yield piece
        finally:
            # The thread may be inside the generator, which only it may close then.
            pool.submit(pieces.close).result()


def _file_pieces(path):
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
