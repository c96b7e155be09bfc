"""Text: lines side by side, and the first that differ as a diff shows them.

Where numbers may differ, two lines match whose words are the same and whose numbers match. ``ignore`` are globs of
whole lines, which are then taken out of both texts.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from reenact.project.types import Tolerance
from reenact.reproduce.compare.judgement import (
    NUMBER,
    Judgement,
    Tally,
    Unreadable,
    find_spread,
    match,
    parse_number,
)

_CONTEXT = 2
_WINDOW = 40
_SHOWN = 12
_LONGEST = 200
_PROBE = 1 << 13
_NUMBERS = re.compile(rf"(?<![\w.])({NUMBER})(?![\w.])", re.ASCII)

Line = tuple[int, str]


def judge(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    """Compare two texts (UTF-8)."""
    for path in (old, new):
        with path.open("rb") as file:
            if b"\0" in file.read(_PROBE):
                raise Unreadable("not text")
    tally = Tally(tolerance)
    try:
        return _judge_lines(_read_lines(old, tally), _read_lines(new, tally), tally)
    except UnicodeDecodeError as problem:
        raise Unreadable("not text in UTF-8") from problem


def _read_lines(path: Path, tally: Tally) -> Iterator[Line]:
    """The lines that count, with their numbers, without what ends them but for a carriage return."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, 1):
            line = line.removesuffix("\n")
            if not tally.ignores(line):
                yield number, line


def _judge_lines(old: Iterator[Line], new: Iterator[Line], tally: Tally) -> Judgement:
    before: deque[Line] = deque(maxlen=_CONTEXT)
    excerpt: list[tuple[Line | None, Line | None]] = []
    total = 0
    for ours, theirs in zip_longest(old, new):
        total += 1
        if ours is None or theirs is None or ours[1] != theirs[1]:
            _weigh(ours, theirs, tally)
        if not tally.beyond:
            before.extend(line for line in (ours,) if line)
        elif len(excerpt) < _WINDOW:
            excerpt.append((ours, theirs))
    if excerpt:
        tally.first = _show(before, excerpt)
    return tally.judge("lines", "the lines that count are the same", total)


def _weigh(ours: Line | None, theirs: Line | None, tally: Tally) -> None:
    """Count two lines that are not the same."""
    before, after = (_NUMBERS.split(line[1]) if line else [] for line in (ours, theirs))
    if before[::2] != after[::2]:
        tally.differ("")
        return
    matches = True
    for one, other in zip(before[1::2], after[1::2], strict=True):
        was, now = parse_number(one), parse_number(other)
        if was is None or now is None:
            matches = matches and one == other
        elif one != other:
            tally.spread("", find_spread(was, now))
            matches = matches and match(was, now, tally.tolerance)
    tally.count(int(not matches), int(matches))


def _show(before: Sequence[Line], excerpt: Sequence[tuple[Line | None, Line | None]]) -> str:
    """The beginning of a unified diff, with the number of the first line that differs."""
    from difflib import unified_diff

    first = next(line[0] for line in excerpt[0] if line is not None)
    context = [line[1] for line in before]
    old = context + [line[1] for line, _ in excerpt if line is not None]
    new = context + [line[1] for _, line in excerpt if line is not None]
    # The first three lines of a diff name files and places.
    shown = list(unified_diff(old, new, n=_CONTEXT, lineterm=""))[3:]
    return "\n".join([f"line {first}:", *(_cut(line) for line in shown[:_SHOWN])])


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
