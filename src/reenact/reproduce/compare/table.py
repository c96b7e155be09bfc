"""Tables as text (CSV, TSV): cell by cell, by row and column.

The first row names the columns if no cell of it is a number. The old file's first line says what separates the cells.
Two cells that are both numbers match as numbers do, others as text. ``ignore`` are names of columns; a column without a
name is called by its number, from 1.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from reenact.hints import TYPE_CHECKING
from reenact.project.types import Tolerance
from reenact.reproduce.compare.judgement import Judgement, Tally, Unreadable, describe, parse_number, render_count, show

if TYPE_CHECKING:
    from typing import TextIO

_SEPARATORS = "\t,;|"
_PROBE = 1 << 16

Row = list[str]


def judge(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    """Compare two tables."""
    try:
        with _open(old) as ours, _open(new) as theirs:
            separator = _find_separator(ours)
            rows = [csv.reader(file, delimiter=separator, strict=True) for file in (ours, theirs)]
            return _Tables(tolerance).judge(*rows)
    except (csv.Error, UnicodeDecodeError) as problem:
        raise Unreadable(f"not a table: {problem}") from problem


def _open(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", newline="")


def _find_separator(file: TextIO) -> str:
    first = file.readline(_PROBE)
    file.seek(0)
    return max(_SEPARATORS, key=first.count)


class _Tables:
    def __init__(self, tolerance: Tolerance) -> None:
        self._tally = Tally(tolerance)
        self._names: Row = []
        self._cells = 0

    def judge(self, old: Iterator[Row], new: Iterator[Row]) -> Judgement:
        """Compare names, then rows, then how many rows there are."""
        first, second = next(old, []), next(new, [])
        skipped = self._find_skipped(first), self._find_skipped(second)
        ours, theirs = _drop(first, skipped[0]), _drop(second, skipped[1])
        counts = [1, 1]
        if _is_header(first) and _is_header(second):
            if ours != theirs:
                return Judgement("different", _describe_names(ours, theirs), fixed=("",))
            self._names, counts = ours, [0, 0]
        else:
            self._weigh_row(1, ours, theirs)
        for before, after in zip_longest(old, new):
            counts[0] += before is not None
            counts[1] += after is not None
            if before is not None and after is not None:
                self._cells += len(before)
                if before != after:
                    self._weigh_row(counts[0], _drop(before, skipped[0]), _drop(after, skipped[1]))
        if counts[0] != counts[1] and self._tally.differ(""):
            self._tally.first = f"{render_count(counts[0])} rows → {render_count(counts[1])} rows"
        return self._tally.judge("cells", "every cell that counts says the same", self._cells)

    def _find_skipped(self, first: Row) -> frozenset[int]:
        names = first if _is_header(first) else [str(number) for number in range(1, len(first) + 1)]
        return frozenset(at for at, name in enumerate(names) if self._tally.ignores(name))

    def _weigh_row(self, number: int, old: Row, new: Row) -> None:
        tally = self._tally
        if len(old) != len(new):
            if tally.differ(""):
                tally.first = f"row {number}: {len(old)} cells → {len(new)} cells"
            return
        for at, (before, after) in enumerate(zip(old, new, strict=True)):
            if before == after:
                continue
            was, now = _read(before), _read(after)
            if tally.weigh(self._name(at), was, now):
                tally.first = f"row {number}{self._lead(old, new)}, column {self._name(at)}: {describe(was, now)}"

    def _name(self, at: int) -> str:
        return self._names[at] if at < len(self._names) else str(at + 1)

    def _lead(self, old: Row, new: Row) -> str:
        """What the first cell calls the row, where both call it the same."""
        return f" ({show(self._name(0), bare=True)} {show(old[0], bare=True)})" if old[0] == new[0] and old[0] else ""


def _is_header(row: Row) -> bool:
    return bool(row) and all(parse_number(cell) is None for cell in row)


def _drop(row: Row, skipped: frozenset[int]) -> Row:
    return [cell for at, cell in enumerate(row) if at not in skipped] if skipped else row


def _read(cell: str) -> object:
    number = parse_number(cell)
    return cell if number is None else number


def _describe_names(old: Row, new: Row) -> str:
    gone = [name for name in old if name not in new]
    came = [name for name in new if name not in old]
    said = [f"column {show(name)} is gone" for name in gone] + [f"column {show(name)} is new" for name in came]
    return ", ".join(said[:6]) or f"the columns stand in another order: {show(', '.join(old))} → {show(', '.join(new))}"
