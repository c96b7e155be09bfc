"""A watchdog that ends a command when the process that started it dies, even by SIGKILL.

It is a shell that waits in ``read`` on a pipe whose other end only we hold: about a millisecond to start, nothing
while it waits. The end of that pipe without a release means that we are gone; only then does it become a Python that
looks for everything that belongs to the command and ends it (:mod:`reenact.process.reap`).

The end of the pipe that we hold is closed on exec, so a command that is being started holds it until it runs: there is
no moment at which a command exists that the guard cannot find.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from reenact.process import plain_signal as signal
from reenact.process.members import GUARD_VARIABLE
from reenact.values import NamedTuple

PATIENCE = 2.0
"""Seconds between SIGTERM and SIGKILL when nobody is left who could ask for more."""

_LAST_STREAM = 2
_MANY = 256
"""Descriptors that are looked at where nobody lists those that are open."""

# $1 is the mark, $2 and $3 the way to the reaper, the rest ends what is elsewhere. The group is ended from here first:
# Python may be gone by now.
_SCRIPT = f"""\
cd /
trap '' INT TERM HUP QUIT TSTP TTIN TTOU
group=0
while read -r word; do group=$word; done
[ "$group" = 0 ] || kill -TERM -- "-$group"
mark=$1 python=$2 patience=$3
shift 3
[ ! -x "$python" ] || exec "$python" -S -m reenact.process.reap "$group" "$mark" "$patience" "$@"
[ "$group" = 0 ] || {{ sleep {PATIENCE:.0f}; kill -KILL -- "-$group"; }}
[ "$#" = 0 ] || "$@"
"""


class Ending(NamedTuple):
    """What ends the part of a command that is no process of ours: an argument list, and its environment."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]


class Guard:
    """A watchdog at its post."""

    def __init__(self, pid: int, line: int) -> None:
        self.pid = pid
        """The watchdog's own process."""
        self._line = line

    def watch(self, group: int) -> None:
        """Name the process group to end first."""
        try:
            os.write(self._line, b"%d\n" % group)
        except BrokenPipeError:
            return  # Somebody ended the guard; we are still here and end the group ourselves.

    def release(self) -> None:
        """Send it away; again is harmless."""
        if self._line < 0:
            return
        # Before the pipe is closed: otherwise it would act.
        with suppress(ProcessLookupError, ChildProcessError):  # Where somebody else waits for all of our children.
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._line)
        self._line = -1


@contextmanager
def guarding(mark: str, ending: Ending | None = None) -> Iterator[Guard]:
    """Watch over whatever is started within, until the end of the block.

    ``mark`` is one ``NAME=value`` of the environment of what is started; ``ending`` ends the rest of it. The guard is
    in a session of its own, holds neither terminal nor any file of ours, and is gone when the block is left.
    """
    ear, line = os.pipe()
    words = ("reenact-guard", mark, sys.executable or "", str(PATIENCE), *(ending.argv if ending else ()))
    environ = {
        "PATH": os.defpath,
        **(ending.environ if ending else {}),
        GUARD_VARIABLE: "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    try:
        pid = os.posix_spawn(
            "/bin/sh",
            ("/bin/sh", "-c", _SCRIPT, *words),
            environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, ear, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                *((os.POSIX_SPAWN_CLOSE, descriptor) for descriptor in _list_inherited()),
            ],
            setsid=True,
            # Python ignores them, and what is ignored stays so.
            setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
        )
    except BaseException:
        os.close(line)
        raise
    finally:
        os.close(ear)
    guard = Guard(pid, line)
    try:
        yield guard
    finally:
        guard.release()


def _list_inherited() -> list[int]:
    """What whoever started us left open for us, beyond the three streams, and a program that we start would have."""
    try:
        opened = [int(name) for name in os.listdir("/dev/fd")]
    except FileNotFoundError:
        opened = list(range(_MANY))
    inherited = []
    for descriptor in opened:
        # The one that the list was read from is closed by now.
        with suppress(OSError):
            if descriptor > _LAST_STREAM and os.get_inheritable(descriptor):
                inherited.append(descriptor)
    return inherited
