"""A watchdog that ends a command when the process that started it dies, even by SIGKILL.

It is a shell that waits in ``read`` on a pipe whose other end only we hold: about a millisecond to start, nothing
while it waits. The end of that pipe without a release means that we are gone; only then does it become a Python that
looks for everything that belongs to the command and ends it (:mod:`reenact.process.reap`).

The end of the pipe that we hold is closed on exec, so a command that is being started holds it until it runs: there is
no moment at which a command exists that the guard cannot find.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reenact.process.members import GUARD_VARIABLE
from reenact.values import NamedTuple

PATIENCE = 2.0
"""Seconds between SIGTERM and SIGKILL when nobody is left who could ask for more."""

# $1 is the mark, $2 and $3 the way to the reaper, the rest ends what is elsewhere. The group is ended from here first:
# Python may be gone by now.
_SCRIPT = f"""\
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

    def __init__(self, shell: subprocess.Popen[bytes], line: int) -> None:
        self._shell = shell
        self._line = line

    def watch(self, group: int) -> None:
        """Name the process group to end first."""
        try:
            os.write(self._line, b"%d\n" % group)
        except BrokenPipeError:
            return  # Somebody ended the guard; we are still here and end the group ourselves.

    @property
    def pid(self) -> int:
        """The watchdog's own process."""
        return self._shell.pid

    def release(self) -> None:
        """Send it away; again is harmless."""
        if self._line < 0:
            return
        # Before the pipe is closed: otherwise it would act.
        self._shell.kill()
        self._shell.wait()
        os.close(self._line)
        self._line = -1


@contextmanager
def guarding(mark: str, ending: Ending | None = None) -> Iterator[Guard]:
    """Watch over whatever is started within, until the end of the block.

    ``mark`` is one ``NAME=value`` of the environment of what is started; ``ending`` ends the rest of it. The guard is
    in a session of its own, holds neither terminal nor any file of ours, and is gone when the block is left.
    """
    ear, line = os.pipe()
    try:
        shell = subprocess.Popen(
            [
                *("/bin/sh", "-c", _SCRIPT, "reenact-guard", mark, sys.executable or "", str(PATIENCE)),
                *(ending.argv if ending else ()),
            ],
            stdin=ear,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={
                "PATH": os.defpath,
                **(ending.environ if ending else {}),
                GUARD_VARIABLE: "1",
                "PYTHONPATH": str(Path(__file__).parents[2]),
            },
            start_new_session=True,
        )
    except BaseException:
        os.close(line)
        raise
    finally:
        os.close(ear)
    guard = Guard(shell, line)
    try:
        yield guard
    finally:
        guard.release()
