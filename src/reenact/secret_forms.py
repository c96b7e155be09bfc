r"""The ways in which programs write a secret: the forms that are looked for in a text. Pure.

A form is a sequence of parts, each with its ways: of ``a/b`` the second part is ``/``, ``%2F``, ``\/``, ``&#47;`` and
so on. There is one form for the secret as it is or quoted, character by character; one for its hexadecimal digits;
three for base64, one for each place that its first byte can have in a group; one for each line of it that is long
enough.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from html.entities import codepoint2name

SHORTEST_LINE = 8
"""Characters that a line of a secret needs to be found by itself."""

Part = tuple[bytes, ...]
"""The ways in which one character or byte can be written."""

Form = tuple[Part, ...]

_CONTROLS = {"\n": "n", "\t": "t", "\r": "r", "\0": "0", "\f": "f", "\v": "v", "\b": "b", "\a": "a"}
_SEPARATORS = (b"", b":", b" ", b"-", b"%", b"\\x", b"\\\\x", b", 0x", b",0x", b" 0x", b", ", b"\n", b"\r\n")
_QUOTES = ("'\\''", "'\"'\"'")
_OTHERS = {b"+": (b"+", b"-", b"%2B", b"%2b"), b"/": (b"/", b"_", b"%2F", b"%2f", b"\\/")}
_MARGINS = ("", "DEBUG ", "  uv: ", "  uv: DEBUG ", "  rattler: ", "  bash: ")
"""What stands before each line of a program that uv quotes, or we."""
_INDENTED = [f"\n{margin}{' ' * count}".encode() for margin in _MARGINS for count in range(17)]
_BREAKS = (b"", b"\r\n", b"\\n", b"\\r\\n", *_INDENTED)


def make_forms(secret: str) -> Iterator[Form]:
    """Every form of a secret: one way after another for each of its parts."""
    yield tuple(map(_spell, secret))
    data = secret.encode("utf-8", "surrogateescape" if _is_escaped(secret) else "surrogatepass")
    yield _make_hexadecimal(data)
    yield from (_make_base64(data, before) for before in range(3))
    lines = [line.strip() for line in secret.splitlines()]
    if len(lines) > 1:
        yield from (tuple(map(_spell, line)) for line in dict.fromkeys(lines) if len(line) >= SHORTEST_LINE)


def _is_escaped(text: str) -> bool:
    """Whether every half of a surrogate pair in it stands for a byte (PEP 383)."""
    return all("\udc80" <= char <= "\udcff" for char in text if "\ud800" <= char <= "\udfff")


@cache
def _spell(char: str) -> Part:
    """The ways in which programs write a character."""
    if char.isascii() and char.isalnum():
        return (char.encode(),)
    code = ord(char)
    raw = char.encode("utf-8", "surrogatepass")
    ways = [raw.decode("latin-1")]
    if "\udc80" <= char <= "\udcff":
        ways += [chr(code - 0xDC00)]
        raw = bytes([code - 0xDC00])
    ways += [*_quote_address(raw), *_escape_code(char), *_escape_markup(code)]
    if code < 0x80:
        ways += _escape_ascii(char)
    elif code < 0x100:
        ways += [chr(code), *_quote_address(bytes([code]))]
    return tuple(dict.fromkeys(way.encode("latin-1") for way in sorted(ways, key=len, reverse=True)))


def _quote_address(raw: bytes) -> list[str]:
    upper = "".join(f"%{byte:02X}" for byte in raw)
    # Twice quoted, as an address inside an address is.
    return [upper, upper.lower(), upper.replace("%", "%25"), upper.lower().replace("%", "%25")]


def _escape_code(char: str) -> list[str]:
    r"""``\u00e9``, ``\xe9``, ``\303\251``: as JSON, Python, git and shells have it, once and inside of itself."""
    code, raw = ord(char), char.encode("utf-8", "surrogatepass")
    units = char.encode("utf-16-be", "surrogatepass")
    pairs = [f"{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)]
    ways = []
    for slash in ("\\", "\\\\"):
        ways += ["".join(f"{slash}u{pair}" for pair in pairs), "".join(f"{slash}u{pair.upper()}" for pair in pairs)]
        if code > 0xFFFF:
            ways += [f"{slash}U{code:08x}", f"{slash}U{code:08X}"]
        ways += ["".join(f"{slash}x{byte:02x}" for byte in raw), "".join(f"{slash}x{byte:02X}" for byte in raw)]
        ways += ["".join(f"{slash}{byte:03o}" for byte in raw)]
        if code < 0x100:
            ways += [f"{slash}x{code:02x}", f"{slash}x{code:02X}"]
    return ways


def _escape_markup(code: int) -> list[str]:
    ways = [f"&#{code};", f"&#{code:03d};", f"&#x{code:x};", f"&#x{code:X};", f"&#x{code:02x};", f"&#x{code:02X};"]
    if code in codepoint2name:
        ways.append(f"&{codepoint2name[code]};")
    return [*ways, *(f"&amp;{way[1:]}" for way in ways)]


def _escape_ascii(char: str) -> list[str]:
    if char == "\n":
        breaks = ["\r\n", " ", "%0D%0A", "%0d%0a", *(f"{slash}r{slash}n" for slash in ("\\", "\\\\"))]
    else:
        breaks = []
    if char in _CONTROLS:
        return [*breaks, *("\\" * count + _CONTROLS[char] for count in range(1, 5))]
    if char == "\\":
        return ["\\" * count for count in (1, 2, 4, 8)]
    ways = ["\\" * count + char for count in range(1, 5)]
    if char == "'":
        # Of a shell, and of a shell inside of a shell.
        quoted = [inner.replace("'", outer) for outer in _QUOTES for inner in ("'", *_QUOTES)]
        return [*ways, *quoted, "''", "&apos;", "&amp;apos;"]
    more = {'"': ['""'], " ": ["+"], "$": ["$$"], "%": ["%%"]}
    return [*ways, *more.get(char, [])]


def _make_hexadecimal(data: bytes) -> Form:
    pairs = (tuple(dict.fromkeys((b"%02x" % byte, b"%02X" % byte))) for byte in data)
    return _join(pairs, _SEPARATORS)


def _make_base64(data: bytes, before: int) -> Form:
    """The form that ``data`` has with ``before`` bytes in front of it in its group.

    What a first character holds of it together with those is left: four bits at most. The last one holds bits of what
    follows, and may be any that holds ours.
    """
    whole = b"\0" * before + data
    held = len(whole) % 3
    letters: list[Part] = [
        (letter.to_bytes(),) for letter in b64encode(whole)[-(-before * 8 // 6) : len(whole) * 8 // 6]
    ]
    if held:
        ends = {b64encode(whole[-held:] + bytes([fill]))[held] for fill in range(256)}
        letters.append(tuple(sorted(end.to_bytes() for end in ends)))
    return _join((tuple(way for each in part for way in _OTHERS.get(each, (each,))) for part in letters), _BREAKS)


def _join(parts: Iterable[Part], between: Part) -> Form:
    """The parts with ``between`` after each but the last."""
    return tuple(each for part in parts for each in (part, between))[:-1]
