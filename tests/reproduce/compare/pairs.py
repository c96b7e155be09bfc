"""Two files of a format, written and compared."""

from __future__ import annotations

from pathlib import Path

from reenact.project.types import Tolerance
from reenact.reproduce.compare import Judgement, compare
from reenact.reproduce.compare.judgement import EXACT


def judge(folder: Path, name: str, old: str | bytes, new: str | bytes, tolerance: Tolerance = EXACT) -> Judgement:
    """The judgement of two contents under one name."""
    return compare(write(folder / "old" / name, old), write(folder / "new" / name, new), tolerance)


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
