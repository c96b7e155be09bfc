"""JSON lines: document by document, by line and key path."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

from reenact.project.types import Tolerance
from reenact.reproduce.compare.json_file import parse_json
from reenact.reproduce.compare.judgement import Judgement, Tally
from reenact.reproduce.compare.tree import Documents


def judge(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    """Compare two files of documents, line by line."""
    tally = Tally(tolerance)
    documents = Documents(tally)
    counts = [0, 0]
    with old.open("rb") as ours, new.open("rb") as theirs:
        for before, after in zip_longest(ours, theirs):
            counts[0] += before is not None
            counts[1] += after is not None
            if before is not None and after is not None and before != after and (before.strip() or after.strip()):
                documents.weigh(parse_json(before), parse_json(after), f"line {counts[0]}")
    if counts[0] != counts[1] and tally.differ(""):
        tally.first = f"{counts[0]} lines → {counts[1]} lines"
    return tally.judge("values", "every value that counts is the same")
