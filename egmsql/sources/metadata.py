"""The XML beside or inside a delivery: who processed it, when, from which images."""

import datetime
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

from egmsql.errors import SourceError
from egmsql.pids import FACILITIES

_ADVICE = "download the file again, or remove the XML"


@dataclass
class Metadata:
    """What the XML says; elements that are absent or unreadable are None."""

    level: str | None = None
    track: int | None = None
    burst: int | None = None
    swath: int | None = None
    facility: int | None = None
    production_date: datetime.date | None = None
    dem: str | None = None
    gnss: str | None = None
    reference_images: list[str] | None = None
    n_dataset_images: int | None = None
    sce: str | None = None
    corine: str | None = None
    clusters: str | None = None
    notes: list[str] = field(default_factory=list)


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, name, pubid, system):
        """Refuse what could define entities: EGMS writes none, an attack does."""
        raise _DoctypeError


class _DoctypeError(Exception):
    pass


def read_metadata(where, document):
    """Return the Metadata in the bytes of an XML document.

    Raises
    ------
    SourceError
        If the document is not well-formed, has a DOCTYPE, or is not about a burst or tile.
    """
    try:
        parser = ElementTree.XMLParser(target=_Builder())
        parser.feed(document)
        root = parser.close()
    except _DoctypeError:
        raise SourceError(where, "the XML has a DOCTYPE, which EGMS never writes", _ADVICE) from None
    except (ElementTree.ParseError, ValueError, LookupError) as problem:
        raise SourceError(where, f"the XML is not well-formed ({problem})", _ADVICE) from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2].lower()
    if root.tag not in ("burst", "tile"):
        raise SourceError(where, f"the XML is about {root.tag!r}, not about a burst or tile", _ADVICE)
    return _read_root(root)


def _read_root(root):
    notes = []
    found = Metadata(
        level=_text(root, "product_level"),
        track=_whole(root, "track", notes),
        burst=_whole(root, "burst_id", notes),
        swath=_whole(root, "sub_swath", notes, lambda text: text.upper().removeprefix("IW")),
        facility=_whole(root, "production_facility", notes, _facility_code),
        production_date=_date(root, "production_date", notes),
        dem=_text(root, "dem/version"),
        gnss=_text(root, "gnss/version"),
        sce=_text(root, "sce"),
        corine=_text(root, "corine"),
        clusters=_text(root, "clusters"),
        notes=notes,
    )
    if root.find("reference") is not None:
        images = root.findall("reference/image")
        found.reference_images = [name for image in images if (name := _text(image, "product_id"))]
    if root.find("dataset") is not None:
        found.n_dataset_images = len(root.findall("dataset/image"))
    return found


def _text(root, path):
    element = root.find(path)
    if element is None:
        return None
    # Elements of newer documents may have children: their texts are joined.
    return " ".join("".join(element.itertext()).split()) or None


def _whole(root, path, notes, simplify=str):
    text = _text(root, path)
    if text is None:
        return None
    number = simplify(text)
    if number.isascii() and number.isdigit() and len(number) < 10:
        return int(number)
    notes.append(f"XML element {path} is no number ({text[:40]!r})")
    return None


def _facility_code(text):
    codes = {name: str(code) for code, name in FACILITIES.items()}
    return codes.get(text.upper().replace("-", ""), text)


def _date(root, path, notes):
    text = _text(root, path)
    if text is None:
        return None
    for style in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.datetime.strptime(text, style).date()
        except ValueError:
            continue
    notes.append(f"XML element {path} is no date dd/mm/yyyy ({text[:40]!r})")
    return None
