"""Start a command in a session of its own, be told of its end, and take its last words."""

import fcntl
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from reenact.hints import TYPE_CHECKING
from reenact.process.guard import Ending
from reenact.process.handed import handing
from reenact.values import NamedTuple

if TYPE_CHECKING:
    import resource
    import subprocess
    import threading

    from reenact.process.fork import Work
    from reenact.process.terminal import Terminal

_PIPE_SIZE = 1 << 20


class Spawn(NamedTuple):
    """A command as it is to be supervised.

    ``environ`` is all of its environment and must hold ``mark`` (one ``NAME=value``), by which its processes are
    known. ``streams`` are our descriptors of input, output and errors. ``timeout`` and ``grace`` (between a request to
    end and SIGKILL) are in seconds. ``ending`` ends what the command leaves elsewhere when it is ended itself.
    ``handed`` is the text that :data:`~reenact.process.handed.HANDED` in ``argv`` stands for. ``inline``, given that
    text, begins to do the same as ``argv``, and gives what does the rest in a fork of us. ``secrets`` are not to be in
    the log, in no form.
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
    inline: "Callable[[bytes], Work] | None" = None
    secrets: tuple[str, ...] = ()


class NotStarted(Exception):
    """The command could not be started; ``code`` is what a shell would report: 127 for not found, 126 for the rest."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Child:
    """A started command. ``end`` is readable once it has ended; its number is not given away before :meth:`reap`.

    One without a ``process`` is a part of us, which starts no others itself (``childless``).
    """

    def __init__(self, pid: int, process: "subprocess.Popen[bytes] | None" = None) -> None:
        self._process = process
        self.childless = process is None
        self._last: tuple[int, resource.struct_rusage] | None = None
        self._waiter: threading.Thread | None = None
        self.pid = pid
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

    def reap(self) -> "tuple[int, resource.struct_rusage]":
        """Wait for the end; the code (negative after a signal) and what the kernel counted. Again gives the same."""
        if self._waiter is not None:
            self._waiter.join()
        if self.end >= 0:
            os.close(self.end)
            self.end = -1
        return self._last or self._wait()

    def _wait(self) -> "tuple[int, resource.struct_rusage]":
        _, status, spent = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if self._process is not None:
            # Otherwise Popen would warn of a child that nobody waited for.
            self._process.returncode = code
        self._last = code, spent
        return self._last

    def _watch(self) -> int:
        if sys.platform == "linux":
            with suppress(OSError):  # Linux before 5.3, or a sandbox that does not let it through.
                return os.pidfd_open(self.pid)
        import threading

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


def start(spawn: Spawn, terminal: "Terminal | None") -> Started:
    """Start the command, each of its streams a pipe, our own input, or the terminal.

    Raises:
        NotStarted: there is no such program, or it cannot be loaded.
    """
    ours = terminal.streams if terminal else (False, False, False)
    together = not any(ours) and _same_file(spawn.streams[1], spawn.streams[2])
    slave = terminal.slave if terminal else -1
    with ExitStack() as theirs:
        sources: list[tuple[int, int | None, str | None]] = []
        ends = [slave if ours[0] else spawn.streams[0]]
        for stream, name in ((1, "stdout"), (2, "stderr")):
            if ours[stream]:
                ends.append(slave)
            elif stream == 2 and together:
                ends.append(ends[1])
            else:
                ear, mouth = os.pipe()
                _enlarge(ear)
                theirs.callback(os.close, mouth)
                ends.append(mouth)
                sources.append((ear, spawn.streams[stream], name))
        try:
            child = _begin(spawn, terminal, (ends[0], ends[1], ends[2]))
        except BaseException:
            for ear, _, _ in sources:
                os.close(ear)
            raise
    if terminal is not None:
        shown = "stdout" if ours[1] else "stderr" if ours[2] else None
        sources.append((terminal.master, terminal.screen, shown))
    return Started(child, tuple(sources))


def _begin(spawn: Spawn, terminal: "Terminal | None", ends: tuple[int, int, int]) -> Child:
    if spawn.inline is not None:
        from reenact.process.fork import can_fork, fork

        if can_fork():
            try:
                with closing(spawn.inline(spawn.handed)) as work:
                    named = None if terminal is None else terminal.name
                    return Child(fork(work, spawn.cwd, ends, named, work.descriptors))
            except BaseException:
                if spawn.ending is not None:
                    from reenact.process.ending import end_elsewhere

                    end_elsewhere(spawn.ending.argv, spawn.ending.environ)
                raise
    import subprocess  # five milliseconds, which what is inline does without

    try:
        with handing(spawn.argv, spawn.handed) as (argv, descriptors):
            process = subprocess.Popen(
                argv if terminal is None else terminal.make_argv(argv),
                cwd=spawn.cwd,
                env=spawn.environ,
                stdin=ends[0],
                stdout=ends[1],
                stderr=ends[2],
                pass_fds=descriptors,
                bufsize=0,
                start_new_session=True,
            )
    except OSError as problem:
        if str(problem.filename) == str(spawn.cwd):
            raise NotStarted(f"the folder {spawn.cwd} cannot be entered: {problem.strerror}", 126) from problem
        if isinstance(problem, FileNotFoundError):
            raise NotStarted(f"{spawn.argv[0]}: command not found", 127) from problem
        raise NotStarted(f"{spawn.argv[0]}: {problem.strerror or problem}", 126) from problem
    return Child(process.pid, process)


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
