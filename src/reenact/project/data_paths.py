"""Paths and patterns of files as a project declares them: parameters put in, and which file belongs to which. Pure.

In a pattern ``*`` and ``?`` stand for what is inside one name and ``**`` for any number of folders; a name that begins
with a dot is only meant by a pattern that has the dot. What names a folder means everything in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from reenact.hints import TypeVar
from reenact.project.paths import is_remote
from reenact.project.placeholders import Placeholder, parse_template
from reenact.project.quoting import Word
from reenact.project.types import EntryPoint, MetricDeclaration, OutputDeclaration

Declared = TypeVar("Declared", OutputDeclaration, MetricDeclaration)


def fill_in(entry_point: EntryPoint, words: Mapping[str, Word | None]) -> EntryPoint:
    """What the entry point declares with the values of its parameters; without what names a parameter that is absent.

    What a parameter of the run folder's own leads to begins with ``$REENACT_RUN_DIR``.
    """
    return entry_point._replace(
        inputs=tuple(dict.fromkeys(path for text in entry_point.inputs if (path := fill(text, words)) is not None)),
        outputs=_fill_each(entry_point.outputs, words),
        metrics=_fill_each(entry_point.metrics, words),
    )


def _fill_each(declared: Iterable[Declared], words: Mapping[str, Word | None]) -> tuple[Declared, ...]:
    filled = {path: item._replace(path=path) for item in declared if (path := fill(item.path, words)) is not None}
    return tuple(filled.values())


def fill(text: str, words: Mapping[str, Word | None]) -> str | None:
    """The path with the values in it, which mean themselves and are no patterns; None where one of them is absent."""
    whole = ""
    for piece in parse_template(text, words.keys()):
        if isinstance(piece, str):
            whole += piece
        elif piece.problem is not None:
            whole += piece.source
        elif (value := _find_value(piece, words[piece.name])) is None:
            return None
        else:
            whole += value if is_remote(value) and piece.source == text else escape(value)
    return whole


def _find_value(slot: Placeholder, word: Word | None) -> str | None:
    if word is None:
        return None
    text = word.text if word.variable is None else f"${word.variable}{word.text}"
    for number in slot.cut:
        text = text[number : number + 1]
    try:
        return format(text, slot.spec)
    except ValueError:
        return text


def escape(text: str) -> str:
    """A pattern that means exactly this text."""
    return re.sub(r"([*?[])", r"[\1]", text)


def is_pattern(text: str) -> bool:
    """Whether a path has anything in it that stands for something else."""
    return re.search(r"[*?[]", text) is not None


def find_declaration(path: str, declared: Iterable[Declared]) -> Declared | None:
    """The first of the declarations that a file belongs to."""
    return next((item for item in declared if belongs(path, item.path)), None)


def belongs(path: str, declared: str) -> bool:
    """Whether a file is what is declared, or lies in a folder that is."""
    return path == declared or _compile(declared).match(f"{path.removeprefix('./')}/") is not None


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    """What a path with a slash after it begins with, if it belongs to the pattern."""
    names = [name for name in pattern.split("/") if name not in ("", ".")]
    root = "/" if pattern.startswith("/") else ""
    return re.compile(root + "".join(map(translate_name, names)), re.DOTALL)


def translate_name(name: str) -> str:
    """A regular expression for one name of a pattern, and the slash after it."""
    if name == "**":
        return r"(?:[^./][^/]*/)*"
    visible = r"(?!\.)" if name[0] in "*?[" else ""
    return visible + re.sub(r"\[!?\]?[^]]*\]|.", _translate_sign, name, flags=re.DOTALL) + "/"


def _translate_sign(found: re.Match[str]) -> str:
    sign = found[0]
    if sign == "*":
        return "[^/]*"
    if sign == "?":
        return "[^/]"
    if len(sign) > 1:
        negated = sign.startswith("[!")
        inner = re.sub(r"[][^&~|\\]", r"\\\g<0>", sign[1 + negated : -1])
        return f"[{'^' * negated}{inner}]" if _is_class(inner) else re.escape(sign)
    return re.escape(sign)


def _is_class(inner: str) -> bool:
    """Whether these are signs to choose from: ``z-a`` are none."""
    try:
        re.compile(f"[{inner}]")
    except re.error:
        return False
    return True
