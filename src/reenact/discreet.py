"""What we say ourselves, without the secrets in it: reports, and errors on their way to whoever is told."""

from __future__ import annotations

from reenact.errors import ReenactError
from reenact.project.diagnostics import Diagnostic
from reenact.report import Report
from reenact.scrub import Scrubber


class Discreet:
    """A report that takes the secrets out of what it hands on."""

    def __init__(self, listener: Report, scrubber: Scrubber) -> None:
        self._listener = listener
        self._scrub = scrubber.scrub_text

    def note(self, message: str) -> None:
        """Hand it on."""
        self._listener.note(self._scrub(message))

    def warn(self, message: str) -> None:
        """Hand it on."""
        self._listener.warn(self._scrub(message))

    def found(self, diagnostic: Diagnostic) -> None:
        """Hand it on."""
        hint = None if diagnostic.hint is None else self._scrub(diagnostic.hint)
        self._listener.found(diagnostic._replace(message=self._scrub(diagnostic.message), hint=hint))

    def step(self, name: str, detail: str = "") -> None:
        """Hand it on."""
        self._listener.step(name, self._scrub(detail))

    def done(self) -> None:
        """Hand it on."""
        self._listener.done()

    def said(self, line: str) -> None:
        """Hand it on."""
        self._listener.said(self._scrub(line))


def conceal(problem: BaseException, scrubber: Scrubber) -> None:
    """Take the secrets out of an error, and out of what led to it."""
    seen: set[int] = set()
    inner: BaseException | None = problem
    while inner is not None and id(inner) not in seen:
        seen.add(id(inner))
        inner.args = tuple(scrubber.scrub_text(each) if isinstance(each, str) else each for each in inner.args)
        if isinstance(inner, ReenactError):
            inner.message = scrubber.scrub_text(inner.message)
            inner.hint = None if inner.hint is None else scrubber.scrub_text(inner.hint)
        inner = inner.__cause__ or inner.__context__
