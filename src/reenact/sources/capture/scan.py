"""Every file below a folder with what stat(2) says of it: what tells that nothing has changed since it was read."""

import os
import stat
from collections.abc import Collection

from blake3 import blake3

from reenact.values import NamedTuple

TOOLS = frozenset(
    {
        *(".git", ".hg", ".svn", ".bzr"),
        *("__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints", ".eggs"),
        *(".venv", "venv", ".tox", ".nox", "node_modules"),
        *("mlruns", "mlartifacts", "wandb"),
    }
)
"""Folders that tools make, fill and make again: no code, unless somebody put them under version control."""

MOST_APART = 20_000
"""Files in one ignored folder up to which each is looked at."""


class Signature(NamedTuple):
    """What changes whenever a file's content or mode does: times in nanoseconds."""

    mode: int
    size: int
    modified: int
    changed: int
    inode: int

    @property
    def is_link(self) -> bool:
        """It is a symbolic link."""
        return stat.S_ISLNK(self.mode)


class Scan(NamedTuple):
    """The files and links by path, the folders with nothing in them, and those that were not entered."""

    files: dict[str, Signature]
    empty: tuple[str, ...]
    passed: tuple[str, ...]

    def digest(self, *more: str) -> str:
        """BLAKE3 over all of it and ``more``."""
        lines = [f"{path}\0{tuple(signature)}" for path, signature in self.files.items()]
        lines.sort()
        text = "\n".join((*more, *sorted(self.empty), *sorted(self.passed), *lines))
        return blake3(text.encode("utf-8", "surrogateescape")).hexdigest()


def scan(base: str, *, entered: Collection[str] = (), passed: Collection[str] = ()) -> Scan:
    """Look at everything below ``base`` and follow no link.

    Not entered are folders named in :data:`TOOLS`, but for those in ``entered``, those in ``passed`` (paths with their
    slash), and those that cannot be read.
    """
    files: dict[str, Signature] = {}
    empty, left = [], []
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(f"{base}/{folder}") as entries:
                found = list(entries)
        except OSError:
            left.append(folder)
            continue
        if not found and folder:
            empty.append(folder)
        for entry in found:
            path = folder + entry.name
            if entry.is_dir(follow_symlinks=False):
                inside = f"{path}/"
                if (entry.name in TOOLS and inside not in entered) or inside in passed:
                    left.append(inside)
                else:
                    folders.append(inside)
            elif entry.is_symlink() or entry.is_file(follow_symlinks=False):
                files[path] = make_signature(entry.stat(follow_symlinks=False))
    return Scan(files, tuple(empty), tuple(left))


def make_signature(status: os.stat_result) -> Signature:
    """The signature of a file that was looked at."""
    facts = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    # There may be tens of thousands: made without the checks of a constructor.
    return tuple.__new__(Signature, facts)
