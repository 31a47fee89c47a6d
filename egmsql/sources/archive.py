"""Delivered zips: one csv and its XML, read without unpacking and without trust."""

import struct
import zipfile
from pathlib import PurePosixPath

from egmsql.errors import SourceError
from egmsql.sources.delivery import AGAIN, LARGEST_XML, PIECE, Delivery, checked, inflater, read_beside

_DELIVERED = "give the zip as delivered by EGMS"
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1
# Series of EGMS shrink to a quarter; constant ones, as tests have them, to a hundredth.
_MOST_RATIO = 400
_SMALL = 1 << 20  # bytes a member may have whatever its ratio


def open_zip(path):
    """Return the Delivery in a zip.

    Raises
    ------
    SourceError
        If it is damaged, encrypted, absurdly compressed, or holds anything but one csv with its XML and TIFF.
    """
    where = path.name
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not _is_ballast(member)]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OverflowError) as problem:
        raise SourceError(where, f"the zip is truncated or damaged ({_one_line(problem)})", AGAIN) from None
    for member in members:
        _refuse_unsafe(where, member)
    csv = _only_csv(where, members)
    xml = _xml_of(csv, members)
    if xml is not None and xml.file_size > LARGEST_XML:
        raise SourceError(
            where, f"member {xml.filename!r} has {xml.file_size} bytes, too many for an XML", _DELIVERED
        )
    document = read_beside(path, ".xml") if xml is None else b"".join(_member_pieces(path, xml))
    return Delivery(csv.filename, csv.file_size, csv.CRC, document, lambda: _member_pieces(path, csv))


def _is_ballast(member):
    # What macOS adds to zips it makes: copies of file attributes under the names of the files.
    return member.filename.endswith("/") or member.filename.startswith("__MACOSX/")


def _refuse_unsafe(where, member):
    name = member.filename
    # zipfile has turned backslashes and cut NULs only where the platform does; orig_filename is as stored.
    parts = PurePosixPath(member.orig_filename.replace("\\", "/")).parts
    if ".." in parts or name.startswith(("/", "\\")) or ":" in name or "\0" in member.orig_filename:
        raise SourceError(where, f"member {name!r} points out of the archive", _DELIVERED)
    if member.flag_bits & _ENCRYPTED:
        raise SourceError(
            where, f"member {name!r} is encrypted", "unpack it with its password and give the csv"
        )
    if _suffix(member) == ".zip":
        raise SourceError(where, f"it holds another zip ({name!r})", "unpack it and give the zips it holds")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and _suffix(member) in (
        ".csv",
        ".xml",
    ):
        raise SourceError(
            where, f"member {name!r} is compressed by method {member.compress_type}", _DELIVERED
        )
    if member.file_size > _SMALL and member.file_size > _MOST_RATIO * member.compress_size:
        raise SourceError(
            where,
            f"member {name!r} would grow from {member.compress_size} to {member.file_size} bytes",
            _DELIVERED,
        )


def _only_csv(where, members):
    csvs = [member for member in members if _suffix(member) == ".csv"]
    if len(csvs) != 1:
        wrong = f"it holds {len(csvs)} csv files" if csvs else "it holds no csv"
        advice = "give one zip per product, or the csv files themselves" if csvs else _DELIVERED
        raise SourceError(where, wrong, advice)
    return csvs[0]


def _xml_of(csv, members):
    xmls = [member for member in members if _suffix(member) == ".xml"]
    of_csv = [xml for xml in xmls if PurePosixPath(xml.filename).stem == PurePosixPath(csv.filename).stem]
    return next(iter(of_csv or xmls), None)


def _suffix(member):
    return PurePosixPath(member.filename).suffix.lower()


def _member_pieces(path, member):
    """Yield the bytes of a member, about `PIECE` at a time, checked against the directory of the zip."""
    wrong = f"member {member.filename!r} is damaged (its CRC or size is not what the zip says)"
    return checked(path.name, _raw_pieces(path, member), member.file_size, member.CRC, wrong, AGAIN)


def _raw_pieces(path, member):
    with path.open("rb") as file:
        left = _seek_data(path, file, member)
        if member.compress_type == zipfile.ZIP_STORED:
            while left and (piece := file.read(min(PIECE, left))):
                left -= len(piece)
                yield piece
            return
        inflate = inflater.decompressobj(-15)
        try:
            while not inflate.eof:
                packed = inflate.unconsumed_tail
                if not packed:
                    packed = file.read(min(PIECE // 4, left))
                    left -= len(packed)
                piece = inflate.decompress(packed, PIECE)
                if piece:
                    yield piece
                elif not packed:
                    return  # the end of the file before the end of the data: the CRC will not agree
        except inflater.error as problem:
            raise SourceError(
                path.name, f"member {member.filename!r} is damaged ({_one_line(problem)})", AGAIN
            ) from None


def _seek_data(path, file, member):
    """Go to the first byte of a member's data; return how many there are."""
    file.seek(member.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(b"PK\x03\x04"):
        raise SourceError(
            path.name, f"the zip is damaged (no member {member.filename!r} where it should be)", AGAIN
        )
    _, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
    file.seek(name_bytes + extra_bytes, 1)
    return member.compress_size


def _one_line(problem):
    return " ".join(str(problem).split())
