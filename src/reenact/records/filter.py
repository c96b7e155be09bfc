"""Which runs are meant: filters as values, and the words in which people write them. Pure."""

import math
import re

from reenact.errors import UsageError
from reenact.hints import Literal
from reenact.runs import State
from reenact.values import NamedTuple

Comparison = Literal["=", "!=", "<", "<=", ">", ">=", "has"]

_PARAMETER = r"(?s)(?P<name>[^<>=!]+)(?:(?P<comparison><=|>=|!=|==|=|<|>)(?P<value>.*))?\Z"
_AGE = r"(?P<count>\d+(?:\.\d+)?)\s*(?P<unit>[smhdw])[a-z]*\Z"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class ParameterFilter(NamedTuple):
    """A condition on one parameter. ``number`` is the value where it is one; ``<`` and its kin need it."""

    name: str
    comparison: Comparison
    value: str = ""
    number: float | None = None


class RunFilter(NamedTuple):
    """Runs that meet every condition given. ``since`` and ``before`` are RFC 3339 in UTC, on the time of creation."""

    project: str | None = None
    states: tuple[State, ...] = ()
    name: str | None = None
    entry_point: str | None = None
    since: str | None = None
    before: str | None = None
    parameters: tuple[ParameterFilter, ...] = ()


def parse_number(text: str | None) -> float | None:
    """The finite number that ``text`` writes, or None."""
    if text is None or "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def parse_parameter_filter(text: str) -> ParameterFilter:
    """``lr=0.1``, ``lr!=0.1``, ``lr>0.01`` (also ``< <= >=``), or ``lr`` for runs that have the parameter at all.

    Equal is equal as text or as a number. White space around the name and the value does not count.

    Raises:
        UsageError: another form, or a comparison by size with something that is no number.
    """
    match = re.match(_PARAMETER, text)
    name = match["name"].strip() if match else ""
    if not match or not name:
        raise UsageError(f"cannot read the parameter filter {text!r}", hint="write it as lr=0.1, 'lr>0.01' or lr")
    if match["comparison"] is None:
        return ParameterFilter(name, "has")
    comparison: Comparison = "=" if match["comparison"] == "==" else match["comparison"]  # type: ignore[assignment]
    value = match["value"].strip()
    number = parse_number(value)
    if number is None and comparison in ("<", "<=", ">", ">="):
        raise UsageError(f"cannot compare by size in {text!r}: {value!r} is not a number")
    return ParameterFilter(name, comparison, value, number)


def parse_age(text: str) -> float | None:
    """Seconds in ``90s``, ``15m``, ``12h``, ``30d``, ``2w`` (longer words too: ``3 days``), or None."""
    match = re.match(_AGE, text.strip().lower())
    return float(match["count"]) * _SECONDS[match["unit"]] if match else None


def parse_moment(text: str, now: float) -> float:
    """A moment in seconds since the epoch: an age before ``now``, or an ISO 8601 date or time (local unless it says).

    Raises:
        UsageError: neither.
    """
    age = parse_age(text)
    if age is not None:
        return now - age
    from datetime import datetime

    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"cannot read {text!r} as a time",
            hint="write an age (90m, 12h, 30d) or a date (2026-11-23, 2026-11-23T18:00)",
        ) from None
