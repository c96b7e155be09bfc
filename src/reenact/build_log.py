"""The log of a build: all that was said while an environment was resolved and made, kept in the run folder."""

from __future__ import annotations

import os
from pathlib import Path

from reenact.errors import BuildError
from reenact.project.diagnostics import Diagnostic
from reenact.report import Report
from reenact.secret_values import make_hiding

REPEAT = "to repeat the step:"
"""How a hint begins to name the command that repeats what failed."""


class BuildLog:
    """A report that writes what it is told to a file and hands it on.

    The file is there from the first word of a program or of long work on: a run that finds its environment made
    has none. It is open no longer than a line takes. A disk that is full costs the log and nothing else. What may be
    the beginning of one of ``secrets`` waits for the next line, and nobody hears of it but the listener.
    """

    def __init__(self, path: Path, listener: Report, secrets: tuple[str, ...] = ()) -> None:
        self._path = path
        self._listener = listener
        self._hide = make_hiding(secrets)
        self._heard: list[str] = []

    def note(self, message: str) -> None:
        """Keep it for the case that something is built, and hand it on."""
        self._keep(message)
        self._listener.note(message)

    def warn(self, message: str) -> None:
        """Keep it for the case that something is built, and hand it on."""
        self._keep(f"warning: {message}")
        self._listener.warn(message)

    def found(self, diagnostic: Diagnostic) -> None:
        """Hand it on."""
        self._listener.found(diagnostic)

    def step(self, name: str, detail: str = "") -> None:
        """Hand it on; what it tells of are the programs' own lines as often as not."""
        self._listener.step(name, detail)

    def done(self) -> None:
        """Hand it on."""
        self._listener.done()

    def said(self, line: str) -> None:
        """Write it, after whatever was kept before."""
        lines = "".join(f"{each}\n" for each in (*self._heard, line))
        self._heard = []
        self._write(self._hide(lines.encode("utf-8", "backslashreplace")))

    def end(self) -> None:
        """Write what still waits."""
        self._write(self._hide(b""))

    def explain(self, problem: BuildError, again: str) -> BuildError:
        """The failure, with its whole log named where anything was said, and ``again``, the command that repeats the
        step, where the failure has none of its own."""
        self.end()
        hint = problem.hint or ""
        if REPEAT not in hint:
            hint = f"{hint}\n{REPEAT} {again}".lstrip()
        if not self._path.exists():
            return type(problem)(problem.message, hint=hint)
        self.said(f"\n{problem.message}\nhint: {hint}")
        return type(problem)(f"{problem.message}\nthe whole build log: {self._path}", hint=hint)

    def _keep(self, line: str) -> None:
        if self._path.exists():
            self.said(line)
        else:
            self._heard.append(line)

    def _write(self, data: bytes) -> None:
        if not data:
            return
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError:
            return
