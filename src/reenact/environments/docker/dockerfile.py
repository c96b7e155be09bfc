"""Which images a Dockerfile is made from, and the same text with each of them pinned. Pure.

They stand behind ``FROM``, and in ``COPY --from=`` and ``RUN --mount=from=`` where that is no stage. An instruction can
go on over several lines, and a here-document behind it is its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reenact.values import NamedTuple

_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?\s*$", re.I)
_TAKES = re.compile(r"^\s*(?:COPY|ADD|RUN)\s+(?:--\S+\s+)+", re.I)
_TAKEN = re.compile(r"(?<=\s)(?:--from=|--mount=(?:[^\s,]*,)*?from=)(?P<image>[^\s,]+)", re.I)
_ARG = re.compile(r"^\s*ARG\s+(.*)$", re.I | re.S)
_ITEM = re.compile(r"(\w+)(?:=(\"[^\"]*\"|'[^']*'|\S*))?")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")
_ESCAPE = re.compile(r"\A(?:\s*#\s*\w+\s*=.*\n)*?\s*#\s*escape\s*=\s*(\S)", re.I)
_MAY_HAVE_HERE = re.compile(r"\s*(RUN|COPY|ADD)\s", re.I)
_HERE = re.compile(r"(?:^|\s)\d*<<(-?)([\"']?)([^\s<\"']+)\2(?=\s|$)")


class _Instruction(NamedTuple):
    """One instruction: ``text`` as it stands in the file, ``line`` with what it goes on with behind it.

    ``here`` are the lines of its here-documents. ``arguments`` are those that are known there: from before the first
    ``FROM``.
    """

    text: str
    line: str
    here: tuple[str, ...]
    arguments: Mapping[str, str]


def find_bases(text: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """The images that it is made from, without ``scratch`` and stages; ``given`` are the build arguments.

    An image whose name cannot be told from the text is left out.
    """
    return tuple(dict.fromkeys(image for _, named in _find_images(text, given) for _, image in named))


def pin_bases(text: str, given: Mapping[str, str], pins: Mapping[str, str]) -> str:
    """The text with every image that is in ``pins`` replaced by its pin."""
    lines: list[str] = []
    for instruction, named in _find_images(text, given):
        line = instruction.line
        for (start, end), image in reversed(named):
            line = line[:start] + pins.get(image, line[start:end]) + line[end:]
        lines += [instruction.text] if line == instruction.line else [line, *instruction.here]
    return "\n".join(lines) + "\n"


def _find_images(
    text: str, given: Mapping[str, str]
) -> Iterator[tuple[_Instruction, list[tuple[tuple[int, int], str]]]]:
    """Each instruction with the images that it names, and where in its line."""
    stages = {"scratch"}
    for instruction in _read(text, given):
        begins = _FROM.match(instruction.line)
        takes = None if begins else _TAKES.match(instruction.line)
        named = []
        for found in [begins] if begins else _TAKEN.finditer(takes[0]) if takes else ():
            image = _expand(found["image"], instruction.arguments) if begins else _read_taken(found["image"])
            if image and image.lower() not in stages:
                named.append((found.span("image"), image))
        yield instruction, named
        if begins and begins["stage"]:
            stages.add(begins["stage"].lower())


def _read_taken(text: str) -> str | None:
    """The image or stage that is named there; None for the number of a stage, and what cannot be told."""
    return None if text.isdigit() or "$" in text else text


def _read(text: str, given: Mapping[str, str]) -> Iterator[_Instruction]:
    arguments: dict[str, str] = {}
    begun = False
    for whole, line, here in _split(text):
        begun = begun or _FROM.match(line) is not None
        if not begun and (found := _ARG.match(line)):
            for item in _ITEM.finditer(found[1]):
                default = None if item[2] is None else _expand(item[2].strip("\"'"), arguments)
                value = given.get(item[1], default)
                if value is not None:
                    arguments[item[1]] = value
        yield _Instruction(whole, line, here, dict(arguments))


def _split(text: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each instruction, comment or empty line: as it stands there; as one line; the lines of its here-documents."""
    escape = found[1] if (found := _ESCAPE.match(text)) else "\\"
    lines = iter(text.splitlines())
    for first in lines:
        whole, one = [first], first if _is_something(first) else ""
        while one.rstrip().endswith(escape) and (line := next(lines, None)) is not None:
            whole.append(line)
            # Comments and empty lines do not end what goes on.
            if _is_something(line):
                one = one.rstrip().removesuffix(escape) + line
        begin = len(whole)
        for dash, _, end in _HERE.findall(one) if _MAY_HAVE_HERE.match(one) else ():
            for line in lines:
                whole.append(line)
                if (line.lstrip("\t") if dash else line) == end:
                    break
        yield "\n".join(whole), one, tuple(whole[begin:])


def _is_something(line: str) -> bool:
    """Whether a line is neither empty nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _expand(text: str, arguments: Mapping[str, str]) -> str | None:
    """The text with the arguments in it; None where not all of it can be told."""
    missing = []

    def replace(found: re.Match[str]) -> str:
        value = arguments.get(found[1] or found[2])
        if not value and found[3] is not None:
            value = found[3]
        if value is None:
            missing.append(found[0])
        return value or ""

    expanded = _VARIABLE.sub(replace, text)
    return None if missing or "$" in expanded else expanded
