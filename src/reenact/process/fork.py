"""A part of us as a process of its own: what :class:`subprocess.Popen` is for a program.

A fork has all that we have loaded, and starts in two milliseconds where an interpreter takes twenty. It is sound only
while we have a single thread: another one may hold a lock that nobody in the fork would give back.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from reenact.hints import Protocol
from reenact.process import plain_signal as signal
from reenact.process.streams import is_open

FAILED = 125
"""The exit code of a part of us that did not come to its end."""

_OURS = 3
_MOST = 1 << 20


class Work(Protocol):
    """What is begun by us and done by a fork of us."""

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What is open, and needed to go on there."""

    def __call__(self) -> int:
        """Do the rest; the exit code."""

    def close(self) -> None:
        """Let go of it on our side."""


def can_fork() -> bool:
    """Whether a fork of us is sound: this is Linux, we have one thread, and no file of ours is where streams are."""
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1 and all(map(is_open, range(_OURS)))


def fork(
    work: Callable[[], int],
    folder: Path,
    ends: tuple[int, int, int],
    terminal: str | None,
    kept: tuple[int, ...] = (),
) -> int:
    """Call ``work`` in a fork of us, which ends with the code that it returns; the fork's number.

    It is in a session and folder of its own, has ``ends`` as its input, output and errors and nothing else of ours
    that is open but what is ``kept``, and takes ``terminal`` as the one that controls it. Signals do there what they do
    by default.
    """
    every = signal.valid_signals()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, every)
    try:
        pid = os.fork()
        if pid == 0:
            _become(work, folder, ends, terminal, kept)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _become(
    work: Callable[[], int], folder: Path, ends: tuple[int, int, int], terminal: str | None, kept: tuple[int, ...]
) -> None:
    """What the fork does; it does not return."""
    code = FAILED
    try:
        os.setsid()
        _forget_signals()
        if terminal is not None:
            # The first that the leader of a session opens is the one that controls it.
            os.close(os.open(terminal, os.O_RDWR))
        for at, end in enumerate([os.dup(end) for end in ends]):
            os.dup2(end, at)
        low = _OURS
        for descriptor in (*sorted(kept), _MOST):
            os.closerange(low, descriptor)
            low = descriptor + 1
        os.chdir(folder)
        code = work()
    except Exception as problem:  # noqa: BLE001 - whatever it is, nobody else is here to tell it
        os.write(2, f"{type(problem).__name__}: {problem}\n".encode())
    finally:
        os._exit(code)


def _forget_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        # What is a function is one of ours; what whoever started us had ignored stays so.
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
