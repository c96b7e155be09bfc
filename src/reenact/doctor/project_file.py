"""What `reenact check` finds: it is not said a second time, and never in other words."""

from __future__ import annotations

from collections.abc import Iterator

from reenact.doctor.findings import Concern, Finding, from_diagnostic
from reenact.doctor.subject import Subject
from reenact.world import World

CONCERNS: tuple[Concern, ...] = ()


def find(subject: Subject, world: World) -> Iterator[Finding]:
    """The findings of `reenact check`."""
    yield from map(from_diagnostic, subject.diagnostics)
