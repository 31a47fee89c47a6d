"""Column names that a shapefile cut to ten characters, and what they were.

Writers of shapefiles keep the first ten characters; the second column that would get the same name ends in
`_1`, the third in `_2`: `mean_velocity, mean_velocity_std` become `mean_veloc, mean_vel_1`.
"""

import re

from egmsql.sources.schema import COLUMNS_L2, COLUMNS_L3

WIDTH = 10
_NUMBERED = re.compile(r"(?P<stem>[a-z_]{6,8})_(?P<number>\d)")


class AmbiguousName(ValueError):
    """A shortened name with more than one possible meaning; the message names them."""


def restore_names(names):
    """Return the full name for each shortened one in `names`; names that are nobody's are left out.

    Raises
    ------
    AmbiguousName
        If columns that share their first ten characters are not all there, in the order of EGMS.
    """
    columns = COLUMNS_L2 if {"line", "pixel"} & set(names) else COLUMNS_L3
    families = {}
    for column in columns:
        if len(column) > WIDTH:
            families.setdefault(column[:WIDTH], []).append(column)
    restored = {}
    for family, members in families.items():
        found = [name for name in names if _belongs(name, family)]
        # Files of different header generations have the same families, so all or none is there.
        if found and [_number(name) for name in found] != list(range(len(members))):
            raise AmbiguousName(f"{' and '.join(found)} may stand for {' or '.join(members)}")
        restored.update(zip(found, members, strict=False))
    return restored


def _belongs(name, family):
    match = _NUMBERED.fullmatch(name)
    return name == family or (match is not None and family.startswith(match["stem"]))


def _number(name):
    match = _NUMBERED.fullmatch(name)
    return int(match["number"]) if match else 0
