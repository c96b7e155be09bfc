"""Files of a project as text, whatever lies there: only plain files are opened, and never all of a huge one."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path

MAX_BYTES = 1 << 20
"""The largest file that is read: no program that a person wrote is longer."""


class Unreadable(Exception):
    """Why a file is not read."""


def read_text(path: Path) -> str:
    """The text of a plain file; in Python's own words of its encoding where it has them.

    Raises:
        Unreadable: it is none, is too large, or is no text.
    """
    try:
        if not path.is_file():
            raise Unreadable("it is no plain file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as problem:
        raise Unreadable(getattr(problem, "strerror", None) or str(problem)) from problem
    if len(data) > MAX_BYTES:
        raise Unreadable(f"it is larger than {MAX_BYTES >> 20} MiB")
    if b"\0" in data:
        raise Unreadable("it is binary")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as problem:
        raise Unreadable(f"its encoding cannot be told: {problem}") from problem


def is_file(path: Path) -> bool:
    """Whether there is a plain file; no name is too odd to ask for."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Whether there is anything."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def find_text(path: Path) -> str | None:
    """The same, or None where it cannot be had."""
    try:
        return read_text(path)
    except Unreadable:
        return None
