"""What the user asked for, checked before anything is written."""

import re
from dataclasses import dataclass

from egmsql.errors import SettingError
from egmsql.products import LEVELS

# Sentinel-1's archive begins in 2015; the ground's accelerations are meant for years near 2020.
_FIRST_YEAR, _LAST_YEAR = 2015, 2035
_MOST_MISSING = 0.5  # more would leave too few epochs for a cubic model with a wave


@dataclass(frozen=True)
class Arguments:
    """The arguments of `simulate` that decide what the files hold; impossible ones raise SettingError."""

    points: int = 200_000
    seed: int = 1
    level: str = "L2b"
    header: str = "new"
    release: str = "2020_2024"
    suffix: bool = True
    decimals: str = "shortest"
    products: int | None = None
    component: str | None = None
    missing: float = 0.0
    compression: bool = True

    def __post_init__(self):
        for name, known in (
            ("level", LEVELS),
            ("header", ("old", "new")),
            ("decimals", ("shortest", "padded")),
        ):
            if getattr(self, name) not in known:
                raise _refuse(name, getattr(self, name), "is not known", f"choose one of {', '.join(known)}")
        self._check_numbers()
        self._check_release()
        self._check_component()

    def _check_numbers(self):
        if not _is_whole(self.points) or self.points < 1:
            raise _refuse("points", self.points, "is no number of points", "give a whole number from 1")
        if not _is_whole(self.seed) or self.seed < 0:
            raise _refuse("seed", self.seed, "is no seed", "give a whole number from 0")
        if self.products is not None and (not _is_whole(self.products) or self.products < 1):
            raise _refuse("products", self.products, "is no number of files", "give a whole number from 1")
        if self.products is not None and self.products > self.points:
            raise _refuse(
                "products", self.products, f"are more files than the {self.points} points", "give more points"
            )
        if not isinstance(self.missing, (int, float)) or not 0 <= self.missing <= _MOST_MISSING:
            raise _refuse("missing", self.missing, "is no share", f"give a number from 0 to {_MOST_MISSING}")

    def _check_release(self):
        match = re.fullmatch(r"(\d{4})_(\d{4})", str(self.release))
        if match is None or not _FIRST_YEAR <= int(match[1]) <= int(match[2]) <= _LAST_YEAR:
            advice = f"write first and last year, {_FIRST_YEAR} to {_LAST_YEAR}, such as 2020_2024"
            raise _refuse("release", self.release, "is no release", advice)

    def _check_component(self):
        if self.level != "L3" and self.component is not None:
            wrong = f"does not exist on {self.level}"
            raise _refuse("component", self.component, wrong, "leave it out, or take L3")
        if self.component not in (None, "U", "E"):
            advice = "choose U (up) or E (east), or leave it out"
            raise _refuse("component", self.component, "is not known", advice)


def _is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _refuse(name, value, wrong, advice):
    return SettingError(f"{name} {value}", wrong, advice)
