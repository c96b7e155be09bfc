"""What a command used, with all that it started.

wall         from the start of the command to its end, by the monotonic clock
cpu          user and system time of the command and of every descendant that was waited for (wait4(2)), plus that of
             processes that it left behind; or what was seen of all of them together, where that is more (descendants of
             a command that was killed are waited for by nobody)
peak memory  the largest sum of the resident sets of all its processes that a look found, and at least the largest
             resident set of any one of them as the kernel counted it. Pages that several processes share count once
             for each. Looks are 50 ms apart at first and a second later on.

The kernel's own figure starts at the size of the process that started the command, since both are one until the program
is loaded; it counts only where it is larger than that.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence

from reenact.process.members import Command, Process, find_members, find_process
from reenact.runs import Usage

_FIRST, _LONGEST = 0.05, 1.0
_SHARE = 0.01
_UNIT = 1 if sys.platform == "darwin" else 1024


class Meter:
    """Looks at a command's processes from time to time."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.known: frozenset[tuple[int, str]] = frozenset()
        self._began = self._due = time.monotonic()
        self._pause = _FIRST
        self._ours = peak_of(resource.getrusage(resource.RUSAGE_SELF))
        self._gone = 0.0
        self._last: dict[tuple[int, str], float] = {}
        self._peak = 0
        if sys.platform == "linux":
            leader = find_process(command.leader)
            self._count([leader] if leader else [])
        self._due += _FIRST

    @property
    def due(self) -> float:
        """When to look again, on the monotonic clock."""
        return self._due

    def look(self) -> list[Process]:
        """Count what there is now; the living members, the leader among them."""
        before = time.monotonic()
        members = find_members(self.command, known=self.known, young=before - self._began < 1)
        self._count(members)
        after = time.monotonic()
        self._pause = min(self._pause * 2, _LONGEST)
        # On a machine with very many processes a look is not cheap: at most this share of one CPU.
        self._due = after + max(self._pause, (after - before) / _SHARE)
        return members

    def total(self, spent: resource.struct_rusage, left: Sequence[Process]) -> Usage:
        """The sum, given what the kernel says of the leader, and the processes that it left behind."""
        waited = spent.ru_utime + spent.ru_stime + sum(process.cpu for process in left)
        seen = self._gone + sum(self._last.values())
        kernel = peak_of(spent)
        peak = max(self._peak, kernel if kernel > self._ours or not self._peak else 0)
        return Usage(wall=time.monotonic() - self._began, cpu=max(waited, seen), peak_memory=peak)

    def _count(self, members: Sequence[Process]) -> None:
        now = {(process.pid, process.born): process.cpu for process in members}
        self._gone += sum(cpu for key, cpu in self._last.items() if key not in now)
        self._last = now
        self.known = frozenset(now)
        self._peak = max(self._peak, sum(process.memory for process in members))


def peak_of(spent: resource.struct_rusage) -> int:
    """``ru_maxrss`` in bytes: the kernel counts in KiB, but in bytes on macOS."""
    return spent.ru_maxrss * _UNIT
