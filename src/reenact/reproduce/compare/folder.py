"""Folders: file by file, links by where they lead; what is no file nor link is only named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from reenact.project.types import Tolerance
from reenact.reproduce.compare.judgement import Judgement, show
from reenact.reproduce.compare.members import judge_members


def judge(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    """Compare two folders."""

    def judge_one(name: str) -> Judgement:
        return _judge_one(old / name, new / name, tolerance, depth)

    return judge_members(_list_members(old), _list_members(new), tolerance, judge_one)


def _list_members(root: Path) -> Iterator[str]:
    """The paths of files and links, and of folders that are empty, relative to the root."""
    for folder, names, files in os.walk(root):
        place = os.path.relpath(folder, root)
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        yield from (os.path.normpath(os.path.join(place, name)) for name in (*files, *links))
        if not names and not files and place != ".":
            yield place


def _judge_one(old: Path, new: Path, tolerance: Tolerance, depth: int) -> Judgement:
    from reenact.reproduce.compare import compare

    if not old.is_symlink() and not new.is_symlink():
        return compare(old, new, tolerance, depth)
    targets = [f"a link to {show(os.readlink(path))}" if path.is_symlink() else "no link" for path in (old, new)]
    if targets[0] == targets[1]:
        return Judgement("identical")
    return Judgement("different", f"{targets[0]} → {targets[1]}", fixed=("",))
