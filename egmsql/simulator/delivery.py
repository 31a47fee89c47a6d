"""Files as they are delivered: a zip with its md5 sidecar, written in one pass, or bare csv and xml.

The csv's deflate stream is a chain of pieces that were packed apart, in any thread. The zip has sizes after
the data (data descriptors), so that the md5 can be taken while writing; zip64 where 4 GiB may be passed.
Everything is written under temporary names and appears when `publish` is called.
"""

import hashlib
import struct
import zlib

try:
    from isal.isal_zlib import Z_SYNC_FLUSH, compressobj, crc32
except ImportError:  # no wheel for this platform
    from zlib import Z_SYNC_FLUSH, compressobj, crc32

_LEVEL = 1
_LAST_PIECE = b"\x03\x00"  # an empty final block ends a chain of pieces
_FULL = 0xFFFFFFFF  # "see the zip64 field"
_DESCRIPTOR_FLAG, _DEFLATED, _EARLIEST_DAY = 8, 8, 33  # 1980-01-01, so that equal content is equal bytes
_PLAIN_VERSION, _ZIP64_VERSION = 20, 45


def pack(data):
    """Return a piece of a raw deflate stream that ends on a byte."""
    packer = compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(Z_SYNC_FLUSH)


class PartFile:
    """A file that is written beside its later name; it appears by `publish` or goes by `discard`."""

    def __init__(self, path):
        self.path = path
        self._part = path.with_name(f".{path.name}.part")
        self.stream = self._part.open("wb")

    def write(self, data):
        """Append bytes."""
        self.stream.write(data)

    def close(self):
        """End the file, still under its temporary name."""
        self.stream.close()

    def publish(self):
        """Give the closed file its name."""
        self._part.replace(self.path)

    def discard(self):
        """Remove what was written, if it is not published."""
        self.stream.close()
        self._part.unlink(missing_ok=True)


class BareDelivery:
    """`<stem>.csv` and `<stem>.xml` side by side."""

    compresses = False

    def __init__(self, folder, stem, document):
        self.path = folder / f"{stem}.csv"
        self.files = [PartFile(self.path), PartFile(folder / f"{stem}.xml")]
        self.files[1].write(document)

    @staticmethod
    def names(stem):
        """Return the names of the files of one product, the csv first."""
        return [f"{stem}.csv", f"{stem}.xml"]

    def write(self, text, _piece):
        """Append csv text."""
        self.files[0].write(text)

    def close(self):
        """End both files."""
        for file in self.files:
            file.close()


class ZippedDelivery:
    """`<stem>.zip` with `<stem>.xml` and `<stem>.csv`, and the sidecar `<stem>.md5`."""

    compresses = True

    def __init__(self, folder, stem, document, is_large):
        self.path = folder / f"{stem}.zip"
        self.files = [PartFile(self.path), PartFile(folder / f"{stem}.md5")]
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._at = 0
        self._members = []
        self._begin(f"{stem}.xml", is_large=False)
        self.write(document, pack(document))
        self._end()
        self._begin(f"{stem}.csv", is_large)

    @staticmethod
    def names(stem):
        """Return the names of the files of one product, the zip first."""
        return [f"{stem}.zip", f"{stem}.md5"]

    def write(self, text, piece):
        """Append csv text, given with its packed piece."""
        member = self._members[-1]
        member.crc = crc32(text, member.crc)
        member.size += len(text)
        member.packed += len(piece)
        self._put(piece)

    def close(self):
        """End the archive and write the sidecar."""
        self._end()
        start = self._at
        for member in self._members:
            self._put(member.directory_entry())
        self._put(_directory_end(len(self._members), self._at - start, start))
        self.files[1].write(f"{self._md5.hexdigest()}  {self.path.name}\n".encode())
        for file in self.files:
            file.close()

    def _begin(self, name, is_large):
        self._members.append(_Member(name.encode(), is_large, self._at))
        self._put(self._members[-1].local_header())

    def _end(self):
        member = self._members[-1]
        member.packed += len(_LAST_PIECE)
        self._put(_LAST_PIECE)
        self._put(member.descriptor())

    def _put(self, data):
        self._at += len(data)
        self._md5.update(data)
        self.files[0].write(data)


class _Member:
    """One entry of a zip; source of the layouts: PKWARE, APPNOTE 6.3.10."""

    def __init__(self, name, is_large, offset):
        self.name, self.is_large, self.offset = name, is_large, offset
        self.crc = self.size = self.packed = 0
        self.version = _ZIP64_VERSION if is_large else _PLAIN_VERSION

    def local_header(self):
        extra = struct.pack("<HHQQ", 1, 16, 0, 0) if self.is_large else b""
        sizes = _FULL if self.is_large else 0
        common = (self.version, _DESCRIPTOR_FLAG, _DEFLATED, 0, _EARLIEST_DAY, 0, sizes, sizes)
        return struct.pack("<4s5H3L2H", b"PK\3\4", *common, len(self.name), len(extra)) + self.name + extra

    def descriptor(self):
        layout = "<4sLQQ" if self.is_large else "<4sLLL"
        return struct.pack(layout, b"PK\7\x08", self.crc, self.packed, self.size)

    def directory_entry(self):
        extra = struct.pack("<HHQQ", 1, 16, self.size, self.packed) if self.is_large else b""
        packed, size = (_FULL, _FULL) if self.is_large else (self.packed, self.size)
        common = (self.version, _DESCRIPTOR_FLAG, _DEFLATED, 0, _EARLIEST_DAY, self.crc, packed, size)
        # Made by version 2.0 for FAT; no comment, first disk, no attributes.
        lengths = (len(self.name), len(extra), 0, 0, 0, 0, self.offset)
        return struct.pack("<4s6H3L5H2L", b"PK\1\2", self.version, *common, *lengths) + self.name + extra


def _directory_end(n_members, size, start):
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, n_members, n_members, size, min(start, _FULL), 0)
    if start < _FULL:
        return end
    versions = (44, _ZIP64_VERSION, _ZIP64_VERSION, 0, 0)
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", *versions, n_members, n_members, size, start)
    return record + struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1) + end
