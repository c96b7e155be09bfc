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
from collections.abc import Iterable, Iterator
from functools import cache, cached_property, lru_cache

from reenact.secret_forms import Form, Part, make_forms

SHORTEST = 4
"""Characters that a secret needs to be found."""

_MARKS = ("***", "•••", "###", "···", "■■■", "~~~", "")
_SEARCHED = 55
"""Bytes of a form that a regular expression looks for, three letters of base64 with all that may stand between them;
the rest is followed by hand, for long ones take long to compile."""


class Scrubber:
    """Takes ``secrets`` out of texts. False where none of them can be found."""

    def __init__(self, secrets: Iterable[str]) -> None:
        bare = {secret.strip() if len(secret.strip()) >= SHORTEST else secret for secret in secrets}
        found = sorted({secret for secret in bare if len(secret) >= SHORTEST}, key=lambda each: (-len(each), each))
        self._secrets = found
        self._readers = [Reader(form) for secret in found for form in make_forms(secret)]
        self._mark = _choose_mark(reader.form for reader in self._readers)

    def __bool__(self) -> bool:
        return bool(self._readers)

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
        spans = sorted(span for reader in self._readers for span in reader.find_all(data))
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
    def _by_first(self) -> dict[int, list[Reader]]:
        found: dict[int, list[Reader]] = {}
        for reader in self._readers:
            for first in {way[0] for way in reader.form[0]}:
                found.setdefault(first, []).append(reader)
        return found

    @cached_property
    def _first(self) -> re.Pattern[bytes]:
        return re.compile(b"[" + b"".join(b"\\x%02x" % byte for byte in self._by_first) + b"]")

    @cached_property
    def _searched(self) -> int:
        return max(reader.searched for reader in self._readers)

    def _find_beginning(self, data: bytes) -> int:
        """Where the first secret begins that ``data`` may end within; its length for none."""
        begins = [begin for reader in self._readers for begin in reader.find_open(data)]
        until = min(begins, default=len(data))
        endings: dict[Reader, Ending] = {}
        for found in self._first.finditer(data, max(0, len(data) - self._searched), until):
            begin = found.start()
            for reader in self._by_first[data[begin]]:
                if begin + reader.searched < len(data):
                    continue
                if endings.setdefault(reader, Ending(reader, data)).is_within(begin):
                    return begin
        return until


class Reader:
    """Reads one form wherever it stands.

    Where a part can be written in several ways of which one begins the other, as a backslash is one or two, a text can
    be read in more ways than there is time for. So they are read together: what is known of a place is the set of the
    parts that are due there, a bit for each.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self.length = _measure(form)
        self._take = _take_searched(form)
        self.searched = _measure(self._take)
        self._end = 1 << len(form)

    def find_all(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Where the form is, from the left, nothing twice."""
        at = spent = 0
        while found := self._pattern.search(data, at):
            begin = found.start()
            end, _, seen = self.follow(data, begin)
            at = begin + 1 if end is None else end
            if end is not None:
                yield begin, end
            elif (spent := spent + seen - begin) > min(2 * self.length, len(data) - at):
                until = min(at + self.length, len(data))
                for begin in self._find_begins(data, at, until):
                    if begin >= at:
                        end, _, _ = self.follow(data, begin)
                        at = end or at
                        yield begin, at
                at, spent = max(at, until), 0

    def find_open(self, data: bytes) -> Iterator[int]:
        """The first place where the form begins and ``data`` ends within it, as far from its end as to be searched."""
        # Further from the end than this, the parts that are searched for are there as a whole.
        at, until = (max(0, len(data) - length) for length in (self.length, self.searched))
        ending = Ending(self, data)
        while (found := self._pattern.search(data, at)) and found.start() < until:
            if ending.is_within(found.start()):
                yield found.start()
                return
            at = found.start() + 1

    def follow(self, data: bytes, begin: int) -> tuple[int | None, bool, int]:
        """Where the form that begins there ends at the latest, None if it does not; whether ``data`` ends within it;
        and how far there was something to read."""
        ways, lengths, empty, cut = self._tables
        end: int | None = None
        goes_on = False
        at = begin
        due = {begin: 1}
        while due:
            at = min(due)
            parts = due.pop(at)
            while (more := parts | (parts & empty) << 1) != parts:
                parts = more
            if parts & self._end:
                end = at
            goes_on = goes_on or bool(parts & cut.get(data[at : at + self._longest], 0))
            for length in lengths.get(data[at], ()) if at < len(data) else ():
                read = parts & ways.get(data[at : at + length], 0)
                if read and at + length <= len(data):
                    due[at + length] = due.get(at + length, 0) | read << 1
        return end, goes_on, at

    def find_within(self, data: bytes, begin: int) -> list[int]:
        """The places from ``begin`` on where the form begins and ``data`` ends within it."""
        return self._look_back(data, begin, len(data), within=True)

    def _find_begins(self, data: bytes, begin: int, until: int) -> list[int]:
        """The places between these two where the form begins, and ends."""
        stop = min(until + self.length, len(data))
        return [place for place in self._look_back(data, begin, stop, within=False) if place < until]

    def _look_back(self, data: bytes, begin: int, stop: int, *, within: bool) -> list[int]:
        """The places from ``begin`` to ``stop`` from which the form can be read before ``stop``; or, ``within``, until
        the end of ``data``, which is there."""
        ways, lengths, empty, cut = self._tables
        found: list[int] = []
        ahead: dict[int, int] = {}
        for at in range(stop, begin - 1, -1):
            parts = cut.get(data[at : at + self._longest], 0) if within else self._end
            for length in lengths.get(data[at], ()) if at < stop else ():
                parts |= ways.get(data[at : at + length], 0) & ahead.get(at + length, 0) >> 1
            while (more := parts | parts >> 1 & empty) != parts:
                parts = more
            ahead[at] = parts
            ahead.pop(at + self._longest, None)
            if parts & 1:
                found.append(at)
        return found[::-1]

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        return re.compile(_make_pattern(self._take))

    @cached_property
    def _longest(self) -> int:
        """The bytes of the longest way of any part."""
        return max(map(_measure_part, {id(part): part for part in self.form}.values()))

    @cached_property
    def _tables(self) -> tuple[dict[bytes, int], dict[int, tuple[int, ...]], int, dict[bytes, int]]:
        """The parts that are written in a way; the lengths of ways by their first byte; the parts that may be missing;
        and those that go on with a way of which this is the beginning."""
        parts = {id(part): part for part in self.form}
        where = dict.fromkeys(parts, 0)
        for at, part in enumerate(self.form):
            where[id(part)] |= 1 << at
        ways: dict[bytes, int] = {}
        cut: dict[bytes, int] = {}
        for which, places in where.items():
            for way in parts[which]:
                ways[way] = ways.get(way, 0) | places
                for length in range(len(way)):
                    cut[way[:length]] = cut.get(way[:length], 0) | places
        empty = ways.pop(b"", 0)
        lengths: dict[int, set[int]] = {}
        for way in ways:
            lengths.setdefault(way[0], set()).add(len(way))
        return ways, {first: tuple(each) for first, each in lengths.items()}, empty, cut


class Ending:
    """The end of a text, and the places where one form begins that it is within."""

    def __init__(self, reader: Reader, data: bytes) -> None:
        self._reader = reader
        self._data = data
        self._spent = 0
        self._places: frozenset[int] | None = None

    def is_within(self, begin: int) -> bool:
        """Whether the text ends within the form that begins there. Places are asked for from the left."""
        if self._places is not None:
            return begin in self._places
        _, goes_on, seen = self._reader.follow(self._data, begin)
        self._spent += seen - begin
        if not goes_on and self._spent > len(self._data) - begin:
            self._places = frozenset(self._reader.find_within(self._data, begin + 1))
        return goes_on


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


def _take_searched(form: Form) -> Form:
    r"""The beginning that a regular expression looks for: up to the second part that can be taken for more than itself.

    Many of them (``\\`` is one backslash or two) could be read in more ways than there is time to try.
    """
    doubtful = length = 0
    for count, (part, following) in enumerate(zip(form, (*form[1:], ()), strict=True), 1):
        doubtful += any(way[:1] in _list_continuations(part) for way in following)
        length += _measure_part(part)
        if doubtful == 2 or length >= _SEARCHED:
            return form[:count]
    return form


@cache
def _list_continuations(part: Part) -> frozenset[bytes]:
    """What comes next in one way where another has ended."""
    return frozenset(way[length : length + 1] for way in part for length in range(1, len(way)) if way[:length] in part)


def _make_pattern(form: Form) -> bytes:
    pieces = []
    for part in form:
        ways = _list_patterns(part)
        pieces.append(ways[0] if len(ways) == 1 else b"(?:" + b"|".join(ways) + b")")
    return b"".join(pieces)


@cache
def _list_patterns(part: Part) -> tuple[bytes, ...]:
    """A pattern for each way; one for those that differ in the blanks at their end."""
    blanks: dict[bytes, list[int]] = {}
    for way in part:
        blanks.setdefault(way.rstrip(b" "), []).append(len(way) - len(way.rstrip(b" ")))
    return tuple(
        re.escape(stem) + (b" {%d,%d}" % (min(counts), max(counts)) if any(counts) else b"")
        for stem, counts in blanks.items()
    )


def _measure(form: Form) -> int:
    """The bytes of the longest way to write it."""
    # Most parts are one of a few, and long to compare.
    lengths = {id(part): _measure_part(part) for part in {id(part): part for part in form}.values()}
    return sum(lengths[id(part)] for part in form)


@cache
def _measure_part(part: Part) -> int:
    return max(map(len, part))


def _choose_mark(forms: Iterable[Form]) -> bytes:
    """A mark that cannot become a part of a secret together with what stands around it."""
    parts = {id(part): part for form in forms for part in form}.values()
    used = {byte for part in parts for way in part for byte in way}
    marks = (mark.encode() for mark in _MARKS)
    return next(mark for mark in marks if not mark or not used & {mark[0], mark[-1]})
