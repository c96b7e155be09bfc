"""JSON: by key path."""

from __future__ import annotations

import json
from pathlib import Path

from reenact.project.types import Tolerance
from reenact.reproduce.compare.judgement import Judgement, Tally, Unreadable, parse_number
from reenact.reproduce.compare.tree import Documents


def judge(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    """Compare two documents."""
    tally = Tally(tolerance)
    documents = Documents(tally)
    documents.weigh(parse_json(old.read_bytes()), parse_json(new.read_bytes()))
    return tally.judge("values", "every value that counts is the same", documents.values)


def parse_json(data: bytes) -> object:
    """The document. What is written twice, and a number that no double holds, cannot be read as one.

    Raises:
        Unreadable: it is not JSON, or nobody could say what it says.
    """
    try:
        return json.loads(data, object_pairs_hook=_make_object, parse_float=_parse, parse_int=_parse)
    except (ValueError, RecursionError) as problem:
        raise Unreadable(f"not JSON: {problem}") from problem


def _make_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice in an object")
    return made


def _parse(text: str) -> object:
    number = parse_number(text)
    return text if number is None else number
