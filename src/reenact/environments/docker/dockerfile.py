"""A Dockerfile's ``FROM`` lines: which images it begins with, and the same text with each of them pinned. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_FROM = re.compile(r"^(?P<head>\s*FROM\s+(?:--\S+\s+)*)(?P<image>\S+)(?P<tail>(?:\s+AS\s+(?P<stage>\S+))?\s*)$", re.I)
_ARG = re.compile(r"^\s*ARG\s+(\w+)(?:=(\"[^\"]*\"|'[^']*'|\S*))?\s*$", re.I)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")


def find_bases(text: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """The images that the stages begin with, without ``scratch`` and other stages; ``given`` are the build arguments.

    An image whose name cannot be told from the text is left out.
    """
    bases: list[str] = []
    stages: set[str] = set()
    for line, arguments in _walk(text, given):
        if found := _FROM.match(line):
            image = _expand(found["image"], arguments)
            if image and image.lower() not in stages and image != "scratch":
                bases.append(image)
            if found["stage"]:
                stages.add(found["stage"].lower())
    return tuple(dict.fromkeys(bases))


def pin_bases(text: str, given: Mapping[str, str], pins: Mapping[str, str]) -> str:
    """The text with every image that is in ``pins`` replaced by its pin."""
    lines = []
    for line, arguments in _walk(text, given):
        found = _FROM.match(line)
        pin = pins.get(_expand(found["image"], arguments) or "") if found else None
        lines.append(f"{found['head']}{pin}{found['tail']}" if found and pin else line)
    return "\n".join(lines) + "\n"


def _walk(text: str, given: Mapping[str, str]) -> list[tuple[str, dict[str, str]]]:
    """The lines with the arguments that are known at each: those that stand before the first ``FROM``."""
    arguments: dict[str, str] = {}
    lines = []
    begun = False
    for line in text.splitlines():
        begun = begun or _FROM.match(line) is not None
        if not begun and (found := _ARG.match(line)):
            name, value = found[1], found[2]
            if name in given or value is not None:
                arguments[name] = given.get(name, (value or "").strip("\"'"))
        lines.append((line, dict(arguments)))
    return lines


def _expand(image: str, arguments: Mapping[str, str]) -> str | None:
    missing = []

    def replace(found: re.Match[str]) -> str:
        value = arguments.get(found[1] or found[2]) or found[3]
        if value is None:
            missing.append(found[0])
        return value or ""

    expanded = _VARIABLE.sub(replace, image)
    return None if missing else expanded
