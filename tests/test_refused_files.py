"""Every form of a file that the reader refuses, and the one line it says."""

import struct
import zipfile
import zlib

import forge
import pytest

from egmsql.errors import SourceError
from egmsql.sources import open_source


def rewrite(path, old, new, count=-1):
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, count))
    return path


# Files that are something else


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("empty.csv", b"", "it is empty"),
        ("empty.zip", b"", "it is empty"),
        ("page.zip", b"<!DOCTYPE html><html></html>", "XML or HTML"),
        ("text.zip", b"hello, world\n1,2\n", "it is not a zip"),
        ("tile.tiff", b"II*\0" + bytes(100), "it is a tiff"),
        ("tile.zip", b"MM\0*" + bytes(100), "it is a tiff"),
        ("points.csv.gz", b"\x1f\x8b" + bytes(100), "it is a gzip file"),
        ("nothing.zip", b"PK\x05\x06" + bytes(18), "it is an empty zip"),
        ("other.csv", b"a,b,c\n1,2,3\n", "its first line is 'a,b,c'"),
        ("long.csv", b"word " * 100 + b"\n1\n", "its first line is 'word word"),
        ("binary.csv", bytes(range(256)) * 10, "binary data"),
        ("latin.csv", "pid,Größe,a,b\n1,2,3,4\n".encode("latin-1"), "no UTF-8 text"),
        ("one-line.csv", b"x" * 3_000_000, "its first line is 'xxx"),
    ],
)
def test_foreign_files(tmp_path, name, content, wrong):
    path = tmp_path / name
    path.write_bytes(content)
    assert wrong in forge.refusal(path).wrong


def test_a_tiff_gets_the_advice_to_give_the_zip(tmp_path):
    path = tmp_path / "EGMS_L3_E45N17_100km_E_2020_2024_1.tiff"
    path.write_bytes(b"II*\0" + bytes(10))
    assert "give the zip" in forge.refusal(path).advice


def test_a_folder(tmp_path):
    error = forge.refusal(tmp_path)
    assert error.wrong == "it is a folder" and "*.zip" in error.advice


def test_a_file_that_does_not_exist(tmp_path):
    assert "No such file" in forge.refusal(tmp_path / "EGMS.zip").wrong


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    path = forge.write_zip(tmp_path)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("egmsql.sources.source.open_zip", refuse)
    assert forge.refusal(path).wrong == "it cannot be read (Permission denied)"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16(tmp_path, encoding):
    assert "UTF-16" in forge.refusal(forge.product().write_csv(tmp_path, encoding=encoding)).wrong


# Zips


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.99])
def test_a_truncated_zip(tmp_path, kept):
    path = forge.write_zip(tmp_path, n_points=200)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    error = forge.refusal(path)
    assert "truncated" in error.wrong and error.advice == "download the file again"


def test_a_byte_changed_in_a_zip(tmp_path):
    path = forge.write_zip(tmp_path, n_points=500)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)
    error = forge.refusal(path)
    assert "is damaged" in error.wrong and error.advice == "download the file again"


def test_a_byte_changed_in_a_stored_zip_is_told_as_damage_not_as_a_wrong_cell(tmp_path):
    product = forge.product(n_points=500)
    path = product.write_zip(tmp_path, compression=zipfile.ZIP_STORED)
    cell = product["latitude", 300].encode()
    rewrite(path, cell, b"x" + cell[1:])
    assert "is damaged" in forge.refusal(path).wrong


def test_a_member_without_a_name_is_told_as_what_it_is(tmp_path):
    """Found by the fuzzer: a NUL in the directory of a zip cuts the name to nothing."""
    path = forge.write_zip(tmp_path)
    content = path.read_bytes()
    at = content.rindex(b"EGMS_")
    path.write_bytes(content[:at] + b"\0" + content[at + 1 :])
    assert "points out of the archive" in forge.refusal(path).wrong


def test_a_wrong_crc_alone(tmp_path):
    product = forge.product()
    path = product.write_zip(tmp_path)
    crc = struct.pack("<I", zlib.crc32(product.text.encode()))
    rewrite(path, crc, b"\1\2\3\4")
    assert "its CRC or size" in forge.refusal(path).wrong


def test_a_zip_with_another_size_than_declared(tmp_path):
    product = forge.product()
    size = len(product.text.encode())
    for declared in (size - 1, size + 1):
        path = product.write_zip(tmp_path)
        rewrite(path, struct.pack("<I", size), struct.pack("<I", declared))
        assert "its CRC or size" in forge.refusal(path).wrong


def test_a_zip_bomb_by_its_declared_ratio(tmp_path):
    product = forge.product()
    path = product.write_zip(tmp_path, csv=product.text.encode() + b"0" * 30_000_000)
    error = forge.refusal(path)
    assert "would grow from" in error.wrong and "30" in error.wrong


def test_a_zip_bomb_with_a_forged_size_is_read_no_further_than_the_size(tmp_path):
    product = forge.product()
    content = product.text.encode() + b"\n" * 60_000_000
    path = product.write_zip(tmp_path, csv=content)
    rewrite(path, struct.pack("<I", len(content)), struct.pack("<I", 3_000_000))
    n_bytes = 0
    with pytest.raises(SourceError, match="its CRC or size"):
        for piece in open_source(path).delivery.pieces():
            n_bytes += len(piece)
    assert 0 < n_bytes <= 3_000_000


def test_an_xml_without_measure(tmp_path, monkeypatch):
    product = forge.product()
    path = product.write_zip(tmp_path)
    assert open_source(path).metadata.track == 22
    monkeypatch.setattr("egmsql.sources.archive.LARGEST_XML", len(product.xml) - 1)
    assert "too many for an XML" in forge.refusal(path).wrong


def test_an_encrypted_zip(tmp_path):
    path = forge.write_zip(tmp_path)
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(signature, at + 1)
    path.write_bytes(content)
    error = forge.refusal(path)
    assert "is encrypted" in error.wrong and "password" in error.advice


def archive(folder, members, compression=zipfile.ZIP_DEFLATED):
    path = folder / "EGMS_L2b_022_0845_IW2_VV_2020_2024_1.zip"
    with zipfile.ZipFile(path, "w", compression) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("members", "wrong", "advice"),
    [
        ({"a.zip": "x"}, "holds another zip ('a.zip')", "give the zips it holds"),
        ({"a.csv": "x", "b.ZIP": "x"}, "holds another zip", "unpack"),
        ({"a.csv": "x", "b.CSV": "x"}, "holds 2 csv files", "one zip per product"),
        ({"a.tiff": "x", "a.xml": "x"}, "holds no csv", "as delivered"),
        ({"../a.csv": "x"}, "'../a.csv' points out of the archive", "as delivered"),
        ({"b/../../a.csv": "x"}, "points out of the archive", "as delivered"),
        ({"/etc/a.csv": "x"}, "points out of the archive", "as delivered"),
        ({"..\\a.csv": "x"}, "points out of the archive", "as delivered"),
        ({"C:\\a.csv": "x"}, "points out of the archive", "as delivered"),
        ({"a.csv": "x", "../b.txt": "x"}, "points out of the archive", "as delivered"),
        ({"a.csv": ""}, "its csv is empty", "download"),
        ({}, "empty zip", "download"),
    ],
)
def test_members_of_a_zip(tmp_path, members, wrong, advice):
    error = forge.refusal(archive(tmp_path, members))
    assert wrong in error.wrong and advice in error.advice


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(tmp_path, method):
    product = forge.product()
    error = forge.refusal(archive(tmp_path, {"a.csv": product.text}, method))
    assert f"compressed by method {method}" in error.wrong


# What cannot be known


def test_a_renamed_csv_without_xml(tmp_path):
    error = forge.refusal(forge.product(level="L2b").write_csv(tmp_path, name="points", with_xml=False))
    assert "L2a or L2b" in error.wrong and "name it has at EGMS" in error.advice


def test_a_renamed_tile(tmp_path):
    error = forge.refusal(forge.product(level="L3").write_csv(tmp_path, name="tile"))
    assert "U or the E component" in error.wrong and "name it has at EGMS" in error.advice


# XML and md5


@pytest.mark.parametrize(
    ("xml", "wrong"),
    [
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><BURST><track>&b;</track></BURST>", "DOCTYPE"),
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><BURST/>", "DOCTYPE"),
        ("<BURST><track>22</BURST>", "not well-formed"),
        ("", "not well-formed"),
        ("<html/>", "is about 'html'"),
        ("<?xml version='1.0' encoding='nonsense'?><BURST/>", "not well-formed"),
    ],
)
def test_xml(tmp_path, xml, wrong):
    product = forge.product()
    product.xml = xml
    assert wrong in forge.refusal(product.write_zip(tmp_path)).wrong


def test_a_doctype_in_utf_16(tmp_path):
    path = forge.product().write_csv(tmp_path)
    path.with_suffix(".xml").write_bytes("<!DOCTYPE a [<!ENTITY b 'c'>]><BURST>&b;</BURST>".encode("utf-16"))
    assert "DOCTYPE" in forge.refusal(path).wrong


def test_an_md5_sidecar_that_says_otherwise(tmp_path):
    path = forge.write_zip(tmp_path)
    path.with_suffix(".md5").write_text(f"{'0' * 32}  {path.name}\n")
    error = forge.refusal(path)
    assert "its md5 is" in error.wrong and error.advice == "download the file again"


# While it is read


def test_a_csv_that_changes_while_it_is_read(tmp_path):
    product = forge.product(n_points=10)
    path = product.write_csv(tmp_path)
    source = open_source(path)
    product["mean_velocity", 4] = "7.7"
    product.write_csv(tmp_path)
    with pytest.raises(SourceError, match="changed while it was read"):
        list(source.batches())


def test_a_file_that_vanishes_before_it_is_read(tmp_path):
    path = forge.write_zip(tmp_path)
    source = open_source(path)
    path.unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        list(source.batches())
