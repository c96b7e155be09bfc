r"""The format of a run's log: every byte that the command printed, each line with its moment and stream. Pure.

It is the one that container runtimes write for Kubernetes (CRI), which log shippers read:

    2026-11-23T06:02:34.123456Z stdout F a whole line
    2026-11-23T06:02:34.223456Z stderr P the beginning of a line, or one that never ended
    2026-11-23T06:02:34.323456Z stderr F  and its end

``F`` stands for a line that ended in ``\n``, ``P`` for bytes that did not; what is behind the third blank, plus ``\n``
after an ``F``, is exactly what was printed, whatever bytes they are.
"""

from collections.abc import Callable, Iterator

from reenact.hints import Literal, Protocol
from reenact.values import NamedTuple

Stream = Literal["stdout", "stderr"]

_STREAMS: dict[bytes, Stream] = {b"stdout": "stdout", b"stderr": "stderr"}


class Entry(NamedTuple):
    """What was printed at one moment. ``data`` is without the newline that ``full`` stands for."""

    time: str
    stream: Stream
    full: bool
    data: bytes

    @property
    def printed(self) -> bytes:
        """The bytes exactly as the command wrote them."""
        return self.data + b"\n" if self.full else self.data


class Lines(Protocol):
    """A binary file, as far as reading it needs."""

    def readline(self, size: int = -1, /) -> bytes:
        """Up to a newline, the end of the file, or ``size`` bytes."""


def render_entries(time: bytes, stream: bytes, printed: bytes) -> bytes:
    """What ``stream`` printed at one moment, as lines of the log.

    One replacement for all of it, since it may be a hundred thousand lines.
    """
    head = time + b" " + stream
    whole = head + b" F "
    if printed.endswith(b"\n"):
        return whole + printed[:-1].replace(b"\n", b"\n" + whole) + b"\n"
    cut = printed.rfind(b"\n") + 1
    last = head + b" P " + printed[cut:] + b"\n"
    return render_entries(time, stream, printed[:cut]) + last if cut else last


def render_entry(entry: Entry) -> bytes:
    """The entry's line in the log. ``entry.data`` holds no newline."""
    return render_entries(entry.time.encode(), entry.stream.encode(), entry.printed)


def parse_entry(line: bytes) -> Entry | None:
    """The entry that a line holds, or None where it is none of ours.

    A line without its newline was cut short by a death or is still being written: its bytes count as a part.
    """
    whole = line.endswith(b"\n")
    fields = (line[:-1] if whole else line).split(b" ", 3)
    if len(fields) != 4 or fields[1] not in _STREAMS or fields[2] not in (b"F", b"P"):
        return None
    time, stream, tag, data = fields
    if not time.isascii():
        return None
    return Entry(time.decode("ascii"), _STREAMS[stream], whole and tag == b"F", data)


def read_entries(file: Lines, ended: Callable[[], bool] = lambda: True, block: int = 1 << 18) -> Iterator[Entry | None]:
    """Every entry from where ``file`` stands, in memory that does not grow with the log or with the length of a line.

    At the end of the file comes None for as long as ``ended()`` is false: the caller waits and asks on. What was
    appended before ``ended()`` turned true is not missed. A line that is no entry is left out; one longer than
    ``block`` bytes comes as several parts.
    """
    over = ended()
    line = b""
    before: Entry | None = None
    inside = ends_full = False
    while True:
        line += file.readline(block - len(line))
        at_end = not line.endswith(b"\n") and len(line) < block
        if at_end and not over:
            over = ended()
            if not over:
                yield None
            continue
        if line:
            if not inside:
                before, ends_full = parse_entry(line), line.split(b" ", 3)[2:3] == [b"F"]
            elif before is not None:
                whole = line.endswith(b"\n")
                before = before._replace(data=line.removesuffix(b"\n"), full=whole and ends_full)
            if before is not None and (before.data or before.full):
                yield before
        if at_end:
            return
        inside = not line.endswith(b"\n")
        line = b""
