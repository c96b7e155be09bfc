"""When the commit was made that a folder is at. Starts git: asked for only where the answer is needed."""

from __future__ import annotations

from pathlib import Path

from reenact.errors import SourceError
from reenact.sources.work_tree import find_work_tree
from reenact.world import World


def find_commit_time(folder: Path, world: World) -> float | None:
    """Seconds since the epoch at which the folder's commit was made (the committer's date); None outside of git.

    Uncommitted changes do not count. Nothing is fetched.
    """
    real = folder.resolve()
    if find_work_tree(real) is None:
        return None
    from reenact.process.git import make_git

    try:
        result = make_git(world.environ, real).run("show", "--no-patch", "--no-show-signature", "--format=%ct", "HEAD")
    except SourceError:
        return None
    said = result.output.strip()
    return float(said) if result.ok and said.isdigit() else None
