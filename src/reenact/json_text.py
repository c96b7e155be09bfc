"""JSON text as :mod:`json` reads and writes it, for a program that is started again and again.

That module compiles six regular expressions when it is imported, for which :mod:`re` is imported first: a tenth of the
time that a warm run takes to start its command. Here are the parts of it that are made in C, and what is left of the
writing around them. Text that they do not take is handed to :mod:`json`, whose errors say where it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from reenact.hints import Any

_scan: Callable[[str, int], tuple[Any, int]]

try:
    from _json import encode_basestring, encode_basestring_ascii, make_scanner
except ImportError:
    # Another Python than CPython.
    from json.decoder import JSONDecoder
    from json.encoder import encode_basestring, encode_basestring_ascii

    _scan = JSONDecoder().raw_decode
else:
    # What a JSONDecoder has by default; float() reads the names of the three numbers that JSON has not, too.
    _by_default: Any = SimpleNamespace(
        strict=True,
        object_hook=None,
        object_pairs_hook=None,
        parse_int=int,
        parse_float=float,
        parse_constant=float,
    )
    _scan = make_scanner(_by_default)

_WHITE = " \t\n\r"
_WORDS = {None: "null", True: "true", False: "false"}
_NUMBERS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def parse_json(text: str | bytes) -> Any:
    """What ``json.loads`` makes of it.

    Raises:
        ValueError: it is not JSON; the message says where.
    """
    try:
        given = (text if isinstance(text, str) else text.decode()).strip(_WHITE)
        value, end = _scan(given, 0)
        if end == len(given):
            return value
    except (StopIteration, ValueError):
        pass  # not JSON, or not UTF-8
    from json import loads

    return loads(text)


def render_json(
    plain: object, *, indent: str = "", compact: bool = False, sort: bool = False, ascii_only: bool = True
) -> str:
    """What ``json.dumps`` makes of a value of dict, list, str, int, float, bool and None, whose keys are text.

    With an ``indent`` each item has a line of its own, else all is one line. ``compact`` leaves out the spaces,
    ``sort`` puts the keys in their order, ``ascii_only`` escapes all other characters.

    Raises:
        TypeError: a value of another kind is inside.
    """
    quote = encode_basestring_ascii if ascii_only else encode_basestring
    comma, colon = (",", ":") if compact else (",", ": ") if indent else (", ", ": ")

    def render(plain: object, line: str) -> str:
        if isinstance(plain, str):
            return quote(plain)
        if plain is None or isinstance(plain, bool):
            return _WORDS[plain]
        if isinstance(plain, int):
            return int.__repr__(plain)
        if isinstance(plain, float):
            return _NUMBERS.get(number := float.__repr__(plain), number)
        deeper = line + indent
        if isinstance(plain, dict):
            named = sorted(plain.items()) if sort else plain.items()
            return join("{", [quote(name) + colon + render(item, deeper) for name, item in named], "}", line)
        if isinstance(plain, (list, tuple)):
            return join("[", [render(item, deeper) for item in plain], "]", line)
        raise TypeError(f"no JSON for {type(plain).__name__}")

    def join(begin: str, items: list[str], end: str, line: str) -> str:
        if not items or not indent:
            return begin + comma.join(items) + end
        return f"{begin}{line}{indent}{f'{comma}{line}{indent}'.join(items)}{line}{end}"

    return render(plain, "\n")
