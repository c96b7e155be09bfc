r"""The log of a run: every byte that the command printed, each line with its moment and stream.

The format is the one that container runtimes write for Kubernetes (CRI), which log shippers read:

    2026-11-23T06:02:34.123456Z stdout F a whole line
    2026-11-23T06:02:34.223456Z stderr P the beginning of a line, or one that never ended
    2026-11-23T06:02:34.323456Z stderr F  and its end

``F`` stands for a line that ended in ``\n``, ``P`` for bytes that did not; what is behind the third blank, plus ``\n``
after an ``F``, is exactly what was printed, whatever bytes they are. Times are when the bytes reached us. Bytes that
arrive together share their moment. An entry is never longer than one read (:data:`CHUNK` and its head).
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from reenact.world import render_timestamp

CHUNK = 1 << 18
"""The largest number of bytes of one stream that are handled at once."""


class Entry(NamedTuple):
    """One line of a log: when, which stream, the bytes themselves (with their ``\\n``, if they had one)."""

    moment: str
    stream: str
    data: bytes


class LogWriter:
    """Writes a log. What cannot be written is said once to ``failed``; the log then ends with a whole entry."""

    def __init__(self, path: Path, *, now: Callable[[], float], failed: Callable[[str], None]) -> None:
        self._path = path
        self._now = now
        self._failed = failed
        self._descriptor: int | None = None
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            self._whole = os.fstat(self._descriptor).st_size
        except OSError as problem:
            self._give_up(problem)

    def write(self, stream: bytes, data: bytes) -> None:
        """Add what ``stream`` printed."""
        if self._descriptor is None or not data:
            return
        entries = render_entries(render_timestamp(self._now()).encode(), stream, data)
        try:
            rest = memoryview(entries)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            self._whole += len(entries)
        except OSError as problem:
            self._give_up(problem)

    def close(self) -> None:
        """Let go of the file; again is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _give_up(self, problem: OSError) -> None:
        if self._descriptor is not None:
            with suppress(OSError):  # No regular file.
                os.ftruncate(self._descriptor, self._whole)
        self.close()
        self._failed(f"the log {self._path} is incomplete from here on: {problem.strerror or problem}")


def render_entries(moment: bytes, stream: bytes, data: bytes) -> bytes:
    """``data`` as entries. Pure; one replacement for all of it, since it may be a hundred thousand lines."""
    head = moment + b" " + stream
    whole = head + b" F "
    if data.endswith(b"\n"):
        return whole + data[:-1].replace(b"\n", b"\n" + whole) + b"\n"
    cut = data.rfind(b"\n") + 1
    last = head + b" P " + data[cut:] + b"\n"
    return render_entries(moment, stream, data[:cut]) + last if cut else last


def parse_entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    """The entries of a log that was opened in binary."""
    for line in lines:
        parts = line.split(b" ", 3)
        if len(parts) != 4:
            continue
        moment, stream, tag, data = parts
        if data.endswith(b"\n") and tag == b"P":
            data = data[:-1]
        yield Entry(moment.decode("ascii", "replace"), stream.decode("ascii", "replace"), data)


class Follower:
    """Reads a log that is still being written: each :meth:`read` gives the whole entries that have come since."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.place = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def read(self) -> Iterator[Entry]:
        """What is there now; nothing where there is no log yet."""
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except FileNotFoundError:
                return
        while (line := self._file.readline()).endswith(b"\n"):
            self.place += len(line)
            yield from parse_entries([line])
        # A line that is not whole yet: read again from its beginning.
        self._file.seek(self.place)


def read_log(path: Path) -> Iterator[Entry]:
    """The entries of the log at ``path`` as it is now; nothing where there is none."""
    with Follower(path) as follower:
        yield from follower.read()
