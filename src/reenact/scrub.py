r"""Texts without the secrets in them, by value, however a program may have written them. Pure.

A secret is found as it is and as programs encode it: quoted for an address, a shell, JSON, Python, HTML, CSV, each
character in its own way if need be (``%2F`` beside ``/``), in hexadecimal digits, and in base64 at each of the three
places that its first byte can have in a group, with line breaks anywhere. Of a secret of several lines each line that
is long enough is one by itself. Blanks around it do not belong to it: a file's last newline is what programs take off
first. What is found becomes ``***``.

A secret of fewer than :data:`SHORTEST` characters is left: to take every ``7`` out of a log would leave no log.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache, cached_property, lru_cache
from html.entities import codepoint2name

SHORTEST = 4
"""Characters that a secret needs to be found."""

SHORTEST_LINE = 8
"""The same for a line of one."""

Part = tuple[bytes, ...]
"""The ways in which one character or byte can be written."""

Form = tuple[Part, ...]

_MARKS = ("***", "•••", "###", "···", "■■■", "~~~", "")
_CONTROLS = {"\n": "n", "\t": "t", "\r": "r", "\0": "0", "\f": "f", "\v": "v", "\b": "b", "\a": "a"}
_SEPARATORS = (b"", b":", b" ", b"-", b"%", b"\\x", b"\\\\x", b", 0x", b",0x", b" 0x", b", ", b"\n", b"\r\n")
_BREAKS = (b"", b"\n", b"\r\n", b"\\n", b"\\r\\n")
_QUOTES = ("'\\''", "'\"'\"'")
_SEARCHED = 8
"""Parts of a form that a regular expression looks for; the rest is followed by hand, for long ones take long to
compile."""
_OTHERS = {b"+": (b"+", b"-", b"%2B", b"%2b"), b"/": (b"/", b"_", b"%2F", b"%2f", b"\\/")}


class Scrubber:
    """Takes ``secrets`` out of texts. False where none of them can be found."""

    def __init__(self, secrets: Iterable[str]) -> None:
        bare = {secret.strip() if len(secret.strip()) >= SHORTEST else secret for secret in secrets}
        found = sorted({secret for secret in bare if len(secret) >= SHORTEST}, key=lambda each: (-len(each), each))
        self._secrets = found
        self._forms = [form for secret in found for form in make_forms(secret)]
        self._mark = _choose_mark(self._forms)

    def __bool__(self) -> bool:
        return bool(self._forms)

    def scrub(self, data: bytes) -> bytes:
        """``data`` with a mark for each secret."""
        return self._replace(data, self.find(data), len(data))

    def scrub_text(self, text: str) -> str:
        """The same for text."""
        data = text.encode("utf-8", "surrogatepass")
        spans = self.find(data)
        return self._replace(data, spans, len(data)).decode("utf-8", "surrogatepass") if spans else text

    def find(self, data: bytes) -> list[tuple[int, int]]:
        """Where the secrets are: (begin, end) in order; what overlaps is one."""
        spans = sorted(span for form, pattern in self._patterns for span in _find_all(form, pattern, data))
        merged: list[tuple[int, int]] = []
        for begin, end in spans:
            if merged and begin < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        return merged

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """What can be said of ``data`` already, without secrets, and the rest, which may be the beginning of one."""
        spans = self.find(data)
        cut = self._find_beginning(data)
        for begin, end in spans:
            if begin < cut < end:
                cut = begin
        return self._replace(data, spans, cut), data[cut:]

    def _replace(self, data: bytes, spans: list[tuple[int, int]], until: int) -> bytes:
        pieces: list[bytes] = []
        done = 0
        for begin, end in spans:
            if end <= until:
                pieces += (data[done:begin], self._mark)
                done = end
        return b"".join((*pieces, data[done:until]))

    @cached_property
    def _patterns(self) -> list[tuple[Form, re.Pattern[bytes]]]:
        return [(form, re.compile(_make_pattern(_take_searched(form)))) for form in self._forms]

    @cached_property
    def _lengths(self) -> tuple[int, int]:
        """The bytes of the longest form, and of the longest that is searched for."""
        return max(map(_measure, self._forms)), max(_measure(_take_searched(form)) for form in self._forms)

    @cached_property
    def _by_first(self) -> dict[int, list[Form]]:
        found: dict[int, list[Form]] = {}
        for form in self._forms:
            for first in {way[0] for way in form[0]}:
                found.setdefault(first, []).append(form)
        return found

    @cached_property
    def _first(self) -> re.Pattern[bytes]:
        return re.compile(b"[" + b"".join(b"\\x%02x" % byte for byte in self._by_first) + b"]")

    def _find_beginning(self, data: bytes) -> int:
        """Where the first secret begins that ``data`` may end within; its length for none."""
        # Further from the end than this, the parts that are searched for are there as a whole.
        far, near = (max(0, len(data) - length) for length in self._lengths)
        begins = [begin for form, pattern in self._patterns for begin in _find_open(form, pattern, data, (far, near))]
        if begins:
            return min(begins)
        for found in self._first.finditer(data, near):
            begin = found.start()
            if any(_follow(form, data, begin)[1] for form in self._by_first[data[begin]]):
                return begin
        return len(data)


@lru_cache(8)
def get_scrubber(secrets: tuple[str, ...]) -> Scrubber:
    """The one for these secrets: what it searches for takes milliseconds to compile."""
    return Scrubber(secrets)


class Stream:
    """One stream through a :class:`Scrubber`: what may be the beginning of a secret is held until that is known."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What can be said now; no data says that nothing more will come."""
        if not data:
            data, self._held = self._held, b""
            return self._scrubber.scrub(data)
        said, self._held = self._scrubber.take(self._held + data)
        return said


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


def _take_searched(form: Form) -> Form:
    r"""The beginning that a regular expression looks for: up to the second part of which one way begins another.

    Many of them (``\\`` is one backslash or two) could be read in more ways than there is time to try.
    """
    doubtful = 0
    for count, part in enumerate(form[:_SEARCHED], 1):
        doubtful += any(other != way and other.startswith(way) for way in part if way for other in part)
        if doubtful == 2:
            return form[:count]
    return form[:_SEARCHED]


def _make_pattern(form: Form) -> bytes:
    pieces = []
    for part in form:
        ways = [re.escape(way) for way in part]
        pieces.append(ways[0] if len(ways) == 1 else b"(?:" + b"|".join(ways) + b")")
    return b"".join(pieces)


def _find_all(form: Form, pattern: re.Pattern[bytes], data: bytes) -> Iterator[tuple[int, int]]:
    """Where a form is, from the left, nothing twice."""
    at = 0
    while found := pattern.search(data, at):
        end, _ = _follow(form, data, found.start())
        if end is not None:
            yield found.start(), end
        at = found.start() + 1 if end is None else end


def _find_open(form: Form, pattern: re.Pattern[bytes], data: bytes, within: tuple[int, int]) -> Iterator[int]:
    """The first place within these two where a form begins that ``data`` ends within."""
    at, until = within
    while (found := pattern.search(data, at)) and found.start() < until:
        if _follow(form, data, found.start())[1]:
            yield found.start()
            return
        at = found.start() + 1


def _measure(form: Form) -> int:
    """The bytes of the longest way to write it."""
    return sum(max(map(len, part)) for part in form)


def _follow(form: Form, data: bytes, begin: int) -> tuple[int | None, bool]:
    """Where the form that begins there ends at the latest, None if it does not; and whether ``data`` ends within it."""
    end: int | None = None
    goes_on = False
    places = [(begin, 0)]
    seen = set(places)
    while places:
        at, done = places.pop()
        if done == len(form):
            end = at if end is None else max(end, at)
            continue
        goes_on = goes_on or at == len(data)
        for way in form[done]:
            if data.startswith(way, at):
                step = (at + len(way), done + 1)
                if step not in seen:
                    seen.add(step)
                    places.append(step)
            elif at + len(way) > len(data) and way.startswith(data[at:]):
                goes_on = True
    return end, goes_on


def _choose_mark(forms: Iterable[Form]) -> bytes:
    """A mark that cannot become a part of a secret together with what stands around it."""
    used = {byte for form in forms for part in form for way in part for byte in way}
    marks = (mark.encode() for mark in _MARKS)
    return next(mark for mark in marks if not mark or not used & {mark[0], mark[-1]})
