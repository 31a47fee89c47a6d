"""What the user asked for, checked before anything is written."""

import re
from dataclasses import dataclass

from egmsql.errors import SettingError
from egmsql.products import LEVELS
from egmsql.simulator.tracks import TRACKS

DEFAULT_RELEASES = ("2018_2022", "2020_2024")

# Sentinel-1's archive begins in 2015; the ground's accelerations are meant for years near 2020.
_FIRST_YEAR, _LAST_YEAR = 2015, 2035
_LAST_OLD_YEAR = 2023  # releases that end later have the new header
_MOST_MISSING = 0.5  # more would leave too few epochs for a cubic model with a wave


@dataclass(frozen=True)
class Arguments:
    """The arguments of `simulate` that decide what the files hold; impossible ones raise SettingError."""

    points: int = 200_000
    seed: int = 1
    levels: tuple[str, ...] | str | None = None
    releases: tuple[str, ...] | str | None = None
    header: str | None = None
    suffix: bool = True
    decimals: str | None = None
    tracks: int = 3
    products: int | None = None
    component: str | None = None
    missing: float = 0.0
    compression: bool = True

    def __post_init__(self):
        alone = self.products is not None
        self._default("levels", ("L2b",) if alone else ("L2b", "L3"))
        self._default("releases", DEFAULT_RELEASES[1:] if alone else DEFAULT_RELEASES)
        for level in self.levels:
            self._check_choice("level", level, LEVELS)
        self._check_choice("header", self.header, (None, "old", "new"))
        self._check_choice("decimals", self.decimals, (None, "shortest", "padded"))
        self._check_numbers()
        for release in self.releases:
            _check_release(release)
        self._check_component()
        if not self.suffix and len(self.releases) > 1:
            raise _refuse(
                "releases",
                ", ".join(self.releases),
                "would share their names without suffix",
                "give one release",
            )

    def header_of(self, release):
        """Return the header generation of a release."""
        return self.header or ("old" if int(release[5:]) <= _LAST_OLD_YEAR else "new")

    def is_padded(self, release, facility):
        """If numbers are written with all decimals: in the old header, and by others than EGEOS."""
        default = "shortest" if facility == 1 and self.header_of(release) == "new" else "padded"
        return (self.decimals or default) == "padded"

    def _default(self, name, value):
        given = getattr(self, name)
        given = (given,) if isinstance(given, str) else tuple(given or ()) or value
        # One file each, in one order, however often and in whichever order it was asked for.
        object.__setattr__(self, name, tuple(sorted(set(given))))

    def _check_choice(self, name, value, known):
        if value not in known:
            names = ", ".join(one for one in known if one)
            raise _refuse(name, value, "is not known", f"choose one of {names}")

    def _check_numbers(self):
        if not _is_whole(self.points) or self.points < 1:
            raise _refuse("points", self.points, "is no number of points", "give a whole number from 1")
        if not _is_whole(self.seed) or self.seed < 0:
            raise _refuse("seed", self.seed, "is no seed", "give a whole number from 0")
        if not _is_whole(self.tracks) or not 1 <= self.tracks <= len(TRACKS):
            raise _refuse(
                "tracks",
                self.tracks,
                "is no number of tracks",
                f"give a whole number from 1 to {len(TRACKS)}",
            )
        if self.products is not None and (not _is_whole(self.products) or self.products < 1):
            raise _refuse("products", self.products, "is no number of files", "give a whole number from 1")
        if self.products is not None and self.products > self.points:
            raise _refuse(
                "products", self.products, f"are more files than the {self.points} points", "give more points"
            )
        if not isinstance(self.missing, (int, float)) or not 0 <= self.missing <= _MOST_MISSING:
            raise _refuse("missing", self.missing, "is no share", f"give a number from 0 to {_MOST_MISSING}")

    def _check_component(self):
        if "L3" not in self.levels and self.component is not None:
            wrong = f"does not exist on {', '.join(self.levels)}"
            raise _refuse("component", self.component, wrong, "leave it out, or take L3")
        if self.component not in (None, "U", "E"):
            advice = "choose U (up) or E (east), or leave it out"
            raise _refuse("component", self.component, "is not known", advice)


def _check_release(release):
    match = re.fullmatch(r"(\d{4})_(\d{4})", str(release))
    if match is None or not _FIRST_YEAR <= int(match[1]) <= int(match[2]) <= _LAST_YEAR:
        advice = f"write first and last year, {_FIRST_YEAR} to {_LAST_YEAR}, such as 2020_2024"
        raise _refuse("release", release, "is no release", advice)


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _refuse(name, value, wrong, advice):
    return SettingError(f"{name} {value}", wrong, advice)
