"""What the doctor finds, as data: a concern says why it matters and what to do, a finding says where and what."""

from __future__ import annotations

from typing import get_args

from reenact.hints import Literal
from reenact.project.diagnostics import Diagnostic, Position
from reenact.values import NamedTuple

Level = Literal["error", "warning", "note"]

LEVELS: tuple[Level, ...] = get_args(Level)
"""From what stops a run or gives something away, over what makes it come out differently elsewhere, to what is good to
know."""


class Finding(NamedTuple):
    """One finding. ``code`` is a stable kebab-case name; ``fixable`` says that ``--fix`` does what ``fix`` says.

    ``diagnostic`` is there where `reenact check` finds the same.
    """

    code: str
    level: Level
    message: str
    why: str
    fix: str
    position: Position | None = None
    entry_point: str | None = None
    fixable: bool = False
    diagnostic: Diagnostic | None = None


class Concern(NamedTuple):
    """What all findings of one code share."""

    code: str
    level: Level
    why: str
    fix: str
    fixable: bool = False

    def found(self, message: str, position: Position | None = None, entry_point: str | None = None) -> Finding:
        """This concern at a place."""
        return Finding(self.code, self.level, message, self.why, self.fix, position, entry_point, self.fixable)


def from_diagnostic(found: Diagnostic) -> Finding:
    """What `reenact check` says, as a finding."""
    return Finding(
        found.code,
        found.severity,
        found.message,
        "",
        found.hint or "",
        found.position,
        found.entry_point,
        diagnostic=found,
    )


def is_at_least(finding: Finding, level: Level) -> bool:
    """Whether the finding is of this level or of a worse one."""
    return LEVELS.index(finding.level) <= LEVELS.index(level)


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Each once: the worst first, then by code and place."""

    def rank(finding: Finding) -> tuple[int, str, Position, str]:
        place = finding.position or Position("", 0, 0)
        return (LEVELS.index(finding.level), finding.code, place, finding.message)

    return tuple(sorted(dict.fromkeys(findings), key=rank))
