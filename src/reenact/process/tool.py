"""Run a program of ours (git, uv, …) to its end and keep what it said."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from reenact.process.guard import guarding
from reenact.process.members import Command, attempt, find_members, send
from reenact.process.pump import wait_for
from reenact.values import NamedTuple

_MARK = "REENACT_TOOL"
_CHUNK = 1 << 16
_KEPT = 1 << 16
_GRACE = 2.0
_LINE_END = re.compile(rb"\r\n|\n|\r")


class ToolResult(NamedTuple):
    """How a program ended: ``code`` is negative after a signal; ``data`` is its output as it came."""

    argv: tuple[str, ...]
    code: int
    data: bytes
    errors: str

    @property
    def output(self) -> str:
        """Its output, decoded as UTF-8."""
        return self.data.decode("utf-8", "replace")

    @property
    def ok(self) -> bool:
        """It ended with code 0."""
        return self.code == 0


def run_tool(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    cwd: Path | None = None,
    stdin: bytes = b"",
    on_line: Callable[[str], None] | None = None,
    keep_open: Sequence[int] = (),
) -> ToolResult:
    r"""Start ``argv`` (no shell) in a process group of its own and wait for its end.

    ``on_line`` is told each line of the error stream as it comes (progress goes there; ``\r`` ends a line too), and
    only the last 64 KiB of that stream are kept then. ``keep_open`` are descriptors, such as a held lock, that must
    stay open for as long as the program lives. When this process is interrupted or dies, even by SIGKILL, the program
    and all that it started are ended: SIGTERM, two seconds, SIGKILL.

    Raises:
        FileNotFoundError: there is no such program.
    """
    token = os.urandom(8).hex()
    with guarding(f"{_MARK}={token}") as guard:
        child = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**environ, _MARK: token},
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=keep_open,
            process_group=0,
            bufsize=0,
        )
        guard.watch(child.pid)
        with child:
            talk = _Talk(child, stdin, on_line)
            try:
                talk.until_silent()
                child.wait()
            except BaseException:
                _end(child, Command(child.pid, f"{_MARK}={token}"))
                raise
    errors = bytes(talk.errors).decode("utf-8", "replace")
    return ToolResult(tuple(argv), child.returncode, bytes(talk.output), errors)


class _Talk:
    """What goes in and out of a tool."""

    def __init__(self, child: subprocess.Popen[bytes], stdin: bytes, on_line: Callable[[str], None] | None) -> None:
        self.output = bytearray()
        self.errors = bytearray()
        self._said = on_line
        self._line = b""
        self._returned = False
        self._rest = memoryview(stdin)
        self._files = {
            name: file.fileno()
            for name, file in (("in", child.stdin), ("out", child.stdout), ("err", child.stderr))
            if file is not None
        }
        self._stdin = child.stdin

    def until_silent(self) -> None:
        """Until both streams have ended."""
        while "out" in self._files or "err" in self._files:
            waits = {name: (fd, select.POLLOUT if name == "in" else select.POLLIN) for name, fd in self._files.items()}
            ready = wait_for(waits.values(), None)
            for name, wait in waits.items():
                if wait in ready:
                    self._move(name, wait[0])
        self._tell(b"", last=True)

    def _move(self, name: str, descriptor: int) -> None:
        if name == "in":
            self._feed(descriptor)
            return
        data = os.read(descriptor, _CHUNK)
        if not data:
            del self._files[name]
        elif name == "out":
            self.output += data
        else:
            self.errors += data
            self._tell(data)

    def _feed(self, descriptor: int) -> None:
        try:
            self._rest = self._rest[os.write(descriptor, self._rest[: select.PIPE_BUF]) :]
        except BrokenPipeError:
            self._rest = self._rest[:0]
        if not self._rest and self._stdin is not None:
            self._stdin.close()
            del self._files["in"]

    def _tell(self, data: bytes, *, last: bool = False) -> None:
        if self._said is None:
            return
        del self.errors[:-_KEPT]
        if data.startswith(b"\n") and self._returned:
            data = data[1:]
        self._returned = data.endswith(b"\r")
        *lines, rest = _LINE_END.split(self._line + data)
        self._line = rest[-_KEPT:]
        if last and self._line:
            lines.append(self._line)
        for line in lines:
            self._said(line.decode("utf-8", "replace"))


def _end(child: subprocess.Popen[bytes], command: Command) -> None:
    """End a tool of ours and what it started: politely first, for git and uv then take their own lock files away."""
    try:
        attempt(os.killpg, child.pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE
        while find_members(command) and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        # Also when we are interrupted again meanwhile.
        while members := find_members(command):
            send(members, signal.SIGKILL)
            time.sleep(0.005)
        child.wait()
