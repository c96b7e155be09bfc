"""``# reenact: ignore[code, code]``: a finding that its author has seen and does not want to see again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from reenact.doctor.findings import Finding
from reenact.doctor.text import find_text

_COMMENT = r"#\s*reenact:\s*ignore\[(?P<codes>[^\]]*)\]"


def split_silenced(
    findings: Iterable[Finding], root: Path, ignored: Collection[str]
) -> tuple[list[Finding], list[Finding]]:
    """The findings that are told, and those that are not: their code is in ``ignored``, or a comment names it.

    A comment counts for its own line; alone on a line, for the next one. One at the very top of a file, before
    everything but other comments, counts for the whole file.
    """
    comments: dict[str, dict[int, frozenset[str]]] = {}
    told: list[Finding] = []
    silenced: list[Finding] = []
    for finding in findings:
        is_silenced = finding.code in ignored
        if finding.position is not None and not is_silenced:
            file = finding.position.file
            if file not in comments:
                comments[file] = read_comments(find_text(root / file) or "")
            found = comments[file]
            is_silenced = finding.code in found.get(finding.position.line, ()) or finding.code in found.get(0, ())
        (silenced if is_silenced else told).append(finding)
    return told, silenced


def read_comments(text: str) -> dict[int, frozenset[str]]:
    """The codes that are silenced, by line from 1; under 0 those of the whole file."""
    if "reenact:" not in text:
        return {}
    found: dict[int, frozenset[str]] = {}
    at_top = True
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        at_top = at_top and (not bare or bare.startswith("#"))
        comment = re.search(_COMMENT, line)
        if comment is None:
            continue
        codes = frozenset(code.strip() for code in comment["codes"].split(","))
        places = [0] if at_top else [number, number + 1] if bare.startswith("#") else [number]
        for place in places:
            found[place] = found.get(place, frozenset()) | codes
    return found
