"""What the comparison of two results comes to, and how it is gathered value by value.

Two numbers match when ``|a - b| <= atol + rtol * max(|a|, |b|)``; so the order of the two does not matter. NaN matches
NaN, an infinity only itself, ``-0.0`` matches ``0.0``, and 1 matches 1.0. Where no tolerance is given, numbers match
that are equal. True and False are no numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from reenact.hints import TYPE_CHECKING, Literal
from reenact.project.types import Tolerance
from reenact.values import NamedTuple

if TYPE_CHECKING:
    from typing import TypeGuard

Verdict = Literal["identical", "within tolerance", "different", "not verified"]
"""``identical`` are equal bytes; ``within tolerance`` are others that say the same, or nearly enough."""

Number = int | float

EXACT = Tolerance()

MOST_DIGITS = 4000
_LONGEST = 60
_MOST_PARTS = 1000
NUMBER = r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
"""A number as text. What begins with zeros is a name that looks like one."""
_WHOLE = re.compile(rf"(?:{NUMBER}|[+-]?(?:nan|inf|infinity))\Z", re.IGNORECASE | re.ASCII)

_DECIMAL = re.compile(r"-?(?:0|[1-9]\d*)\.\d+(?:e[+-]?\d+)?\Z", re.ASCII)
"""As most numbers are written, which is known sooner."""


class Spread(NamedTuple):
    """How far two numbers lie apart: ``|a - b|``, and that over ``max(|a|, |b|)``."""

    absolute: float
    relative: float


class Judgement(NamedTuple):
    """A verdict, and the first difference in terms of the format; '' where there is nothing to say.

    ``spreads`` are the largest distances of numbers by the part that they are in (a column, a key path, an array);
    ``fixed`` are the parts with differences that no ``rtol`` or ``atol`` covers; '*' is more of them.
    """

    verdict: Verdict
    difference: str = ""
    spreads: Mapping[str, Spread] = {}
    fixed: tuple[str, ...] = ()


class Unreadable(Exception):
    """A file is not what its name promises, or too much to be read; the message says what of it."""


class Unjudged(Exception):
    """Values of this kind cannot be compared here; the message says why, and what to do."""


class Unequipped(Exception):
    """What looks into files of this kind is not installed here; the message says what to install."""


def is_number(value: object) -> TypeGuard[Number]:
    """Whether tolerances speak of it."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def parse_number(text: str) -> Number | None:
    """The number that the text is, exactly for whole ones; None for any other text.

    What no double can hold (``1e999``) is text.
    """
    if _DECIMAL.match(text) and -math.inf < (number := float(text)) < math.inf:
        return number
    text = text.strip()
    if not _WHOLE.match(text):
        return None
    if text.lstrip("+-").isdigit():
        return int(text) if len(text) < MOST_DIGITS else None
    number = float(text)
    return None if math.isinf(number) and "i" not in text.lower() else number


def are_same(old: object, new: object) -> bool:
    """Whether two values are equal, NaN being equal to itself."""
    if is_number(old) and is_number(new):
        return old == new or (old != old and new != new)
    return type(old) is type(new) and old == new


def match(old: Number, new: Number, tolerance: Tolerance) -> bool:
    """Whether two numbers match; the module says how."""
    if are_same(old, new):
        return True
    rtol, atol = tolerance.rtol or 0.0, tolerance.atol or 0.0
    if not (rtol or atol) or not (_is_finite(old) and _is_finite(new)):
        return False
    try:
        return abs(old - new) <= atol + rtol * max(abs(old), abs(new))
    except OverflowError:
        from fractions import Fraction

        exact = Fraction(old), Fraction(new)
        return abs(exact[0] - exact[1]) <= Fraction(atol) + Fraction(rtol) * max(map(abs, exact))


def find_spread(old: Number, new: Number) -> Spread:
    """How far two numbers lie apart; without end where one of them is no finite number and they do not match."""
    if are_same(old, new):
        return Spread(0.0, 0.0)
    if not (_is_finite(old) and _is_finite(new)):
        return Spread(math.inf, math.inf)
    try:
        absolute = abs(float(old) - float(new))
        if not absolute:
            # What doubles cannot tell apart lies apart nonetheless.
            absolute = float(abs(int(old) - int(new)))
        relative = absolute / max(abs(float(old)), abs(float(new)))
    except OverflowError:
        return Spread(math.inf, math.inf)
    return Spread(absolute, relative) if math.isfinite(absolute) else Spread(math.inf, math.inf)


def _is_finite(value: Number) -> bool:
    return isinstance(value, int) or math.isfinite(value)


class Tally:
    """The differences of two files, counted while they are met.

    ``first`` is the first that counts, in words; ``beyond`` is how many count, ``within`` how many do not.
    """

    def __init__(self, tolerance: Tolerance) -> None:
        self.tolerance = tolerance
        self.first = ""
        self.beyond = 0
        self.within = 0
        self.spreads: dict[str, Spread] = {}
        self.fixed: dict[str, None] = {}
        self._ignored: dict[str, bool] = {}
        self._rtol, self._atol = tolerance.rtol or 0.0, tolerance.atol or 0.0
        self._bears = bool(self._rtol or self._atol)

    def ignores(self, part: str) -> bool:
        """Whether a column, a key path, an array, a member or a line is not looked at."""
        if not self.tolerance.ignore:
            return False
        known = self._ignored.get(part)
        if known is None:
            known = any(part == pattern or _fits(part, pattern) for pattern in self.tolerance.ignore)
            if len(self._ignored) < _MOST_PARTS:
                self._ignored[part] = known
        return known

    def weigh(self, part: str, old: object, new: object) -> bool:
        """Count two values that are not written alike; True where the caller is to say what the first difference is."""
        if type(old) is float and type(new) is float and -math.inf < old - new < math.inf:
            return self._weigh_doubles(part, old, new)
        if are_same(old, new):
            return False
        if not (is_number(old) and is_number(new)):
            return self.differ(part)
        self.spread(part, find_spread(old, new))
        matches = match(old, new, self.tolerance)
        return self.count(int(not matches), int(matches))

    def _weigh_doubles(self, part: str, old: float, new: float) -> bool:
        """The same for two finite ones, of which a table may have millions."""
        distance, size = abs(old - new), max(abs(old), abs(new))
        if not distance:
            return False
        relative, known = distance / size, self.spreads.get(part)
        if known is None or distance > known[0] or relative > known[1]:
            self.spread(part, Spread(distance, relative))
        if self._bears and distance <= self._atol + self._rtol * size:
            self.within += 1
            return False
        return self.count(1)

    def differ(self, part: str) -> bool:
        """Count what differs and is no number; True as for :meth:`weigh`."""
        self.fixed[part if part in self.fixed or len(self.fixed) < _MOST_PARTS else "*"] = None
        return self.count(1)

    def count(self, beyond: int, within: int = 0) -> bool:
        """Count differences, those that do not match and those that do; True for the first that do not."""
        self.beyond += beyond
        self.within += within
        return beyond > 0 and self.beyond == beyond

    def spread(self, part: str, found: Spread) -> None:
        """Keep the largest distance of each part."""
        part = part if part in self.spreads or len(self.spreads) < _MOST_PARTS else "*"
        known = self.spreads.get(part, found)
        self.spreads[part] = Spread(max(known.absolute, found.absolute), max(known.relative, found.relative))

    def judge(self, things: str, same: str, total: int | None = None) -> Judgement:
        """The verdict over all. ``things`` is what was compared, in the plural; ``same`` says that they agree."""
        spreads, fixed = dict(self.spreads), tuple(self.fixed)
        if self.beyond:
            count = self.beyond + self.within
            more = f"\n{self._count(count, things, total)}" if count > 1 else ""
            return Judgement("different", self.first + more, spreads, fixed)
        said = self._count(self.within, things, total) if self.within else same
        return Judgement("within tolerance", said, spreads, fixed)

    def _count(self, count: int, things: str, total: int | None) -> str:
        said = f"{render_count(count)} {f'of {render_count(total)} ' if total else ''}{things} differ"
        widest = max(self.spreads, key=lambda part: self.spreads[part].absolute, default=None)
        if widest is None:
            return said
        absolute, relative = self.spreads[widest]
        where = f"in {show(widest, bare=True)} " if widest else ""
        said += f", {where}by {absolute:.3g} at most (relative: {relative:.3g})"
        return f"{said}; {render_count(self.within)} of them within tolerance" if self.beyond and self.within else said


def _fits(part: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase

    return fnmatchcase(part, pattern)


def describe(old: object, new: object) -> str:
    """Two values that differ: ``0.5 → 0.75 (by 0.25, 33 %)``."""
    said = f"{show(old)} → {show(new)}"
    if not (is_number(old) and is_number(new)):
        return said
    absolute, relative = find_spread(old, new)
    return f"{said} (by {absolute:.3g}, {relative:.2%})" if math.isfinite(absolute) else said


def render_count(count: int) -> str:
    """A count with its thousands apart: ``12 345``."""
    return f"{count:,}".replace(",", " ")


def show(value: object, *, bare: bool = False) -> str:
    """A value on one short line; text in quotes unless ``bare``."""
    if isinstance(value, dict):
        return f"an object of {len(value)}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if not isinstance(value, str):
        return repr(value) if isinstance(value, float) else str(value)
    text = value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
    return text if bare and text.isprintable() else repr(text)
