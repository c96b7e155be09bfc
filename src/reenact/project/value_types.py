"""The types that a parameter can have, and whether a text is a value of one.

A value stays the text that was given; a type only says which texts fit. ``int`` and ``float`` are what Python's own
``int()`` and ``float()`` read, so ``1e-3`` is a float and ``1e3`` or ``3.0`` is no int; ``bool`` is true, false, yes,
no, on, off, 1 or 0 in any letter case; ``list[int]`` is ``1,2,3`` or a list as JSON or Python writes it, every item
checked; ``uri`` needs a scheme; ``path`` is not empty; ``string`` and every type that is not known here fit anything.
``choices``, ``min`` and ``max`` hold for each item of a list. A default is judged like a given value.
"""

from __future__ import annotations

from reenact.project.types import Parameter

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

_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_NOTHING = ("", "none", "null")
_SCHEME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.")


def find_type(word: str) -> str | None:
    """The canonical name of a type, whatever its spelling and letter case; None if there is no such type."""
    folded = "".join(word.split()).lower()
    if folded.startswith("list[") and folded.endswith("]"):
        item = ALIASES.get(folded[5:-1], "list")
        return None if item.startswith("list") else f"list[{item}]"
    return ALIASES.get(folded)


def item_type(kind: str) -> str:
    """What the items of a canonical list type are; any other type itself."""
    return kind[5:-1] if kind.startswith("list[") else kind


def find_misfit(parameter: Parameter, text: str) -> str | None:
    """What the declaration expects, where ``text`` is not that; None where it fits.

    ``text`` is not in the answer for a secret. Where the author's default is empty, ``None`` or ``null``, that text
    fits whatever the type: it is how real projects write that there is none.
    """
    if text == parameter.default and text.lower() in _NOTHING:
        return None
    kind = find_type(parameter.type) or "string"
    item = item_type(kind)
    if item == kind:
        return _find_item_misfit(kind, parameter, text)
    items = _split_list(text)
    if items is None:
        return "a list: 1,2,3 or [1, 2, 3]"
    problems = (_find_item_misfit(item, parameter, one) for one in items)
    return next((f"a list with, at each place, {problem}" for problem in problems if problem), None)


def find_scheme(text: str) -> str | None:
    """The scheme of a URI, in lower case, or None: ``s3`` of ``s3://bucket/key`` (RFC 3986, section 3.1)."""
    scheme, colon, _ = text.partition(":")
    if colon and scheme and scheme[0].isalpha() and _SCHEME.issuperset(scheme):
        return scheme.lower()
    return None


def read_number(text: str) -> float | None:
    """The number that a text is, ``1e-4`` included, which YAML 1.1 takes for text."""
    try:
        return float(text) if text.strip() == text else None
    except ValueError:
        return None


def read_truth(text: str) -> bool | None:
    """The truth value that a text is, or None."""
    return _TRUTHS.get(text.lower())


def _find_item_misfit(kind: str, parameter: Parameter, text: str) -> str | None:
    return (
        _find_type_misfit(kind, text, hidden=parameter.secret)
        or _find_choice_misfit(kind, parameter, text)
        or _find_range_misfit(kind, parameter, text)
    )


def _find_type_misfit(kind: str, text: str, *, hidden: bool) -> str | None:
    if kind == "int" and _read_value(kind, text) is None:
        number = None if hidden else read_number(text)
        if number is not None and abs(number) < 1e15 and number == int(number):
            return f"a whole number (int), here {int(number)}"
        return "a whole number (int)"
    if kind == "float" and read_number(text) is None:
        return "a number (float)"
    if kind == "bool" and read_truth(text) is None:
        return "true or false (bool)"
    if kind == "uri" and find_scheme(text) is None:
        return "a URI with a scheme, such as https://host/path (uri)"
    if kind == "path" and not text:
        return "a path, not an empty text (path)"
    return None


def _find_choice_misfit(kind: str, parameter: Parameter, text: str) -> str | None:
    choices = parameter.choices
    if not choices or text in choices:
        return None
    value = _read_value(kind, text)
    if value is not None and any(value == _read_value(kind, choice) for choice in choices):
        return None
    return "one of " + ", ".join(choices)


def _find_range_misfit(kind: str, parameter: Parameter, text: str) -> str | None:
    low, high = parameter.min, parameter.max
    number = _read_value(kind, text) if kind in NUMERIC else None
    if number is None or ((low is None or number >= low) and (high is None or number <= high)):
        return None
    if low is not None and high is not None:
        return f"a number from {low:g} to {high:g}"
    return f"a number of at least {low:g}" if low is not None else f"a number of at most {high:g}"


def _read_value(kind: str, text: str) -> float | None:
    """What the text stands for, where several texts stand for the same; None for other types and for misfits."""
    if kind == "bool":
        return read_truth(text)
    if kind == "float":
        return read_number(text)
    try:
        # A whole number stays one: a float has not enough digits.
        return int(text) if kind == "int" and text.strip() == text else None
    except ValueError:
        return None


def _split_list(text: str) -> list[str] | None:
    """The items of a list as texts; an empty text is an empty list. None where it is no flat list."""
    if not text.strip():
        return []
    if not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",")]
    from ast import literal_eval
    from json import loads

    for read in (loads, literal_eval):
        try:
            items = read(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(items, list) and all(isinstance(item, str | int | float) for item in items):
            return [str(item) for item in items]
        return None
    return None
