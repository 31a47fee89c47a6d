"""One delivered file: what it is, what its header and XML say, and its rows as Arrow batches."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from egmsql.errors import SourceError
from egmsql.products import ProductName, release_of
from egmsql.sources.archive import open_zip
from egmsql.sources.delivery import Delivery, check_md5, inflater, open_bare, prefetched
from egmsql.sources.header import Header, read_header
from egmsql.sources.identity import decode_pid, identify
from egmsql.sources.metadata import Metadata, read_metadata
from egmsql.sources.rows import RowReader
from egmsql.sources.schema import FILE_SCHEMA
from egmsql.sources.wrong import split_line

_NOT_EGMS = "give a zip or csv delivered by EGMS"
_LONGEST_HEAD = 1 << 20  # bytes of header and first row
# What a file that is neither zip nor csv begins with, and what it is then.
_FOREIGN = {
    b"II*\0": ("it is a tiff", "give the zip, whose csv also has the series"),
    b"MM\0*": ("it is a tiff", "give the zip, whose csv also has the series"),
    b"\x1f\x8b": ("it is a gzip file", "unpack it and give the csv"),
    b"PK\x05\x06": ("it is an empty zip", "download the file again"),
    b"\xff\xfe": ("it is UTF-16 text", "save it as UTF-8, or ingest the delivered zip"),
    b"\xfe\xff": ("it is UTF-16 text", "save it as UTF-8, or ingest the delivered zip"),
    b"<": ("it is XML or HTML, perhaps an error page", "download the file again"),
}


def open_source(path):
    """Return the Source for a delivered zip or bare csv; its header, XML and first row are read and checked.

    Raises
    ------
    SourceError
        If it is not what EGMS delivers, contradicts itself or cannot be read.
    """
    path = Path(path)
    try:
        return _open_source(path)
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise SourceError(
            path.name, f"it cannot be read ({reason})", "check the path and its permissions"
        ) from None


def _open_source(path):
    where = path.name
    delivery = _open_delivery(path)
    md5 = check_md5(path)
    header_line, first_row = _read_head(where, delivery)
    header = read_header(where, header_line, first_row)
    metadata = None if delivery.xml is None else read_metadata(where, delivery.xml)
    cells = split_line(f"{where}, row 1", header, first_row)
    pid = cells[header.columns.index("pid")]
    name, notes = identify(where, path, delivery.csv_name, header, metadata, pid)
    facility = decode_pid(where, pid, header.is_l3)["facility"]
    notes += [*header.notes, *_notes_on(metadata, facility)]
    prefix = pid[: 1 if header.is_l3 else 5]
    return Source(path, name, header, metadata or Metadata(), md5, facility, prefix, delivery, notes)


def _open_delivery(path):
    if path.is_dir():
        raise SourceError(
            path.name, "it is a folder", "name the files in it, or use a pattern like folder/*.zip"
        )
    with path.open("rb") as file:
        begin = file.read(64)
    if not begin:
        raise SourceError(path.name, "it is empty", "download the file again")
    if begin.startswith(b"PK\x03\x04"):
        return open_zip(path)
    for signature, (wrong, advice) in _FOREIGN.items():
        if begin.startswith(signature):
            raise SourceError(path.name, wrong, advice)
    if path.suffix.lower() == ".zip":
        raise SourceError(path.name, "it is not a zip", "download the file again")
    return open_bare(path)


def _read_head(where, delivery):
    """Return the header line and the first row, without line ends."""
    head = b""
    with contextlib.closing(delivery.pieces()) as pieces:
        for piece in pieces:
            head += piece
            if head.count(b"\n") > 1 or len(head) > _LONGEST_HEAD:
                break
    if not head:
        raise SourceError(where, "its csv is empty", "download the file again")
    lines = head.split(b"\n", 2)[:2]
    if b"\0" in lines[0]:
        raise SourceError(where, "it is no csv but binary data or UTF-16 text", _NOT_EGMS)
    try:
        header_line, *rows = (line.rstrip(b"\r").decode("utf-8-sig") for line in lines)
    except UnicodeDecodeError:
        raise SourceError(where, "it is no UTF-8 text", _NOT_EGMS) from None
    if not "".join(rows).strip():
        read_header(where, header_line, "")  # a file that is no EGMS csv at all is told so
        raise SourceError(where, "it has a header but no rows", "download the file again")
    return header_line, rows[0]


def _notes_on(metadata, facility):
    if metadata is None:
        yield "no XML: facility, production date, dem and gnss versions are unknown but for the pids"
        return
    yield from metadata.notes
    if metadata.facility not in (None, facility):
        yield f"XML names facility {metadata.facility}, the pids facility {facility}"


@dataclass
class Source:
    """One delivered file, opened; `batches` may be called any number of times."""

    path: Path
    name: ProductName
    header: Header
    metadata: Metadata
    md5: str | None  # if a sidecar confirmed it
    facility: int
    pid_prefix: str
    delivery: Delivery
    notes: list[str] = field(default_factory=list)

    @property
    def product(self):
        """The stem EGMS gives the file: the name of the partition."""
        return self.name.product

    @property
    def csv_identity(self):
        """CRC-32 and size of the csv, the same zipped or bare."""
        return f"{self.delivery.csv_crc32:08x}-{self.csv_bytes}"

    @property
    def content(self):
        """What was delivered, csv and XML: equal content gives equal tables."""
        xml = self.delivery.xml
        return f"{self.csv_identity}-" + ("-" if xml is None else f"{inflater.crc32(xml):08x}")

    @property
    def epochs(self):
        """The dates of acquisition, strictly increasing."""
        return self.header.epochs

    @property
    def csv_bytes(self):
        """How long the csv text is, for progress."""
        return self.delivery.csv_bytes

    def file_table(self):
        """Return what is known about the file as one row of `FILE_SCHEMA`."""
        name, metadata = self.name, self.metadata
        row = {
            "product": name.product,
            "replacement_key": name.key,
            "release": name.release or release_of(self.epochs[0], self.epochs[-1]),
            "delivery": name.version,
            "epochs": self.epochs,
            "facility_code": self.facility,
            "header": self.header.generation,
            "file_name": self.path.name,
            "md5": self.md5,
            "csv_bytes": self.csv_bytes,
            "csv_crc32": f"{self.delivery.csv_crc32:08x}",
            "unknown_columns": self.header.unknown,
        }
        for part in FILE_SCHEMA.names:
            if part not in row:
                row[part] = getattr(name, part, None) if hasattr(name, part) else getattr(metadata, part)
        return pa.Table.from_pylist([row], FILE_SCHEMA)

    def batches(self, progress=None):
        """Yield the rows in file order as record batches of `ROWS_SCHEMA`, from the start on each call.

        Parameters
        ----------
        progress : callable, optional
            Called with the number of bytes of csv text done since its last call.

        Raises
        ------
        SourceError
            At the first wrong row, or where the file turns out to be damaged.
        """
        where = self.path.name
        reader = RowReader(where, self.header, self.header.layout(self.pid_prefix, _corner(self.name.tile)))
        try:
            with contextlib.closing(prefetched(self.delivery.pieces())) as pieces:
                try:
                    yield from reader.read(_counted(pieces, progress))
                except SourceError:
                    # A damaged file explains a wrong cell better than the cell does: read on to its CRC.
                    for _ in pieces:
                        pass
                    raise
        except OSError as problem:
            raise SourceError(where, f"it cannot be read ({problem.strerror})", "check the disk") from None


def _corner(tile):
    """Return northing and easting of a tile's corner / 100 km."""
    return (-1, -1) if tile is None else (int(tile[4:6]), int(tile[1:3]))


def _counted(pieces, progress):
    for piece in pieces:
        yield piece
        if progress is not None:
            progress(len(piece))
