"""What can be mended without touching a line that a person wrote: the lock, which we write ourselves."""

from __future__ import annotations

from pathlib import Path

from reenact.doctor import Examination
from reenact.errors import ReenactError
from reenact.locking import Wanted, write_lock
from reenact.prepare import Request
from reenact.project.environment_files import LOCK_FILE
from reenact.values import NamedTuple
from reenact.world import World


class Treatment(NamedTuple):
    """What was changed, and what could not be, each in a line."""

    changes: tuple[str, ...] = ()
    unmended: tuple[str, ...] = ()


def mend(found: Examination, root: Path, world: World) -> Treatment:
    """Mend what of ``found`` can be. What is mended is not found again, so that a second time does nothing."""
    if not any(finding.fixable for finding in found.findings):
        return Treatment()
    try:
        answer = write_lock(Wanted(root, root / LOCK_FILE, found.script), Request(str(root)), world)
    except ReenactError as problem:
        world.report.done()
        first = problem.message.partition("\n")[0]
        return Treatment(unmended=(f"{LOCK_FILE} cannot be written: {first}",))
    world.report.done()
    if not answer.stale:
        return Treatment()
    return Treatment((answer.describe(LOCK_FILE),))
