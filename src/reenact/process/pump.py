"""One stream of a command on its way to ours and to the log: at once, unchanged, a chunk of it held at most."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable, Iterable

from reenact.process.log_writer import CHUNK

_UNBLOCKED = select.PIPE_BUF
_FAILED = select.POLLERR | select.POLLHUP | select.POLLNVAL


class Pump:
    """Reads ``source``, gives each chunk to ``keep`` and writes what that returns to ``target`` as fast as it takes it.

    Nothing is read while something is still to be written, so a slow reader slows the command down as it would
    without us. When the reader of a pipe has gone (``unread``), ``source`` is closed: the command meets the broken pipe
    itself.
    """

    def __init__(
        self, source: int, target: int | None, keep: Callable[[bytes], bytes], note: Callable[[str], None]
    ) -> None:
        self.source: int | None = source
        self.target = target
        self.unread = False
        self._keep = keep
        self._note = note
        self._pending = memoryview(b"")
        self._piece = _find_piece(target)

    @property
    def waits_to_write(self) -> bool:
        """Something is still to be written."""
        return bool(self._pending)

    @property
    def wait(self) -> tuple[int, int] | None:
        """The descriptor and event that let it move on; None when it is done."""
        if self._pending and self.target is not None:
            return self.target, select.POLLOUT
        return None if self.source is None else (self.source, select.POLLIN)

    def move(self) -> None:
        """Do what :attr:`wait` waited for."""
        if self._pending:
            self.push()
        else:
            self.pull()

    def finish(self) -> None:
        """Nothing more will come; says so to ``keep`` with an empty chunk."""
        self._pending = memoryview(self._keep(b""))
        self.push()

    def pull(self) -> None:
        """Take what there is, at most a chunk."""
        if self.source is None:
            return
        try:
            data = os.read(self.source, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # A pseudo-terminal whose other end is closed says EIO.
        if not data:
            self.source = None
            return
        shown = self._keep(data)
        if self.target is not None:
            self._pending = memoryview(shown)
            self.push()

    def push(self) -> None:
        """Write what ``target`` takes without making us wait."""
        try:
            while self._pending and self.target is not None:
                # A pipe that is ready takes this much without blocking (pipe(7)); with more, signals would wait.
                if self._piece is not None and not wait_for([(self.target, select.POLLOUT)], 0):
                    return
                self._pending = self._pending[os.write(self.target, self._pending[: self._piece]) :]
        except BrokenPipeError:
            self.drop()
            self.source = None
            self.unread = True
        except OSError as problem:
            self.drop()
            self._note(f"the output is not shown from here on, only logged: {problem.strerror or problem}")

    def drop(self) -> None:
        """Stop writing; what is still read goes to the log alone."""
        self.target = None
        self._pending = memoryview(b"")


def wait_for(waits: Iterable[tuple[int, int]], seconds: float | None) -> set[tuple[int, int]]:
    """Those of the (descriptor, event) pairs that have come true, or failed, within ``seconds`` (None: no limit)."""
    waits = list(waits)
    masks: dict[int, int] = {}
    for descriptor, event in waits:
        masks[descriptor] = masks.get(descriptor, 0) | event
    poller = select.poll()
    for descriptor, mask in masks.items():
        poller.register(descriptor, mask)
    # Rounded up: a wait that is over too early would be followed by a number of empty ones.
    found = dict(poller.poll(None if seconds is None else int(-(-seconds * 1000 // 1))))
    return {(fd, event) for fd, event in waits if found.get(fd, 0) & (event | _FAILED)}


def _find_piece(target: int | None) -> int | None:
    """How much may be written at once: None for any amount, where writing never waits for a reader."""
    if target is None:
        return None
    mode = os.fstat(target).st_mode
    if stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not os.isatty(target)):
        return None
    return _UNBLOCKED
