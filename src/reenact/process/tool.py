"""Run a program of ours (git, uv, …) to its end and keep what it said."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class ToolResult(NamedTuple):
    """How a program ended: ``code`` is negative after a signal; ``output`` and ``errors`` are decoded as UTF-8."""

    argv: tuple[str, ...]
    code: int
    output: str
    errors: str

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
    """Start ``argv`` (no shell) in a process group of its own and wait for its end.

    ``on_line`` is told each line of the error stream as it comes (progress goes there); ``keep_open`` are
    descriptors, such as a held lock, that must stay open for as long as the program lives. When this process is
    interrupted or dies, the program and all that it started are ended.

    Raises:
        FileNotFoundError: there is no such program.
    """
    child = subprocess.Popen(
        argv,
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=keep_open,
        process_group=0,
    )
    try:
        output, errors = child.communicate(stdin)
    except BaseException:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    text = errors.decode("utf-8", "replace")
    if on_line is not None:
        for line in text.splitlines():
            on_line(line)
    return ToolResult(tuple(argv), child.returncode, output.decode("utf-8", "replace"), text)
