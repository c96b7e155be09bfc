"""TOML: by key path; dates and times as they are written in RFC 3339."""

from __future__ import annotations

import tomllib
from pathlib import Path

from reenact.project.types import Tolerance
from reenact.reproduce.compare.judgement import Judgement, Tally, Unreadable
from reenact.reproduce.compare.tree import Documents


def judge(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    """Compare two documents."""
    tally = Tally(tolerance)
    documents = Documents(tally)
    documents.weigh(_parse(old), _parse(new))
    return tally.judge("values", "every value that counts is the same", documents.values)


def _parse(path: Path) -> object:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as problem:
        raise Unreadable(f"not TOML: {problem}") from problem
