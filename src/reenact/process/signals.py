"""Signals to this process: collected while a command is supervised, raised while one is prepared.

Only the main thread can have handlers; elsewhere everything here does nothing. A signal that whoever started us
told us to ignore (``nohup``, a background job of a script) stays ignored.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from reenact.hints import Any
from reenact.process import plain_signal as signal

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""The signals that ask a run to end."""

_COLLECTED = (*ENDING, signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)


class Stopped(BaseException):
    """A signal asked us to end. No ``Exception``, so that nothing on the way takes it for a fault."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Arrivals:
    """Signals that came, and a descriptor that is readable when there are some (None outside the main thread)."""

    def __init__(self, descriptor: int | None) -> None:
        self.descriptor = descriptor

    def take(self) -> list[int]:
        """Those that came since the last time, in order."""
        if self.descriptor is None:
            return []
        with suppress(BlockingIOError):
            return [number for number in os.read(self.descriptor, 4096) if number in _COLLECTED]
        return []


@contextmanager
def collecting() -> Iterator[Arrivals]:
    """Collect signals in place of whatever they do otherwise, until the end of the block."""
    if not in_main_thread():
        yield Arrivals(None)
        return
    ear, mouth = os.pipe()
    os.set_blocking(ear, False)
    os.set_blocking(mouth, False)
    before = signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    try:
        with _handling(_COLLECTED, lambda number, frame: None):
            yield Arrivals(ear)
    finally:
        signal.set_wakeup_fd(before)
        os.close(ear)
        os.close(mouth)


@contextmanager
def raising() -> Iterator[None]:
    """Make the signals that ask for an end raise :class:`Stopped` in the main thread, until the end of the block."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    if not in_main_thread():
        yield
        return
    with _handling(ENDING, stop):
        yield


def in_main_thread() -> bool:
    """Whether handlers can be installed here."""
    # Where nobody has imported it, nobody has started a thread, and to import it takes a millisecond.
    threading = sys.modules.get("threading")
    return threading is None or threading.current_thread() is threading.main_thread()


def stop_self() -> None:
    """Stop the whole job of the shell that we belong to, as Ctrl-Z does; returns when it goes on."""
    handler: Any = None
    if in_main_thread():
        handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    os.kill(0, signal.SIGTSTP)
    if handler is not None:
        signal.signal(signal.SIGTSTP, handler)


@contextmanager
def _handling(numbers: tuple[int, ...], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before: dict[int, Any] = {}
    try:
        for number in numbers:
            previous = signal.getsignal(number)
            # None: a handler that was not set from Python and that we could not put back.
            if previous not in (signal.SIG_IGN, None):
                before[number] = previous
                signal.signal(number, handler)
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
