"""Many numbers at once, by numpy, the extra ``verify``: the same rules as for one and one."""

from __future__ import annotations

import math

from reenact.hints import TYPE_CHECKING, Any
from reenact.project.types import Tolerance
from reenact.reproduce.compare.judgement import Spread, Tally, Unequipped, describe, show
from reenact.values import NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

MISSING = "to look into it needs a package that is not installed: python -m pip install 'reenact[verify]'"

_CHUNK = 1 << 20
_NUMBERS = "iufc"


class Measured(NamedTuple):
    """Where two flat arrays differ: the indexes, whether the two numbers there match, and the largest distance.

    The distance is None where they hold no numbers.
    """

    at: NDArray[Any]
    matches: NDArray[Any]
    spread: Spread | None


def measure(old: NDArray[Any], new: NDArray[Any], tolerance: Tolerance) -> Measured:
    """Two flat arrays of the same type and length."""
    np = import_numpy()
    same = old == new
    if old.dtype.kind in "fc":
        same |= (old != old) & (new != new)
    at = np.flatnonzero(~same)
    if old.dtype.kind not in _NUMBERS or not at.size:
        return Measured(at, np.zeros(at.size, bool), None)
    before, after = _widen(old[at]), _widen(new[at])
    with np.errstate(all="ignore"):
        absolute, size = np.abs(before - after), np.maximum(np.abs(before), np.abs(after))
        matches = absolute <= (tolerance.atol or 0.0) + (tolerance.rtol or 0.0) * size
        finite = np.isfinite(before) & np.isfinite(after)
        relative = np.where(finite, absolute / size, math.inf)
    matches &= finite & bool(tolerance.rtol or tolerance.atol)
    return Measured(at, matches, Spread(float(np.where(finite, absolute, math.inf).max()), float(relative.max())))


def import_numpy() -> Any:
    """The module numpy.

    Raises:
        Unequipped: it is not installed.
    """
    try:
        import numpy
    except ImportError as problem:
        raise Unequipped(MISSING) from problem
    return numpy


def weigh_elements(name: str, old: NDArray[Any], new: NDArray[Any], tally: Tally) -> int:
    """Count the elements by which two arrays differ; how many elements there are."""
    called = f"array {show(name, bare=True)}" if name else "the array"
    types = [array.dtype.newbyteorder("=") for array in (old, new)]
    if types[0] != types[1] or old.shape != new.shape:
        if tally.differ(name):
            parts = [(types[0], types[1]), (old.shape, new.shape)]
            tally.first = f"{called}: " + ", ".join(f"{one} → {other}" for one, other in parts if one != other)
        return 0
    if old.dtype.names:
        fields = [field for field in old.dtype.names if not tally.ignores(f"{name}.{field}".lstrip("."))]
        return sum(weigh_elements(f"{name}.{field}".lstrip("."), old[field], new[field], tally) for field in fields)
    before, after = old.reshape(-1), new.reshape(-1)
    if old.dtype.kind in "mM":
        # "No moment" is not equal to itself, its number is.
        before, after = before.view("S8"), after.view("S8")
    for start in range(0, before.size, _CHUNK):
        found = measure(before[start : start + _CHUNK], after[start : start + _CHUNK], tally.tolerance)
        if count_measured(name, found, tally):
            at = start + int(found.at[~found.matches][0])
            place = ", ".join(map(str, import_numpy().unravel_index(at, old.shape)))
            tally.first = f"{called}[{place}]: {describe(old.reshape(-1)[at].item(), new.reshape(-1)[at].item())}"
    return old.size


def count_measured(name: str, found: Measured, tally: Tally) -> bool:
    """Count what was measured in a part; True where the first difference is in it."""
    matching = int(found.matches.sum())
    beyond = found.at.size - matching
    if found.spread is not None:
        tally.spread(name, found.spread)
    elif beyond:
        tally.fixed[name] = None
    return tally.count(beyond, matching)


def _widen(numbers: NDArray[Any]) -> NDArray[Any]:
    """As numbers whose distance can be computed: 0 - 1 is 255 for the smallest kind."""
    if numbers.dtype.itemsize > 8 or numbers.dtype.kind == "c":
        return numbers
    return numbers.astype("f8")
