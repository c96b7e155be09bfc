"""Start a program that outlives us, and learn that it has begun its work."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from reenact.values import NamedTuple


class Greeting(NamedTuple):
    """The first words of a detached program: up to its announcement, or all it said if it ended without one."""

    announced: bool
    text: str


def start_detached(
    argv: Sequence[str], *, environ: Mapping[str, str], cwd: Path, stdin: bytes, keep_open: Sequence[int] = ()
) -> Greeting:
    """Start ``argv`` in a session of its own, give it ``stdin``; wait until it calls :func:`announce` or has ended.

    ``keep_open`` are descriptors, such as a held lock, that it is to have.

    The program must call :func:`leave_parent` before anything else: what was started is then no child of ours.
    """
    child = subprocess.Popen(
        argv,
        cwd=cwd,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=keep_open,
        start_new_session=True,
    )
    said, _ = child.communicate(stdin)
    text = said.decode("utf-8", "replace")
    head, mark, _ = text.partition(_ANNOUNCEMENT)
    return Greeting(bool(mark), head)


_ANNOUNCEMENT = "\0started\0"


def leave_parent() -> None:
    """Go on as a process that init takes care of. The process that was started ends here."""
    if os.fork():
        os._exit(0)


def announce() -> None:
    """Tell whoever started us that the work has begun, and let go of all three standard streams."""
    os.write(1, _ANNOUNCEMENT.encode())
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
