"""``.dockerignore``: which files of a context are left out. Pure.

The rules are those of Docker's own reference: patterns from the context's root, ``*`` and ``?`` within one name, ``**``
over any number, ``!`` takes back; the last pattern that fits a file, or a folder that it is in, decides.
"""

from __future__ import annotations

import re
from posixpath import normpath

from reenact.values import NamedTuple


class Pattern(NamedTuple):
    """One line; ``keeps`` is true behind a ``!``."""

    regex: re.Pattern[str]
    keeps: bool


def parse_ignore(text: str) -> tuple[Pattern, ...]:
    """The patterns of a file, in order; what cannot be read as a pattern fits nothing."""
    patterns = []
    for line in text.removeprefix("\ufeff").splitlines():
        line = line if line.startswith("#") else line.strip()
        keeps = line.startswith("!")
        word = line[1:].strip() if keeps else line
        if not word or line.startswith("#"):
            continue
        word = normpath(word).lstrip("/")
        try:
            patterns.append(Pattern(re.compile(_translate(word), re.DOTALL), keeps))
        except re.error:
            continue
    return tuple(patterns)


def is_ignored(path: str, patterns: tuple[Pattern, ...]) -> bool:
    """Whether the file at ``path``, relative to the context and with ``/`` between names, is left out."""
    parts = path.split("/")
    names = ["/".join(parts[: count + 1]) for count in range(len(parts))]
    ignored = False
    for pattern in patterns:
        if pattern.keeps == ignored and any(pattern.regex.fullmatch(name) for name in names):
            ignored = not pattern.keeps
    return ignored


def _translate(word: str) -> str:
    """A pattern as a regular expression."""
    pieces = re.findall(r"\*\*/?|\*|\?|\\.|\[[^\]]*\]|.", word, re.DOTALL)
    parts = []
    for at, piece in enumerate(pieces):
        if piece == "**/" or (piece == "**" and 0 < at < len(pieces) - 1):
            parts.append("(?:.*/)?")
        elif piece == "**":
            parts.append(".*")
        elif piece == "*":
            parts.append("[^/]*")
        elif piece == "?":
            parts.append("[^/]")
        elif piece.startswith("["):
            parts.append(piece)
        else:
            parts.append(re.escape(piece[-1]))
    return "".join(parts)
