"""Types of parameters: which texts are a number, a truth value, a list, a URI.

A value stays the text that was given; a type only says which texts fit. ``int`` and ``float`` are what Python's own
``int()`` and ``float()`` read, so ``1e-3`` is a float and ``1e3`` or ``3.0`` is no int; ``bool`` is true, false, yes,
no, on, off, 1 or 0 in any letter case; ``list[int]`` is ``1,2,3`` or a list as JSON or Python writes it, every item
checked; ``uri`` needs a scheme; ``string``, ``path`` and every type that is not known here fit anything. ``choices``,
``min`` and ``max`` hold for each item of a list.
"""

from __future__ import annotations

from reenact.project.types import Parameter

_ALIASES = {"str": "string", "number": "float", "integer": "int", "boolean": "bool", "list": "list[string]"}
_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_SCHEME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.")


def find_scheme(text: str) -> str | None:
    """The scheme of a URI, in lower case, or None: ``s3`` of ``s3://bucket/key`` (RFC 3986, section 3.1)."""
    scheme, colon, _ = text.partition(":")
    if colon and scheme and scheme[0].isalpha() and _SCHEME.issuperset(scheme):
        return scheme.lower()
    return None


def find_misfit(parameter: Parameter, text: str) -> str | None:
    """What the declaration expects, where ``text`` is not that; None where it fits. ``text`` is not in the answer."""
    kind = _ALIASES.get(parameter.type, parameter.type)
    if kind.startswith("list[") and kind.endswith("]"):
        items = _split_list(text)
        if items is None:
            return "a list: 1,2,3 or [1, 2, 3]"
        inner = parameter._replace(type=kind[5:-1])
        problems = (find_misfit(inner, item) for item in items)
        return next((f"a list with, at each place, {problem}" for problem in problems if problem), None)
    return (
        _find_type_misfit(kind, text)
        or _find_choice_misfit(kind, parameter, text)
        or _find_range(parameter, kind, text)
    )


def find_unpassable(text: str) -> str | None:
    """Why no program can be given ``text`` as an argument, or None."""
    if "\0" in text:
        return "a NUL character, which no program can be given"
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return "half of a surrogate pair, which has no bytes"
    return None


def _find_type_misfit(kind: str, text: str) -> str | None:
    if kind == "int" and _read_number("int", text) is None:
        number = _read_number("float", text)
        if number is not None and abs(number) < 1e15 and number == int(number):
            return f"a whole number (int), here {int(number)}"
        return "a whole number (int)"
    if kind == "float" and _read_number("float", text) is None:
        return "a number (float)"
    if kind == "bool" and text.lower() not in _TRUTHS:
        return "true or false (bool)"
    if kind == "uri" and find_scheme(text) is None:
        return "a URI with a scheme, such as https://host/path (uri)"
    if kind == "path" and not text:
        return "a path, not an empty text (path)"
    return None


def _find_choice_misfit(kind: str, parameter: Parameter, text: str) -> str | None:
    if not parameter.choices or any(_are_equal(kind, text, choice) for choice in parameter.choices):
        return None
    return "one of " + ", ".join(parameter.choices)


def _are_equal(kind: str, text: str, choice: str) -> bool:
    if text == choice:
        return True
    if kind == "bool":
        return text.lower() in _TRUTHS and _TRUTHS.get(text.lower()) == _TRUTHS.get(choice.lower())
    number = _read_number(kind, text)
    return number is not None and number == _read_number(kind, choice)


def _find_range(parameter: Parameter, kind: str, text: str) -> str | None:
    low, high = parameter.min, parameter.max
    number = _read_number(kind, text)
    if number is None or ((low is None or number >= low) and (high is None or number <= high)):
        return None
    if low is not None and high is not None:
        return f"a number from {low:g} to {high:g}"
    return f"a number of at least {low:g}" if low is not None else f"a number of at most {high:g}"


def _read_number(kind: str, text: str) -> float | int | None:
    """The number, for a type whose values are numbers. A whole number stays one: a float has not enough digits."""
    if text.strip() != text:
        return None
    try:
        return int(text) if kind == "int" else float(text) if kind == "float" else None
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
