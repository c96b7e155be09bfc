"""The moves of a run from state to state: a line for each, that is only ever added."""

from __future__ import annotations

import os

from reenact.codec import decode, to_plain
from reenact.errors import RecordError, StorageError
from reenact.json_text import render_json
from reenact.records.types import Event
from reenact.run_folder import RunFolder


def read_events(folder: RunFolder) -> tuple[Event, ...]:
    """The moves so far. A line that a full disk cut short is left out."""
    try:
        lines = folder.events.read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    except OSError as problem:
        raise RecordError(f"cannot read {folder.events}: {problem.strerror}") from problem
    return tuple(event for line in lines if line and (event := _parse_event(line)) is not None)


def append_event(folder: RunFolder, event: Event) -> None:
    """Add a line to ``events``, in one write.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        descriptor = os.open(folder.events, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            # A line that a full disk cut short must not swallow this one.
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, b"\n" * torn + render_event(event))
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise StorageError(f"cannot write {folder.events}: {problem.strerror or problem}") from problem


def render_event(event: Event) -> bytes:
    """The event's line."""
    plain = {name: value for name, value in to_plain(event).items() if value is not None}
    return render_json(plain).encode() + b"\n"


def _parse_event(line: bytes) -> Event | None:
    try:
        return decode(Event, line)
    except ValueError:
        return None
