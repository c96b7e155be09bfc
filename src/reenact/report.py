"""How the inner layers say what they are doing, without knowing who listens."""

from __future__ import annotations

from reenact.hints import Protocol
from reenact.project.diagnostics import Diagnostic


class Report(Protocol):
    """Somebody who is told. Methods return at once and never raise."""

    def note(self, message: str) -> None:
        """Something worth a line: what was assumed, what was translated."""

    def warn(self, message: str) -> None:
        """Something that the user may want to change."""

    def found(self, diagnostic: Diagnostic) -> None:
        """A finding in the project's files."""

    def step(self, name: str, detail: str = "") -> None:
        """Long work moved on: ``name`` is what is done ("fetching"), ``detail`` how far it is ("12 of 34")."""

    def done(self) -> None:
        """The long work that :meth:`step` told of is over."""

    def said(self, line: str) -> None:
        """A line that belongs into the log of a build: a program that was started, what it printed."""


class Silence:
    """A report that nobody reads."""

    def note(self, message: str) -> None:
        """Nothing."""

    def warn(self, message: str) -> None:
        """Nothing."""

    def found(self, diagnostic: Diagnostic) -> None:
        """Nothing."""

    def step(self, name: str, detail: str = "") -> None:
        """Nothing."""

    def done(self) -> None:
        """Nothing."""

    def said(self, line: str) -> None:
        """Nothing."""


class Memory:
    """A report that keeps what it was told, as (method, text) pairs, and the findings themselves."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.findings: list[Diagnostic] = []

    def note(self, message: str) -> None:
        """Keep it."""
        self.told.append(("note", message))

    def warn(self, message: str) -> None:
        """Keep it."""
        self.told.append(("warn", message))

    def found(self, diagnostic: Diagnostic) -> None:
        """Keep it and its message."""
        self.findings.append(diagnostic)
        self.told.append(("found", diagnostic.message))

    def step(self, name: str, detail: str = "") -> None:
        """Keep it."""
        self.told.append(("step", f"{name} {detail}".strip()))

    def done(self) -> None:
        """Nothing to keep."""

    def said(self, line: str) -> None:
        """Keep it."""
        self.told.append(("said", line))
