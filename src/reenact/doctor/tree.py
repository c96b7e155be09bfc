"""The files of a project as git tells them apart; where there is no git, everything that lies there."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from pathlib import Path

from reenact.errors import SourceError
from reenact.process.git import Git, make_git
from reenact.sources.capture.listing import IGNORE_FILE
from reenact.sources.work_tree import find_work_tree
from reenact.values import NamedTuple
from reenact.world import World

MOST_FILES = 200_000
SKIPPED = frozenset((".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".mypy_cache"))


class Tree(NamedTuple):
    """The files below a project's folder, by their paths relative to it.

    ``tracked`` are in git's index; ``untracked`` are not and not ignored either. ``has_git`` is False where nobody can
    tell: then all are ``untracked``. ``changed`` are tracked files that differ from the commit, deleted ones too.
    ``folders`` are those that hold any of the first two.
    """

    has_git: bool
    tracked: frozenset[str] = frozenset()
    untracked: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Whether a record of the code has this file, or files below this folder."""
        return name in self.tracked or name in self.untracked or name in self.folders


def read_tree(root: Path, world: World) -> Tree:
    """The tree of the project in ``root``. Starts git where there is a work tree, and changes nothing."""
    real = Path(os.path.realpath(root))
    if find_work_tree(real) is None:
        return Tree(False, untracked=frozenset(_walk(real)))
    git = make_git(world.environ, real)
    try:
        answers = [
            git.run("ls-files", "-z", "--cached", "--recurse-submodules"),
            git.run("ls-files", "-z", "--others", "--exclude-standard"),
            git.run("diff", "-z", "--name-only", "--relative", "HEAD", "--", "."),
        ]
    except SourceError:
        return Tree(False, untracked=frozenset(_walk(real)))
    if not all(answer.ok for answer in answers[:2]):
        return Tree(False, untracked=frozenset(_walk(real)))
    tracked, untracked, changed = (frozenset(filter(None, answer.output.split("\0"))) for answer in answers)
    ignored = _find_ignored(git, real)
    tracked, untracked = tracked - ignored, untracked - ignored
    return Tree(True, tracked, untracked, changed if answers[2].ok else frozenset(), _find_folders(tracked | untracked))


def _find_folders(names: frozenset[str]) -> frozenset[str]:
    folders: set[str] = set()
    for name in names:
        folder = posixpath.dirname(name)
        while folder and folder not in folders:
            folders.add(folder)
            folder = posixpath.dirname(folder)
    return frozenset(folders)


def _find_ignored(git: Git, root: Path) -> frozenset[str]:
    """What the project's own ignore file names: a record leaves it out, also where git has it."""
    if not (root / IGNORE_FILE).is_file():
        return frozenset()
    listing = ("ls-files", "-z", "--others", "--ignored", f"--exclude-from={IGNORE_FILE}")
    # With an index that is not there, what git has is among the others.
    answer = git.within(GIT_INDEX_FILE=str(root / f"{IGNORE_FILE}.none")).run(*listing)
    return frozenset(answer.output.split("\0")) if answer.ok else frozenset()


def find_size(path: Path) -> int:
    """The size of a plain file, 0 for anything else; links are not followed."""
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _walk(root: Path) -> Iterator[str]:
    count = 0
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in SKIPPED]
        inside = os.path.relpath(folder, root)
        for name in files:
            count += 1
            if count > MOST_FILES:
                return
            yield name if inside == "." else f"{inside}/{name}"
