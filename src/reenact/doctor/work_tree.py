"""Does the commit say what runs, and can a record keep all of it?"""

from __future__ import annotations

from collections.abc import Iterator

from reenact.doctor.findings import Concern, Finding
from reenact.doctor.subject import Subject
from reenact.doctor.tree import find_size
from reenact.project.diagnostics import Position
from reenact.size_limit import find_size_limit
from reenact.world import World

DIRTY = Concern(
    "dirty-tree",
    "note",
    "a run records the files as they are, but whoever has only the commit has other code",
    "commit what belongs to the project, and ignore the rest",
)
LARGE = Concern(
    "large-file",
    "warning",
    "it is too large to be kept with the record, which then has only its size and digest",
    "keep it outside of the project and declare it below `inputs:`, or ignore it if no run needs it",
)
CONCERNS = (DIRTY, LARGE)

_SHOWN = 5


def find(subject: Subject, world: World) -> Iterator[Finding]:
    """A work tree with changes, and files over the size that is kept."""
    tree = subject.tree
    if tree.has_git and not subject.is_copy:
        own = sorted(name for name in tree.untracked)
        if tree.changed or own:
            names = [*sorted(tree.changed), *own]
            shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
            counts = f"{len(tree.changed)} changed, {len(own)} not in git"
            yield DIRTY.found(f"the work tree is not what was committed ({counts}): {shown}")
    largest = find_size_limit(world.environ)
    for name in sorted(tree.untracked):
        size = find_size(subject.root / name)
        if size > largest:
            where = "not in git" if tree.has_git else "in the project"
            yield LARGE.found(f"{size / (1 << 20):.0f} MiB, {where}", Position(name, 1, 1))
