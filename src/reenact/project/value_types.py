"""The types that a parameter can have, and whether a text is a value of one."""

from __future__ import annotations

import re

ALIASES = {
    "string": "string",
    "str": "string",
    "float": "float",
    "number": "float",
    "int": "int",
    "integer": "int",
    "bool": "bool",
    "boolean": "bool",
    "path": "path",
    "uri": "uri",
    "list": "list[string]",
}
"""Every spelling of a type and its canonical name; ``list[...]`` of each of the others comes in addition."""

NUMERIC = ("int", "float")
TRUE_WORDS = ("true", "yes", "on", "1")
FALSE_WORDS = ("false", "no", "off", "0")
# What real projects write as a default where they mean that there is none.
NOTHING_WORDS = ("", "none", "null")

_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "uri": "an address with a scheme, as in 's3://bucket/key'",
}


def find_type(word: str) -> str | None:
    """The canonical name of a type, whatever its spelling and letter case; None if there is no such type."""
    folded = "".join(word.split()).lower()
    if inner := re.fullmatch(r"list\[(\w+)\]", folded):
        item = ALIASES.get(inner[1], "list")
        return None if item.startswith("list") else f"list[{item}]"
    return ALIASES.get(folded)


def item_type(kind: str) -> str:
    """What the items of a list type are; any other type itself."""
    return kind[5:-1] if kind.startswith("list[") else kind


def split_list(text: str) -> tuple[str, ...]:
    """The items of a list as people write it: ``1,2``, ``[1, 2]``, ``['a', 'b']``."""
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]"):
        inner = inner[1:-1]
    return tuple(item.strip().strip("'\"") for item in inner.split(",")) if inner.strip() else ()


def find_misfit(kind: str, text: str) -> str | None:
    """What a value of this canonical type would be, if ``text`` is none; None where it fits."""
    item = item_type(kind)
    texts = split_list(text) if item != kind else (text,)
    if item not in _EXPECTED or all(_fits(item, one) for one in texts):
        return None
    return _EXPECTED[item] if item == kind else f"a list, each item {_EXPECTED[item]}"


def read_number(text: str) -> float | None:
    """The number that a text is, ``1e-4`` included, which YAML 1.1 takes for text."""
    try:
        return None if "_" in text else float(text)
    except (ValueError, OverflowError):
        return None


def _fits(kind: str, text: str) -> bool:
    match kind:
        case "int":
            return re.fullmatch(r"[+-]?[0-9]+", text) is not None
        case "float":
            return read_number(text) is not None
        case "bool":
            return text.lower() in TRUE_WORDS + FALSE_WORDS
        case "uri":
            return re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) is not None
    return True
