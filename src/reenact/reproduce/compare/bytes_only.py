"""Bytes: the first that differs."""

from __future__ import annotations

from pathlib import Path

from reenact.reproduce.compare.judgement import render_count

_CHUNK = 1 << 20


def find_first(old: Path, new: Path) -> int | None:
    """The offset of the first byte that differs, or of the end of the shorter file; None for equal ones."""
    with old.open("rb") as ours, new.open("rb") as theirs:
        offset = 0
        while True:
            before, after = ours.read(_CHUNK), theirs.read(_CHUNK)
            if before != after:
                return offset + _find_in(before, after)
            if not before:
                return None
            offset += len(before)


def _find_in(before: bytes, after: bytes) -> int:
    """The same in two pieces that are not equal, halving them until one byte is left."""
    low, high = 0, min(len(before), len(after))
    if before[:high] == after[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if before[low:middle] != after[low:middle]:
            high = middle
        else:
            low = middle
    return low


def describe_bytes(old: Path, new: Path, first: int) -> str:
    """The first difference of two files, and their sizes where these differ."""
    sizes = old.stat().st_size, new.stat().st_size
    said = f"byte {render_count(first)} differs"
    if first < min(sizes):
        said += f": {_read_at(old, first)} → {_read_at(new, first)}"
    elif sizes[0] != sizes[1]:
        longer, shorter = ("new", "old") if sizes[1] > sizes[0] else ("old", "new")
        said = f"the {longer} one goes on where the {shorter} one ends"
    if sizes[0] != sizes[1]:
        said += f"; {render_count(sizes[0])} → {render_count(sizes[1])} bytes"
    return said


def _read_at(path: Path, offset: int) -> str:
    with path.open("rb") as file:
        file.seek(offset)
        return f"0x{file.read(1).hex()}"
