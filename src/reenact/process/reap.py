"""What the guard becomes when its owner is gone: ``python -m reenact.process.reap GROUP MARK PATIENCE ENDING...``."""

from __future__ import annotations

import signal
import sys
import time

from reenact.process.members import Command, Process, find_members, send

_STEP = 0.02


def reap(command: Command, patience: float) -> None:
    """End everything that belongs to the command: SIGTERM, ``patience`` seconds, SIGKILL until nothing is found."""
    deadline = time.monotonic() + patience
    told: set[tuple[int, str]] = set()
    while members := find_members(command, known=frozenset(told)):
        if time.monotonic() < deadline:
            fresh = [member for member in members if (member.pid, member.born) not in told]
            _ask_to_end(fresh)
            told.update((member.pid, member.born) for member in fresh)
        else:
            send(members, signal.SIGKILL)
        time.sleep(_STEP)


def _ask_to_end(members: list[Process]) -> None:
    send(members, signal.SIGTERM)
    # A stopped process takes SIGTERM only when it goes on.
    send(members, signal.SIGCONT)


if __name__ == "__main__":
    group, mark, patience, *ending = sys.argv[1:]
    reap(Command(int(group) or -1, mark), float(patience))
    if ending:
        from reenact.process.ending import end_elsewhere

        # The engine has longer here than elsewhere to make what it was asked for: nobody waits for us.
        end_elsewhere(ending, None, pause=2.0)
