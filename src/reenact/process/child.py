"""Start a command in a session of its own, be told of its end, and take its last words."""

import fcntl
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from reenact.process.guard import Ending
from reenact.process.handed import handing
from reenact.process.terminal import Terminal, make_argv
from reenact.values import NamedTuple

_PIPE_SIZE = 1 << 20


class Spawn(NamedTuple):
    """A command as it is to be supervised.

    ``environ`` is all of its environment and must hold ``mark`` (one ``NAME=value``), by which its processes are
    known. ``streams`` are our descriptors of input, output and errors. ``timeout`` and ``grace`` (between a request to
    end and SIGKILL) are in seconds. ``ending`` ends what the command leaves elsewhere when it is ended itself.
    ``handed`` is the text that :data:`~reenact.process.handed.HANDED` in ``argv`` stands for. ``secrets`` are not to be
    in the log, in no form.
    """

    argv: tuple[str, ...]
    cwd: Path
    environ: Mapping[str, str]
    log: Path
    mark: str
    timeout: float | None = None
    grace: float = 10.0
    streams: tuple[int, int, int] = (0, 1, 2)
    ending: Ending | None = None
    handed: bytes = b""
    secrets: tuple[str, ...] = ()


class NotStarted(Exception):
    """The command could not be started; ``code`` is what a shell would report: 127 for not found, 126 for the rest."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Child:
    """A started command. ``end`` is readable once it has ended; its number is not given away before :meth:`reap`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._last: tuple[int, resource.struct_rusage] | None = None
        self._waiter: threading.Thread | None = None
        self.pid = process.pid
        self.end = self._watch()

    @property
    def ended_by_itself(self) -> bool:
        """Whether it has ended, and by no signal; its number is not given away by asking."""
        if self._last is not None:
            return self._last[0] >= 0
        if self._waiter is not None:
            return False
        seen = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return seen is not None and seen.si_code == os.CLD_EXITED

    def reap(self) -> tuple[int, resource.struct_rusage]:
        """Wait for the end; the code (negative after a signal) and what the kernel counted. Again gives the same."""
        if self._waiter is not None:
            self._waiter.join()
        if self.end >= 0:
            os.close(self.end)
            self.end = -1
        return self._last or self._wait()

    def _wait(self) -> tuple[int, resource.struct_rusage]:
        _, status, spent = os.wait4(self.pid, 0)
        # Otherwise Popen would warn of a child that nobody waited for.
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._last = self._process.returncode, spent
        return self._last

    def _watch(self) -> int:
        if sys.platform == "linux":
            with suppress(OSError):  # Linux before 5.3, or a sandbox that does not let it through.
                return os.pidfd_open(self.pid)
        ear, mouth = os.pipe()

        def wait() -> None:
            self._wait()
            os.close(mouth)

        self._waiter = threading.Thread(target=wait, name="reenact-wait", daemon=True)
        self._waiter.start()
        return ear


class Started(NamedTuple):
    """A child and our ends of its output: (descriptor, our stream's number, its name in the log or None for none)."""

    child: Child
    sources: tuple[tuple[int, int | None, str | None], ...]


def start(spawn: Spawn, terminal: Terminal | None) -> Started:
    """Start the command, each of its streams a pipe, our own input, or the terminal.

    Raises:
        NotStarted: there is no such program, or it cannot be loaded.
    """
    try:
        process = _open(spawn, terminal)
    except OSError as problem:
        if str(problem.filename) == str(spawn.cwd):
            raise NotStarted(f"the folder {spawn.cwd} cannot be entered: {problem.strerror}", 126) from problem
        if isinstance(problem, FileNotFoundError):
            raise NotStarted(f"{spawn.argv[0]}: command not found", 127) from problem
        raise NotStarted(f"{spawn.argv[0]}: {problem.strerror or problem}", 126) from problem
    ours = terminal.streams if terminal else (False, False, False)
    sources: list[tuple[int, int | None, str | None]] = []
    for stream, file, name in ((1, process.stdout, "stdout"), (2, process.stderr, "stderr")):
        if file is not None:
            descriptor = os.dup(file.fileno())
            file.close()
            _enlarge(descriptor)
            sources.append((descriptor, spawn.streams[stream], name))
    if terminal is not None:
        shown = "stdout" if ours[1] else "stderr" if ours[2] else None
        sources.append((terminal.master, terminal.screen, shown))
    return Started(Child(process), tuple(sources))


def _open(spawn: Spawn, terminal: Terminal | None) -> subprocess.Popen[bytes]:
    ours = terminal.streams if terminal else (False, False, False)
    slave = terminal.slave if terminal else -1
    together = not any(ours) and _same_file(spawn.streams[1], spawn.streams[2])
    pipe = subprocess.PIPE
    with handing(spawn.argv, spawn.handed) as (argv, descriptors):
        return subprocess.Popen(
            argv if terminal is None else make_argv(argv, terminal.name),
            cwd=spawn.cwd,
            env=spawn.environ,
            stdin=slave if ours[0] else spawn.streams[0],
            stdout=slave if ours[1] else pipe,
            stderr=slave if ours[2] else subprocess.STDOUT if together else pipe,
            pass_fds=descriptors,
            bufsize=0,
            start_new_session=True,
        )


def _same_file(one: int, other: int) -> bool:
    """Whether both lead to one file or pipe, so that the order of what is written to them can be seen."""
    import stat

    first, second = os.fstat(one), os.fstat(other)
    return os.path.samestat(first, second) and not stat.S_ISCHR(first.st_mode)


def _enlarge(descriptor: int) -> None:
    """A larger pipe means fewer turns of the loop for a command that prints a lot."""
    if sys.platform == "linux":
        with suppress(OSError):  # More than this user may have.
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
