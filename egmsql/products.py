"""What an EGMS file name says: level, place, component, release and delivery version."""

import re
from dataclasses import dataclass

LEVELS = ("L2a", "L2b", "L3")

# The periods EGMS has published; a file without a release in its name gets the one its epochs fit.
RELEASES = ("2015_2020", "2015_2021", "2018_2022", "2019_2023", "2020_2024", "2020_2025")

_SUFFIX = r"(?:_(?P<release>\d{4}_\d{4})_(?P<version>\d+))?"
_L2 = re.compile(
    r"EGMS_(?P<level>L2[ab])_(?P<track>\d{3})_(?P<burst>\d{4})_IW(?P<swath>[123])_(?P<polarisation>VV|VH|HH|HV)"
    + _SUFFIX,
    re.IGNORECASE,
)
_L3 = re.compile(
    r"EGMS_(?P<level>L3)_(?P<tile>E\d{2}N\d{2})_100km_(?P<component>[UE])" + _SUFFIX, re.IGNORECASE
)
# What browsers and file managers append to a second copy: " (1)", "(2)", " - Copy", "_copy 3".
_COPY = re.compile(r"(?:\s*\(\d+\)|\s*[-_ ]\s*copy(?:\s*\(?\d+\)?)?)+$", re.IGNORECASE)


@dataclass(frozen=True)
class ProductName:
    """One delivered product: a burst (L2) or one component of a tile (L3), in one release."""

    level: str
    track: int | None = None
    burst: int | None = None
    swath: int | None = None
    polarisation: str | None = None
    tile: str | None = None
    component: str = "LOS"
    release: str | None = None  # None: the name carries none (baseline and first update)
    version: int | None = None

    @property
    def key(self):
        """The stem without the delivery version: a newer delivery replaces what has the same key."""
        if self.level == "L3":
            stem = f"EGMS_L3_{self.tile}_100km_{self.component}"
        else:
            stem = f"EGMS_{self.level}_{self.track:03d}_{self.burst:04d}_IW{self.swath}_{self.polarisation}"
        return stem if self.release is None else f"{stem}_{self.release}"

    @property
    def product(self):
        """The stem EGMS gives the file, with its delivery version: the name of the partition."""
        return self.key if self.version is None else f"{self.key}_{self.version}"


def parse_name(stem):
    """Return the ProductName a file stem spells, or None; marks of a second copy are ignored."""
    stem = _COPY.sub("", stem.strip())
    match = _L2.fullmatch(stem) or _L3.fullmatch(stem)
    if match is None:
        return None
    part = match.groupdict()
    common = {
        "level": {"l2a": "L2a", "l2b": "L2b", "l3": "L3"}[part["level"].lower()],
        "release": part["release"],
        "version": int(part["version"]) if part["version"] else None,
    }
    if common["level"] == "L3":
        return ProductName(tile=part["tile"].upper(), component=part["component"].upper(), **common)
    return ProductName(
        track=int(part["track"]),
        burst=int(part["burst"]),
        swath=int(part["swath"]),
        polarisation=part["polarisation"].upper(),
        **common,
    )


def release_of(first, last):
    """Return the release that epochs from `first` to `last` (dates) belong to, as `yyyy_yyyy`.

    A burst may hold fewer years than its release, so the shortest published period that ends in the
    last year and covers the first wins; otherwise the years themselves are the name.
    """
    fitting = [r for r in RELEASES if int(r[5:]) == last.year and int(r[:4]) <= first.year]
    return max(fitting, default=f"{first.year}_{last.year}")
