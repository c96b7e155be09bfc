"""What was seen of a command while it ran: from the lines that its processes wrote, in the order of their moments."""

import os
from collections.abc import Iterator
from pathlib import Path

from reenact.values import NamedTuple


class Event(NamedTuple):
    """Something that a process did. ``moment`` is in nanoseconds; what ``fields`` are depends on ``kind``:

    ``r``, ``w``, ``b``: a path, opened to read, to write, for both; ``m``: the old path and the new one; ``c``: the
    address, port and name of a host; ``p``: a program; ``P``: an interpreter and the places of its packages.
    """

    moment: int
    kind: str
    fields: tuple[str, ...]


def read_hook_events(folder: Path) -> list[Event]:
    """What the hooks of all processes wrote into this folder. A line that was cut short is left out."""
    events: list[Event] = []
    for entry in os.scandir(folder):
        if entry.is_file(follow_symlinks=False):
            events += _read_lines(Path(entry.path))
    return sorted(events)


def _read_lines(path: Path) -> Iterator[Event]:
    for line in path.read_bytes().split(b"\n")[:-1]:
        kind, *rest = line.split(b"\t")
        if len(rest) > 1 and rest[0].isdigit():
            yield Event(
                int(rest[0]), kind.decode("ascii", "replace"), tuple(os.fsdecode(unescape(f)) for f in rest[1:])
            )


def unescape(field: bytes) -> bytes:
    """The bytes that a field stands for."""
    if b"\\" not in field:
        return field
    plain = (part.replace(b"\\t", b"\t").replace(b"\\n", b"\n") for part in field.split(b"\\\\"))
    return b"\\".join(plain)
