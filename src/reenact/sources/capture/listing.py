"""Which files of a folder are its code: what is under version control, and what is beside it and not ignored."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from reenact.errors import SourceError
from reenact.process.git import Git, make_git
from reenact.records.types import Nested
from reenact.sources.git.status import COMMAND, Status, parse_status
from reenact.sources.work_tree import read_status
from reenact.values import NamedTuple
from reenact.world import World

IGNORE_FILE = ".reenactignore"
"""At the top of the tree, in the form of a ``.gitignore``: what it names is left out, also under version control."""

SUBMODULE = "160000"


class Listing(NamedTuple):
    """Paths from the top of the tree. ``tracked`` files, those ``beside`` them, what is ``ignored`` (a folder with its
    slash), the repositories that are ``nested`` in it, and what git said of the outermost one (None outside of git).

    ``changed`` is what each commit has where the files differ, (mode, id), and the repository's folder.
    """

    tracked: frozenset[str]
    beside: frozenset[str]
    ignored: frozenset[str]
    nested: tuple[Nested, ...] = ()
    status: Status | None = None
    changed: Mapping[str, tuple[str, tuple[str, str] | None]] = {}


def list_tracked(base: Path, world: World) -> dict[str, str]:
    """The files and submodules that the work tree at ``base`` has under version control: mode by path."""
    result = make_git(world.environ, base).run("ls-files", "--stage", "-z")
    if not result.ok:
        return {}
    lines = os.fsdecode(result.data).split("\0")[:-1]
    return {path: facts.partition(" ")[0] for facts, _, path in (line.partition("\t") for line in lines)}


def find_repositories(base: Path, world: World) -> dict[str, dict[str, str]]:
    """The work tree at ``base`` and the submodules that are checked out in it, by folder, with what each tracks."""
    found: dict[str, dict[str, str]] = {}
    folders = [""]
    while folders:
        folder = folders.pop()
        found[folder] = tracked = list_tracked(base / folder, world)
        inner = (f"{folder}{path}/" for path, mode in tracked.items() if mode == SUBMODULE)
        folders += [path for path in inner if (base / path / ".git").exists()]
    return found


def list_files(base: Path, repositories: Mapping[str, Mapping[str, str]], bare: Git, world: World) -> Listing:
    """What is in ``base``, whose ``repositories`` are known (none outside of git, where ``bare`` looks instead).

    Raises:
        SourceError: git cannot read the folder.
    """
    found = _list_work_trees(base, repositories, world) if repositories else None
    return _without_ignored(found or _list_plain(base, bare, world), base, bare)


def _list_plain(base: Path, bare: Git, world: World) -> Listing:
    """A folder that is under no version control: ``.gitignore`` files count all the same."""
    git = bare.within(GIT_WORK_TREE=str(base), GIT_INDEX_FILE=f"{bare.environ['GIT_DIR']}/none")._replace(cwd=base)
    result = git.run("-c", "core.bare=false", *COMMAND)
    if not result.ok:
        raise SourceError(f"git cannot read {base}\n{result.errors.strip()[-400:]}")
    status = parse_status(result.data)
    files, loose = _split_nested(status.untracked)
    found = Listing(frozenset(), frozenset(files), frozenset(status.ignored))
    return _with_nested(found, base, loose, world)


def _list_work_trees(base: Path, repositories: Mapping[str, Mapping[str, str]], world: World) -> Listing | None:
    """The work tree at ``base`` with its submodules; None where git will not tell, which has been said."""
    found = Listing(frozenset(), frozenset(), frozenset())
    for folder, known in repositories.items():
        status = read_status(base / folder, world)
        if status is None and not folder:
            return None
        status = status or Status()
        files, loose = _split_nested(status.untracked)
        found = Listing(
            tracked=found.tracked | {folder + path for path, mode in known.items() if mode != SUBMODULE},
            beside=found.beside | {folder + path for path in files},
            ignored=found.ignored | {folder + path for path in status.ignored},
            nested=(*found.nested, Nested(folder.rstrip("/"), status.commit)) if folder else found.nested,
            status=found.status or status,
            changed={**found.changed, **{folder + path: (folder, had) for path, had in status.changed.items()}},
        )
        found = _with_nested(found, base, [folder + inner for inner in loose], world)
    return found


def _with_nested(found: Listing, base: Path, folders: list[str], world: World) -> Listing:
    """With the files of repositories that lie in the tree and that its own does not know."""
    for folder in folders:
        inner = _list_work_trees(base / folder, find_repositories(base / folder, world), world)
        if inner is None:
            continue
        commit = inner.status.commit if inner.status else None
        deeper = (Nested(folder + each.path, each.commit) for each in inner.nested)
        found = found._replace(
            beside=found.beside | {folder + path for path in inner.tracked | inner.beside},
            ignored=found.ignored | {folder + path for path in inner.ignored},
            nested=(*found.nested, Nested(folder.rstrip("/"), commit), *deeper),
        )
    return found


def _split_nested(untracked: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Files, and folders that are repositories of their own: git names these and does not enter them."""
    return [path for path in untracked if path[-1] != "/"], [path for path in untracked if path[-1] == "/"]


def _without_ignored(listing: Listing, base: Path, bare: Git) -> Listing:
    """Without what the tree's own ignore file names."""
    if not (base / IGNORE_FILE).is_file():
        return listing
    paths = listing.tracked | listing.beside
    git = bare.within(GIT_WORK_TREE=str(base), GIT_INDEX_FILE=f"{bare.environ['GIT_DIR']}/none")._replace(cwd=base)
    result = git.run(
        *("-c", "core.bare=false", "ls-files", "-z", "--others", "--ignored", f"--exclude-from={IGNORE_FILE}")
    )
    if not result.ok:
        raise SourceError(f"{IGNORE_FILE} cannot be read\n{result.errors.strip()[-400:]}")
    named = paths & set(os.fsdecode(result.data).split("\0"))
    return listing._replace(
        tracked=listing.tracked - named, beside=listing.beside - named, ignored=listing.ignored | named
    )
