"""Which product a file is: from its name, else from what is in it."""

from dataclasses import fields
from pathlib import PurePosixPath

from egmsql.errors import SourceError
from egmsql.pids import ALPHABET, decode_l2, decode_l3
from egmsql.products import LEVELS, ProductName, parse_name, release_of

_RESTORE = "give the file the name it has at EGMS"
# Baseline and first update carry no release in their names.
_UNNAMED_RELEASES = ("2015_2020", "2015_2021")
_PLACE = ("track", "burst", "swath", "polarisation", "tile")


def identify(where, path, csv_name, header, metadata, pid):
    """Return the ProductName of a file and notes about where it comes from.

    Parameters
    ----------
    where : str
        The file, for errors.
    path : Path
    csv_name : str
        The name of the csv, inside the zip or not.
    header : Header
    metadata : Metadata or None
    pid : str
        The first one of the file.

    Raises
    ------
    SourceError
        If names, XML and first pid contradict each other, or leave open what the file is.
    """
    in_pid = decode_pid(where, pid, header.is_l3)
    outer, inner = parse_name(path.stem), parse_name(PurePosixPath(csv_name).stem)
    notes = []
    name = _agreed(where, outer, inner)
    if name is None:
        name = _from_content(where, header, metadata, in_pid)
        notes.append(f"not named as EGMS names it; its pids and dates say {name.product}")
    elif outer is None:
        notes.append(f"not named as EGMS names it; the csv inside is {name.product}")
    _refuse_contradiction(where, name, header, metadata, in_pid)
    if name.release is None:
        notes.append(
            f"no release in the name; by its dates it is {release_of(header.epochs[0], header.epochs[-1])}"
        )
    return name, notes


def decode_pid(where, pid, is_l3):
    """Return what a pid says about facility and place, as a dict; `tile` in place of the cell on L3."""
    if len(pid) != 10 or any(character not in ALPHABET for character in pid):
        raise SourceError(
            f"{where}, row 1", f"{pid!r} is no pid of 10 base-62 characters", "give the file as delivered"
        )
    if not is_l3:
        return decode_l2(pid)
    cell = decode_l3(pid)
    return {
        "facility": cell["facility"],
        "tile": f"E{cell['easting'] // 100_000:02d}N{cell['northing'] // 100_000:02d}",
    }


def _agreed(where, outer, inner):
    """Return the name that the file and its csv have, the one with a release if only one has it."""
    if outer is None or inner is None:
        return outer or inner
    for part in fields(ProductName):
        one, other = getattr(outer, part.name), getattr(inner, part.name)
        if one != other and None not in (one, other):
            raise SourceError(
                where, f"it holds {inner.product}.csv, another product than its name says", _RESTORE
            )
    return inner if inner.release else outer


def _from_content(where, header, metadata, in_pid):
    if header.is_l3:
        raise SourceError(where, "its name does not say whether it is the U or the E component", _RESTORE)
    release = release_of(header.epochs[0], header.epochs[-1])
    return ProductName(
        level=_level(where, header, metadata),
        release=None if release in _UNNAMED_RELEASES else release,
        **{part: in_pid[part] for part in ("track", "burst", "swath", "polarisation")},
    )


def _level(where, header, metadata):
    in_xml = _level_in_xml(metadata)
    if in_xml is not None:
        return in_xml
    if "cluster_label" in header.columns:
        return "L2a"
    raise SourceError(where, "neither its name nor an XML says whether it is L2a or L2b", _RESTORE)


def _level_in_xml(metadata):
    spelled = (metadata and metadata.level) or ""
    return {level.lower(): level for level in LEVELS}.get(spelled.lower())


def _refuse_contradiction(where, name, header, metadata, in_pid):
    in_xml = _level_in_xml(metadata)
    if in_xml not in (None, name.level):
        raise SourceError(where, f"its name says {name.level}, its XML {in_xml}", _RESTORE)
    if (name.level == "L3") != header.is_l3:
        has = "has no" if header.is_l3 else "has"
        raise SourceError(where, f"its name says {name.level}, but it {has} columns line and pixel", _RESTORE)
    xml_place = {part: getattr(metadata, part, None) for part in _PLACE}
    for part in _PLACE:
        in_name = getattr(name, part)
        if in_name is None:
            continue
        if xml_place[part] not in (None, in_name):
            raise SourceError(
                where, f"its name says {part} {in_name}, its XML {part} {xml_place[part]}", _RESTORE
            )
        if in_pid[part] != in_name:
            raise SourceError(
                f"{where}, row 1",
                f"its name says {part} {in_name}, the pid says {part} {in_pid[part]}",
                _RESTORE,
            )
