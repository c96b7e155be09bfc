"""What git says of a work tree, of its state and of every file in it. Pure."""

import os
from collections.abc import Mapping

from reenact.values import NamedTuple

COMMAND = (
    "status",
    "--porcelain=v2",
    "-z",
    "--branch",
    "--untracked-files=all",
    "--ignored=matching",
    "--no-renames",
    "--no-ahead-behind",
)
"""The arguments of git whose output :func:`parse_status` reads (git-status(1), "Porcelain Format Version 2")."""


class Status(NamedTuple):
    """The commit and branch; what the commit has, (mode, id), where the files differ from it, None where it has
    nothing; the files that git does not know, and those that it ignores. A folder ends in a slash."""

    commit: str | None = None
    branch: str | None = None
    changed: Mapping[str, tuple[str, str] | None] = {}
    untracked: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def dirty(self) -> bool:
        """Whether anything differs from the commit."""
        return bool(self.changed or self.untracked)


def parse_status(data: bytes) -> Status:
    """The output of :data:`COMMAND` as values."""
    commit, branch = None, None
    changed: dict[str, tuple[str, str] | None] = {}
    untracked, ignored = [], []
    for line in os.fsdecode(data).split("\0"):
        kind, _, rest = line.partition(" ")
        if kind == "?":
            untracked.append(rest)
        elif kind == "!":
            ignored.append(rest)
        elif kind == "1":
            _, _, mode, _, _, oid, _, path = rest.split(" ", 7)
            changed[path] = None if mode == "000000" else (mode, oid)
        elif kind == "u":
            _, _, _, mode, _, _, _, oid, _, path = rest.split(" ", 9)
            changed[path] = None if mode == "000000" else (mode, oid)
        elif line.startswith("# branch.oid ") and not line.endswith("(initial)"):
            commit = rest.removeprefix("branch.oid ")
        elif line.startswith("# branch.head ") and not line.endswith("(detached)"):
            branch = rest.removeprefix("branch.head ")
    return Status(commit, branch, changed, tuple(untracked), tuple(ignored))
