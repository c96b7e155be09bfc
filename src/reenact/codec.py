"""Our frozen values as JSON, and back with every field checked against its declared type.

An object for a ``NamedTuple``, a list for any other sequence, an object for a mapping, the value of an enum.
Unknown fields are ignored and absent ones take their default, so that an older reenact reads a newer record.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType

from reenact.hints import Any, Literal, TypeVar
from reenact.json_text import parse_json, render_json
from reenact.values import Enum

T = TypeVar("T")


def to_plain(value: object) -> Any:
    """``value`` in terms of dict, list, str, int, float, bool and None.

    Raises:
        TypeError: a value of another kind is inside.
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: to_plain(item) for name, item in zip(value._fields, value, strict=True)}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    raise TypeError(f"no JSON for {type(value).__name__}")


def encode(value: object) -> bytes:
    """Indented UTF-8 JSON with a newline at its end, for files that people open."""
    plain = to_plain(value)
    try:
        return (render_json(plain, indent=" ", ascii_only=False) + "\n").encode()
    except UnicodeEncodeError:
        # An argument or file name with bytes that are no UTF-8: JSON can hold it only escaped.
        return (render_json(plain, indent=" ") + "\n").encode("ascii")


def canonical(value: object) -> bytes:
    """The one JSON text of a value, for digests: sorted keys, no white space, ASCII."""
    return render_json(to_plain(value), compact=True, sort=True).encode("ascii")


def decode(kind: type[T], data: bytes | str) -> T:
    """The value of type ``kind`` that ``data`` holds.

    Raises:
        ValueError: not JSON, or JSON of another shape; the message names the field.
    """
    return from_plain(kind, parse_json(data))


def from_plain(kind: type[T], plain: object, where: str = "value") -> T:
    """The inverse of :func:`to_plain`, given the type.

    Raises:
        ValueError: a field has another type than declared; the message names the field.
    """
    value: T = _read(kind, plain, where)
    return value


def _read(kind: Any, plain: Any, where: str) -> Any:
    if kind is Any or kind is object:
        return plain
    origin = getattr(kind, "__origin__", None)
    arguments: tuple[Any, ...] = getattr(kind, "__args__", ())
    if isinstance(kind, UnionType):
        return _read_union(arguments, plain, where)
    if origin is Literal:
        _expect(plain in arguments, plain, where, " or ".join(map(repr, arguments)))
        return plain
    if origin is tuple:
        return _read_tuple(arguments, plain, where)
    if origin is not None and issubclass(origin, Mapping):
        _expect(isinstance(plain, dict), plain, where, "an object")
        return {key: _read(arguments[1], item, f"{where}.{key}") for key, item in plain.items()}
    if issubclass(kind, tuple):
        return _read_record(kind, plain, where)
    if issubclass(kind, Enum):
        return kind(plain)
    if kind is float:
        _expect(type(plain) in (int, float), plain, where, "a number")
        return float(plain)
    _expect(type(plain) is kind, plain, where, kind.__name__)
    return plain


def _read_union(arguments: tuple[Any, ...], plain: Any, where: str) -> Any:
    if plain is None and NoneType in arguments:
        return None
    problems = []
    for option in arguments:
        if option is NoneType:
            continue
        try:
            return _read(option, plain, where)
        except ValueError as problem:
            problems.append(str(problem))
    raise ValueError("; ".join(problems))


def _read_tuple(arguments: tuple[Any, ...], plain: Any, where: str) -> Any:
    _expect(isinstance(plain, list), plain, where, "a list")
    if arguments[1:] == (...,):
        arguments = (arguments[0],) * len(plain)
    _expect(len(plain) == len(arguments), plain, where, f"{len(arguments)} items")
    pairs = zip(arguments, plain, strict=True)
    return tuple(_read(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(pairs))


def _read_record(kind: Any, plain: Any, where: str) -> Any:
    _expect(isinstance(plain, dict), plain, where, "an object")
    known = _hints(kind)
    missing = [name for name in known if name not in plain and name not in kind._field_defaults]
    _expect(not missing, plain, where, f"the fields {', '.join(missing)}")
    return kind(**{n: _read(hint, plain[n], f"{where}.{n}") for n, hint in known.items() if n in plain})


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The annotations of a class of ours; those that are text are read where it was written."""
    names = vars(sys.modules[kind.__module__])
    hints = kind.__annotations__
    return {name: eval(hint, names) if isinstance(hint, str) else hint for name, hint in hints.items()}  # noqa: S307


def _expect(holds: bool, plain: object, where: str, wanted: str) -> None:
    if not holds:
        raise ValueError(f"{where}: expected {wanted}, found {type(plain).__name__}")
