"""Writes the log of a run as its command prints: every byte, with the moment and the stream.

The format is :mod:`reenact.records.log`'s. Times are when the bytes reached us; bytes that arrive together share their
moment. An entry is never longer than one read (:data:`CHUNK` and its head).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from reenact.records.log import render_entries
from reenact.world import render_timestamp

CHUNK = 1 << 18
"""The largest number of bytes of one stream that are handled at once."""


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
