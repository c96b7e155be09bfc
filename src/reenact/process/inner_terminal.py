"""The terminal that a command has elsewhere: in a container, whose engine made it.

What is typed goes there as it is, so that it alone knows whether a key is an interrupt or a letter.
"""

from __future__ import annotations

import os
import termios
from collections.abc import Iterable
from contextlib import suppress

from reenact.hints import Any
from reenact.process.members import Process

_PSEUDO = range(136, 144)
"""The major numbers of Linux's pseudo-terminals."""


def read_settings(members: Iterable[Process], ours: str) -> list[Any] | None:
    """The settings of the first terminal that is the input of a process and not the one at ``ours``; None without one.

    Nothing else is opened.
    """
    own = os.stat(ours)
    for member in members:
        path = f"/proc/{member.pid}/fd/0"
        with suppress(OSError, termios.error):  # gone meanwhile, or not for us to see
            found = os.stat(path)
            if os.major(found.st_rdev) in _PSEUDO and not os.path.samestat(found, own):
                return _read(path)
    return None


def _read(path: str) -> list[Any]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return termios.tcgetattr(descriptor)
    finally:
        os.close(descriptor)
