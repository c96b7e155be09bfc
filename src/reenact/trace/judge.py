"""From what was seen to what is news: files beyond what is declared, hosts, programs that could not be looked into."""

import os
import re
from collections.abc import Callable, Iterable

from reenact.trace.events import Event
from reenact.trace.noise import Surroundings, find_source, list_above
from reenact.trace.record import Contact, Trace

MOST = 10_000
"""Files of a kind that are recorded one by one."""

_PYTHON = re.compile(r"(.*/)?(python[\d.]*t?|pypy[\d.]*)$")


def judge(by: str, events: Iterable[Event], around: Surroundings, place: Callable[[str], str]) -> Trace:
    """What the record says. ``place`` gives the path on this machine for one that the command has seen.

    A file that the command wrote before it read it is of its own making, and so is what lies in a folder that it made;
    what it wrote and took away is no result.
    """
    read: dict[str, None] = {}
    written: dict[str, None] = {}
    contacts: dict[tuple[str, int], dict[str, None]] = {}
    programs: dict[str, None] = {}
    processes = 0
    for event in events:
        paths = [place(_normalise(path)) for path in event.fields] if event.kind in ("r", "w", "b", "m") else []
        if event.kind in ("r", "b") and written.keys().isdisjoint(list_above(paths[0])):
            read.setdefault(paths[0])
        if event.kind in ("w", "b", "m"):
            written.setdefault(paths[-1])
        if event.kind == "c":
            host, port, name = event.fields
            contacts.setdefault((host, int(port or 0)), {}).setdefault(name)
        if event.kind == "p" and not _PYTHON.match(event.fields[0]):
            programs.setdefault(os.path.basename(event.fields[0]))
        processes += event.kind == "P"
    seen = list(
        dict.fromkeys(
            find_source(path) for path in read if not around.explains_reading(path) and not os.path.isdir(path)
        )
    )
    made = [path for path in written if not around.explains_writing(path) and os.path.isfile(path)]
    return Trace(
        by=by,
        processes=processes,
        read=tuple(seen[:MOST]),
        written=tuple(made)[:MOST],
        contacts=tuple(
            Contact(host.replace("\0", "@"), port, tuple(name for name in names if name))
            for (host, port), names in contacts.items()
        ),
        programs=tuple(programs) if by == "python" else (),
        more=max(0, len(seen) - MOST) + max(0, len(made) - MOST),
    )


def _normalise(path: str) -> str:
    return os.path.normpath(path) if "/." in path or "//" in path else path
