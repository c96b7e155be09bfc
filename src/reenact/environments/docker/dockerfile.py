"""Which images a Dockerfile is made from, and the same text with each of them pinned. Pure.

They stand behind ``FROM``, and in ``COPY --from=`` and ``RUN --mount=from=`` where that is no stage. An instruction can
go on over several lines, and a here-document behind it is its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reenact.values import NamedTuple

_FROM = re.compile(r"^(?P<head>\s*FROM\s+(?:--\S+\s+)*)(?P<image>\S+)(?P<tail>(?:\s+AS\s+(?P<stage>\S+))?\s*)$", re.I)
_TAKEN = re.compile(
    r"^(?P<head>\s*(?:(?:COPY|ADD)\s+(?:--\S+\s+)*?--from=|RUN\s+(?:--\S+\s+)*?--mount=(?:\S*,)?from=))"
    r"(?P<image>[^\s,]+)(?P<tail>.*)$",
    re.I | re.S,
)
_ARG = re.compile(r"^\s*ARG\s+(.*)$", re.I | re.S)
_ITEM = re.compile(r"(\w+)(?:=(\"[^\"]*\"|'[^']*'|\S*))?")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")
_ESCAPE = re.compile(r"\A(?:\s*#\s*\w+\s*=.*\n)*?\s*#\s*escape\s*=\s*(\S)", re.I)
_MAY_HAVE_HERE = re.compile(r"\s*(RUN|COPY|ADD)\s", re.I)
_HERE = re.compile(r"(?:^|\s)\d*<<(-?)([\"']?)([^\s<\"']+)\2(?=\s|$)")


class _Instruction(NamedTuple):
    """One instruction: ``text`` as it stands in the file, ``line`` with what it goes on with behind it.

    ``arguments`` are those that are known there: from before the first ``FROM``.
    """

    text: str
    line: str
    arguments: Mapping[str, str]


def find_bases(text: str, given: Mapping[str, str]) -> tuple[str, ...]:
    """The images that it is made from, without ``scratch`` and stages; ``given`` are the build arguments.

    An image whose name cannot be told from the text is left out.
    """
    return tuple(dict.fromkeys(image for _, _, image in _find_images(text, given) if image))


def pin_bases(text: str, given: Mapping[str, str], pins: Mapping[str, str]) -> str:
    """The text with every image that is in ``pins`` replaced by its pin."""
    lines = []
    for instruction, found, image in _find_images(text, given):
        pin = pins.get(image or "")
        lines.append(f"{found['head']}{pin}{found['tail']}" if found and pin else instruction.text)
    return "\n".join(lines) + "\n"


def _find_images(
    text: str, given: Mapping[str, str]
) -> Iterator[tuple[_Instruction, re.Match[str] | None, str | None]]:
    """Each instruction with the place where it names an image, and the image."""
    stages = {"scratch"}
    for instruction in _read(text, given):
        found = _FROM.match(instruction.line)
        if found is not None:
            image = _expand(found["image"], instruction.arguments)
        elif (found := _TAKEN.match(instruction.line)) and not found["image"].isdigit():
            image = found["image"] if "$" not in found["image"] else None
        else:
            image = None
        yield instruction, found, None if image and image.lower() in stages else image
        if found is not None and (stage := found.groupdict().get("stage")):
            stages.add(stage.lower())


def _read(text: str, given: Mapping[str, str]) -> Iterator[_Instruction]:
    arguments: dict[str, str] = {}
    begun = False
    for whole, line in _split(text):
        begun = begun or _FROM.match(line) is not None
        if not begun and (found := _ARG.match(line)):
            for item in _ITEM.finditer(found[1]):
                default = None if item[2] is None else _expand(item[2].strip("\"'"), arguments)
                value = given.get(item[1], default)
                if value is not None:
                    arguments[item[1]] = value
        yield _Instruction(whole, line, dict(arguments))


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction, comment or empty line: as it stands there, and as one line without a here-document."""
    escape = found[1] if (found := _ESCAPE.match(text)) else "\\"
    lines = iter(text.splitlines())
    for first in lines:
        whole, one = [first], first if _is_something(first) else ""
        while one.rstrip().endswith(escape) and (line := next(lines, None)) is not None:
            whole.append(line)
            # Comments and empty lines do not end what goes on.
            if _is_something(line):
                one = one.rstrip().removesuffix(escape) + line
        for dash, _, end in _HERE.findall(one) if _MAY_HAVE_HERE.match(one) else ():
            for line in lines:
                whole.append(line)
                if (line.lstrip("\t") if dash else line) == end:
                    break
        yield "\n".join(whole), one


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
